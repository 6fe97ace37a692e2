// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadatatest"
)

// A file that is cut off behind its fingerprint and written on is the same file
// to fileconsumer, which goes on at the old offset. Nothing of it may be lost;
// what stood before the cut comes twice.
func TestFileCutOffBehindItsFingerprint(t *testing.T) {
	for _, encoding := range []string{"utf-8", "windows-1252"} {
		for _, running := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, running=%v", encoding, running), func(t *testing.T) {
				f := newFixture(t)
				f.store()
				f.cfg.Encoding = encoding
				old := header + lines1(0, 300)
				f.write("a.log", old)
				f.start()
				f.waitRecords(300)
				f.polls()
				if !running {
					f.stop()
				}
				// Lines of the same length, so that the old offset begins one.
				kept := header + lines1(0, 200)
				require.NoError(t, os.Truncate(f.path("a.log"), int64(len(kept))))
				f.append("a.log", lines1(500, 700))
				if !running {
					f.start()
				}
				f.eventually(func() bool { return f.sink.LogRecordCount() >= 700 }, "lines were lost")
				f.append("a.log", line1(700))
				f.polls()
				f.polls()
				seen := map[string]int{}
				for _, lr := range f.records() {
					require.Equal(t, "192.0.2.1", attr(lr, "client.address"))
					seen[attr(lr, "url.path")]++
				}
				for n := range 701 {
					want := map[bool]int{true: 2, false: 1}[n < 200]
					if n >= 300 && n < 500 {
						want = 0
					}
					require.Equal(t, want, seen[fmt.Sprintf("/p%d.aspx", n)], n)
				}
				require.Len(t, f.messages(zapcore.WarnLevel), 1)
				require.Contains(t, f.messages(zapcore.WarnLevel)[0], "cut off")
			})
		}
	}
}

// What is written into a file that was cut off waits until the file is longer
// than it was before.
func TestFileCutOffWaitsUntilItIsLonger(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.write("a.log", header+lines1(0, 300))
	f.start()
	f.waitRecords(300)
	require.NoError(t, os.Truncate(f.path("a.log"), int64(len(header+lines1(0, 200)))))
	f.append("a.log", lines1(500, 550))
	f.polls()
	f.polls()
	require.Equal(t, 300, f.sink.LogRecordCount())
	f.append("a.log", lines1(550, 700))
	f.eventually(func() bool { return f.sink.LogRecordCount() >= 700 }, "lines were lost")
	f.polls()
	require.Equal(t, 700, f.sink.LogRecordCount())
}

// Files that are equal count as one, of which the lines come once, until they
// differ. By then all lines of all files have come.
func TestEqualFilesCountAsOneUntilTheyDiffer(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.IncludeFilePath = true
	f.write("a.log", header+line1(0))
	f.write("b.log", header+line1(0))
	f.start()
	f.waitRecords(1)
	f.polls()
	f.polls()
	f.stop()
	f.start()
	f.polls()
	require.Equal(t, 1, f.sink.LogRecordCount())
	f.append("b.log", line1(1))
	f.waitRecords(3)
	f.append("a.log", line1(2))
	f.waitRecords(4)
	f.polls()
	want, got := map[string]int{}, map[string]int{}
	for file, paths := range map[string][]string{"a.log": {"/p0.aspx", "/p2.aspx"}, "b.log": {"/p0.aspx", "/p1.aspx"}} {
		for _, p := range paths {
			want[f.path(file)+" "+p] = 1
		}
	}
	for _, lr := range f.records() {
		got[attr(lr, attrFilePath)+" "+attr(lr, "url.path")]++
	}
	require.Empty(t, difference(want, got))
}

// newWorkerAt is a worker on the file a.log of a folder of its own.
func newWorkerAt(t *testing.T, f *fixture) *worker {
	t.Helper()
	f.tel = componenttest.NewTelemetry()
	set := metadatatest.NewSettings(f.tel)
	set.ID = component.NewID(metadata.Type)
	core, logs := observer.New(zapcore.InfoLevel)
	set.Logger, f.logs = zap.New(core), logs
	r, err := newReceiver(set, f.cfg, f.next)
	require.NoError(t, err)
	r.delivery, r.cancelDelivery = context.WithCancel(t.Context())
	t.Cleanup(func() {
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, f.tel.Shutdown(context.Background()))
	})
	w := newWorker(r)
	w.file = logFile{path: f.path("a.log")}
	return w
}

// An offset is a wrong one only where the file shows it.
func TestMisplaced(t *testing.T) {
	old := header + lines1(1000, 1300)
	twin := header + lines1(2000, 2300)
	next := line1(301)
	for _, c := range []struct {
		name   string
		file   string // under the path, at the time of the callback
		other  bool   // the offset was made under another path
		stands string // what stands under that
		saved  string
		old    string // what was read before
		want   bool
	}{
		{name: "read on", file: old + next},
		{name: "renamed", file: old + next, other: true},
		{name: "cut off and written on", file: header + lines1(1000, 1200) + lines1(5000, 5100) + next, want: true},
		{name: "of another file", file: twin + next, other: true, stands: old, want: true},
		{name: "short, of a file that begins alike", file: header + line1(1) + next, old: header + line1(1), other: true, stands: header + line1(1), want: true},
		{name: "short, renamed", file: header + line1(1) + next, old: header + line1(1), other: true},
		{name: "moved while it was read, another one is there", file: twin + line1(302)},
		{name: "moved while it was read, a short one is there", file: header},
		{name: "moved while it was read, none is there"},
		{name: "place is no text", file: twin + next, saved: "x"},
		{name: "place is longer than the file", file: twin + next, saved: "99999 00000000 /x"},
		{name: "place is negative", file: twin + next, saved: "-5 00000000 /x"},
		{name: "place is too long", file: twin + next, saved: "9999999999 00000000 /x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			w := newWorkerAt(t, f)
			if c.old == "" {
				c.old = old
			}
			path := f.path("a.log")
			if c.other {
				path = f.path("b.log")
				if c.stands != "" {
					f.write("b.log", c.stands)
				}
			}
			begin := int64(len(c.old))
			place := w.r.place(path, [][]byte{[]byte(c.old)}, []int64{0, begin})
			if c.saved != "" {
				place = c.saved
			}
			if c.file != "" {
				f.write("a.log", c.file)
			}
			file := w.r.misplaced(&w.file, place, [][]byte{[]byte(next)}, []int64{begin, begin + int64(len(next))})
			require.Equal(t, c.want, file != nil)
			if file != nil {
				require.NoError(t, file.Close())
			}
		})
	}
}

// Offsets in a compressed file are those of its content.
func TestCompressedFileIsNotMisplaced(t *testing.T) {
	f := newFixture(t)
	f.cfg.Compression = "auto"
	w := newWorkerAt(t, f)
	old, next := header+lines1(1000, 1300), line1(301)
	begin := int64(len(old))
	place := w.r.place(f.path("b.log"), [][]byte{[]byte(old)}, []int64{0, begin})
	f.write("a.log", header+lines1(2000, 2300)+next)
	misplaced := func() bool {
		file := w.r.misplaced(&w.file, place, [][]byte{[]byte(next)}, []int64{begin, begin + int64(len(next))})
		if file != nil {
			require.NoError(t, file.Close())
		}
		return file != nil
	}
	require.True(t, misplaced(), "not compressed")
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	require.NoError(t, err)
	_, err = z.Write([]byte(strings.Repeat(next, 1000)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	f.write("a.log", b.String())
	require.False(t, misplaced())
}

// breaks is a file of which the end cannot be read.
type breaks struct {
	io.ReaderAt
	at int64
}

var errDisk = errors.New("input/output error")

func (b breaks) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.at {
		n, _ := b.ReaderAt.ReadAt(p[:max(0, b.at-off)], off)
		return n, errDisk
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestFileIsReadFromItsBeginningInParts(t *testing.T) {
	const n = 60_000 // three parts
	text := header + lines1(0, n/2) + header2 + strings.Repeat(line2(7), n/2)
	for _, encoding := range []string{"utf-8", "utf-16le"} {
		t.Run(encoding, func(t *testing.T) {
			f := newFixture(t)
			f.cfg.Encoding = encoding
			w := newWorkerAt(t, f)
			in := encoder(t, encoding)(text)
			require.NoError(t, w.readWhole(strings.NewReader(in), int64(len(in))))
			require.Equal(t, n, f.sink.LogRecordCount())
			for i, lr := range f.records() {
				want := fmt.Sprintf("/p%d.aspx 192.0.2.1", i)
				if i >= n/2 {
					want = "/p7.aspx 192.0.2.1"
				}
				require.Equal(t, want, attr(lr, "url.path")+" "+attr(lr, "client.address"))
			}
			require.Contains(t, header2, "#Fields: "+w.reader.State().Fields+"\n")
		})
	}
}

// What can be read of a file with a bad place is delivered.
func TestFileWithAnUnreadablePart(t *testing.T) {
	f := newFixture(t)
	w := newWorkerAt(t, f)
	text := header + lines1(0, 5000)
	err := w.readWhole(breaks{strings.NewReader(text), int64(len(header + lines1(0, 4000)))}, int64(len(text)))
	require.ErrorIs(t, err, errUnreadable)
	require.ErrorIs(t, err, errDisk)
	require.Positive(t, f.sink.LogRecordCount())
	requirePaths(t, f, 0, f.sink.LogRecordCount())
	require.Equal(t, w.reader.State(), w.file.state)
	require.NotEqual(t, w3c.State{}, w.file.state, "the header that was seen holds for what follows")
}

// Whoever sends a request can put what switches the characters of some encodings
// into its path, and does not have to switch back.
func TestEncodingsWithAStateAreReadOnce(t *testing.T) {
	for encoding, shift := range map[string]string{"iso-2022-jp": "\x1b$B", "hz-gb-2312": "~{"} {
		t.Run(encoding, func(t *testing.T) {
			f := newFixture(t)
			f.cfg.Encoding = encoding
			f.store()
			line := "2026-03-02 10:00:01 192.0.2.1 GET /" + shift + "00 200\n"
			lines := int64(4)
			f.write("a.log", header)
			f.start()
			for n := range 20 {
				f.append("a.log", line+line1(n))
				lines += 2
				f.eventually(func() bool { return f.lines() >= lines }, "not read")
				f.polls()
			}
			require.Equal(t, lines, f.lines())
			require.Empty(t, f.messages(zapcore.WarnLevel))
		})
	}
}
