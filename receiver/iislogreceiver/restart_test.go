// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
)

// twoChanges has three headers; under none of them can the lines of another be
// read, and the day of the second comes from its #Date alone. Line n is that of
// /pn, n hours after midnight of the (n/2)th of March.
const twoChanges = "#Fields: date time c-ip cs-uri-stem\n" +
	"2026-03-01 00:00:00 192.0.2.1 /p0\n" +
	"2026-03-01 01:00:00 192.0.2.1 /p1\r\n" +
	"#Date: 2026-03-02 00:00:00\n" +
	"#Fields: cs-uri-stem time c-ip\n" +
	"/p2 02:00:00 192.0.2.1\n" +
	"/p3 03:00:00 192.0.2.1\n" +
	"#Fields: c-ip cs-uri-stem date time\r\n" +
	"192.0.2.1 /p4 2026-03-03 04:00:00\n" +
	"192.0.2.1 /p5 2026-03-03 05:00:00\n"

func requireTwoChanges(t *testing.T, records []plog.LogRecord, msg string) {
	t.Helper()
	var got, want []string
	for n := range 6 {
		at := time.Date(2026, 3, 1+n/2, n, 0, 0, 0, time.UTC)
		want = append(want, fmt.Sprintf("%v /p%d 192.0.2.1", at, n))
	}
	for _, lr := range records {
		got = append(got, fmt.Sprintf("%v %s %s%s", lr.Timestamp().AsTime(), attrOf(lr, "url.path"), attrOf(lr, "client.address"), attrOf(lr, attr.IISParseError)))
	}
	require.Equal(t, want, got, msg)
}

// cycle reads the folder as it is, from start to stop. A killed receiver keeps
// what it saved at its last poll, and one whose writes are lost nothing.
func (f *fixture) cycle(killed, lost bool) []plog.LogRecord {
	f.t.Helper()
	f.sink = new(consumertest.LogsSink)
	f.next = f.sink
	f.mem.behave(lost, nil)
	f.start()
	f.polls()
	if killed {
		f.mem.behave(true, nil)
	}
	f.stop()
	kinds := f.metric("otelcol_receiver_iis_log_lines", "kind")
	require.EqualValues(f.t, kinds["record"]+kinds["error"], f.sink.LogRecordCount())
	return f.records()
}

// TestStoppedOrKilledAtEveryByte ends the receiver when the file was written up
// to each of its bytes, and reads on when it is complete: every line comes
// once. A second receiver that is killed before it saved anything does not
// change that for the third. In encodings that have to be decoded it does so at
// every fifth byte, which is within a character as well.
func TestStoppedOrKilledAtEveryByte(t *testing.T) {
	unused := strings.Repeat("\x00", 600)
	for _, c := range []struct {
		name     string
		encoding string
		unused   string
		beyond   bool
		step     int
	}{
		{"appended", "utf-8", "", false, 1},
		{"appended, longer than the fingerprint", "utf-8", "", true, 1},
		{"unused space", "utf-8", unused, false, 1},
		{"unused space, longer than the fingerprint", "utf-8", unused, true, 1},
		{"ANSI code page", "windows-1252", unused, false, 9},
		{"ANSI code page, longer than the fingerprint", "windows-1252", "", true, 9},
		{"two bytes a character", "utf-16le", "", false, 9},
		{"two bytes a character, unused space, longer than the fingerprint", "utf-16le", unused, true, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.store()
			f.cfg.PollInterval = time.Millisecond
			f.cfg.Encoding = c.encoding
			if c.beyond {
				f.cfg.FingerprintSize = 64
			}
			text := encoder(t, c.encoding)(twoChanges)
			for at := 0; at <= len(text); at += c.step {
				for _, killed := range []bool{false, true} {
					msg := fmt.Sprintf("at byte %d, killed=%v", at, killed)
					f.mem = newMemory()
					f.write("a.log", text[:at]+c.unused)
					first := f.cycle(killed, false)
					f.overwrite(0, text+c.unused[:len(c.unused)/2])
					second := f.cycle(false, true)
					requireTwoChanges(t, append(first[:len(first):len(first)], second...), msg)
					third := f.cycle(false, false)
					requireTwoChanges(t, append(first, third...), msg+", third")
				}
			}
		})
	}
}

// TestStartAtEndSurvivesRestarts begins at the end of a file whose header was
// written long before, and restarts before a line came: there is an offset then,
// and no state with it.
func TestStartAtEndSurvivesRestarts(t *testing.T) {
	for name, move := range map[string]string{
		"in its place": "W3SVC1/a.log", "renamed": "W3SVC1/b.log", "moved to an archive": "archive/a.log",
	} {
		for _, encoding := range []string{"utf-8", "windows-1252", "utf-16le"} {
			for _, old := range []int{2, 2000} {
				for _, killed := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s, %s, %d lines, killed=%v", name, encoding, old, killed), func(t *testing.T) {
						f := newFixture(t)
						f.store()
						f.cfg.PollInterval = time.Millisecond
						f.cfg.StartAt, f.cfg.Encoding = "end", encoding
						encode := encoder(t, encoding)
						f.write("W3SVC1/a.log", encode(header+line1(-2)+header2+strings.Repeat(line2(-1), old)))
						require.Empty(t, f.cycle(killed, false))
						f.append("W3SVC1/a.log", encode(line2(0)))
						require.NoError(t, os.MkdirAll(filepath.Dir(f.path(move)), 0o750))
						require.NoError(t, os.Rename(f.path("W3SVC1/a.log"), f.path(move)))
						all := f.cycle(killed, false)
						f.append(move, encode(line2(1)+header+line1(2)))
						all = append(all, f.cycle(false, false)...)
						f.append(move, encode(line1(3)))
						all = append(all, f.cycle(false, false)...)
						require.Len(t, all, 4)
						for i, lr := range all {
							require.Equal(t, fmt.Sprintf("/p%d.aspx 192.0.2.1", i), attrOf(lr, "url.path")+" "+attrOf(lr, "client.address"))
						}
					})
				}
			}
		}
	}
}

// TestMovedFilesAreReadOn moves a file of which a part was read, in each way
// that rotation scripts have, while the receiver runs and while it does not.
func TestMovedFilesAreReadOn(t *testing.T) {
	pack := func(f *fixture, to string) {
		text, err := os.ReadFile(f.path("W3SVC1/u_ex260302.log"))
		require.NoError(f.t, err)
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err = z.Write(text)
		require.NoError(f.t, err)
		require.NoError(f.t, z.Close())
		f.write(to, b.String())
		require.NoError(f.t, os.Remove(f.path("W3SVC1/u_ex260302.log")))
	}
	move := func(f *fixture, to string) {
		require.NoError(f.t, os.MkdirAll(filepath.Dir(f.path(to)), 0o750))
		require.NoError(f.t, os.Rename(f.path("W3SVC1/u_ex260302.log"), f.path(to)))
	}
	for name, rotate := range map[string]func(*fixture){
		"renamed":                 func(f *fixture) { move(f, "W3SVC1/old.log") },
		"moved to an archive":     func(f *fixture) { move(f, "W3SVC1/archive/2026/u_ex260302.log") },
		"compressed":              func(f *fixture) { pack(f, "W3SVC1/u_ex260302.log.gz") },
		"compressed and archived": func(f *fixture) { pack(f, "archive/u_ex260302.log.gz") },
	} {
		for _, encoding := range []string{"utf-8", "windows-1252", "utf-16le"} {
			for _, running := range []bool{true, false} {
				for _, old := range []int{2, 2000} {
					t.Run(fmt.Sprintf("%s, %s, running=%v, %d lines", name, encoding, running, old), func(t *testing.T) {
						f := newFixture(t)
						f.store()
						f.cfg.PollInterval = time.Millisecond
						f.cfg.Encoding, f.cfg.Compression = encoding, "auto"
						encode := encoder(t, encoding)
						f.cfg.Include = append(f.cfg.Include, filepath.Join(f.dir, "**", "*.gz"))
						f.write("W3SVC1/u_ex260302.log", encode(header+lines1(0, old)+header2+line2(old)))
						f.start()
						f.waitRecords(old + 1)
						f.polls()
						if !running {
							f.stop()
						}
						f.append("W3SVC1/u_ex260302.log", encode(line2(old+1)+header+line1(old+2)))
						if running && old < 10 && strings.HasPrefix(name, "compressed") {
							// A file that is shorter than its fingerprint and has new
							// lines is not known yet to be the one that was compressed,
							// as long as both are there.
							f.polls()
						}
						rotate(f)
						if !running {
							f.start()
						}
						f.eventually(func() bool { return f.sink.LogRecordCount() >= old+3 }, "not all lines were read")
						f.polls()
						f.polls()
						requirePaths(t, f, 0, old+3)
					})
				}
			}
		}
	}
}
