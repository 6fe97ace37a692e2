// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.uber.org/zap/zapcore"
)

const (
	software = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-03-02 10:00:00\n"
	header   = software + "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
	// header2 has the same columns in another order, so that a line read under
	// the wrong one is noticed.
	header2 = software + "#Fields: date time cs-uri-stem cs-method c-ip sc-status\n"
)

// line1 and line2 are lines under header and header2 with a path of their own.
func line1(n int) string {
	return fmt.Sprintf("2026-03-02 10:00:01 192.0.2.1 GET /p%d.aspx 200\n", n)
}

func line2(n int) string {
	return fmt.Sprintf("2026-03-02 10:00:01 /p%d.aspx GET 192.0.2.1 200\n", n)
}

func lines1(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		b.WriteString(line1(n))
	}
	return b.String()
}

// requirePaths: the records are those of the lines from..to-1, each once and in
// order, and every one was read under the header that it was written under.
func requirePaths(t *testing.T, f *fixture, from, to int) {
	t.Helper()
	var want []string
	for n := from; n < to; n++ {
		want = append(want, fmt.Sprintf("/p%d.aspx", n))
	}
	require.Equal(t, want, f.attrs("url.path"))
	for _, lr := range f.records() {
		require.Equal(t, "192.0.2.1", attrOf(lr, "client.address"))
		_, leaked := lr.Attributes().Get(stateKey)
		require.False(t, leaked)
	}
}

func TestFieldsInForceSurviveRestarts(t *testing.T) {
	f := newFixture(t)
	f.store()
	const log = "W3SVC1/u_ex260302.log"
	f.write(log, header+line1(0)+header2+line2(1))
	f.start()
	f.waitRecords(2)
	f.stop()

	// Under the second header, in the middle of the file.
	f.append(log, line2(2))
	f.start()
	f.waitRecords(3)
	f.append(log, line2(3)+header+line1(4))
	f.waitRecords(5)
	f.stop()

	f.append(log, line1(5))
	f.start()
	f.waitRecords(6)
	f.polls()
	f.stop()
	requirePaths(t, f, 0, 6)
}

func TestFieldsInForceSurviveARename(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.write("u_ex1.log", header+line1(0)+header2+line2(1))
	f.start()
	f.waitRecords(2)
	require.NoError(t, os.Rename(f.path("u_ex1.log"), f.path("old.log")))
	f.append("old.log", line2(2))
	f.waitRecords(3)
	f.stop()
	require.NoError(t, os.Rename(f.path("old.log"), f.path("older.log")))
	f.append("older.log", line2(3))
	f.start()
	f.waitRecords(4)
	f.polls()
	requirePaths(t, f, 0, 4)
	require.Equal(t, "older.log", f.attrs("log.file.name")[3])
}

func TestStartAtEndKnowsTheHeader(t *testing.T) {
	for name, old := range map[string]string{
		"whole lines":  header2 + line2(-2) + header + line1(-1),
		"half a line":  header2 + line2(-2) + header + line1(-1) + "2026-03-02 10:00:01 192.0.2.1 GET /cut",
		"a large file": header + lines1(-20000, 0),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			f.cfg.StartAt = "end"
			f.write("a.log", old)
			f.start()
			f.polls()
			f.append("a.log", "-off.aspx 200\n"[:cutLen(old)]+line1(0)+line1(1))
			f.eventually(func() bool { return slices.Contains(f.attrs("url.path"), "/p1.aspx") }, "not read")
			records := f.attrs("url.path")
			require.Equal(t, []string{"/p0.aspx", "/p1.aspx"}, records[len(records)-2:])
			if cutLen(old) > 0 {
				require.Equal(t, "rest of a line that was read before it was complete", f.attrs("iis.parse_error")[0])
			}
		})
	}
}

// cutLen is how much more the last line of a file needs.
func cutLen(file string) int {
	if strings.HasSuffix(file, "\n") {
		return 0
	}
	return len("-off.aspx 200\n")
}

func TestStartAtEndDecodesTheHeader(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.StartAt = "end"
	f.cfg.Encoding = "utf-16le"
	encode := encoder(t, f.cfg.Encoding)
	f.write("a.log", encode("\uFEFF"+header+line1(-1)))
	f.start()
	f.polls()
	f.append("a.log", encode(line1(0)))
	f.waitRecords(1)
	requirePaths(t, f, 0, 1)
}

func TestUnusedEndOfAnOpenFile(t *testing.T) {
	for name, before := range map[string]string{
		"shorter than the fingerprint": header + lines1(0, 2),
		"longer than the fingerprint":  header + lines1(0, 200),
		"longer than the buffer":       header + lines1(0, 3000),
		"nothing but unused space":     "",
	} {
		for _, c := range []struct {
			encoding string
			restart  bool
		}{{"utf-8", false}, {"utf-8", true}, {"windows-1252", false}, {"windows-1252", true}} {
			t.Run(fmt.Sprintf("%s, %s, restart=%v", name, c.encoding, c.restart), func(t *testing.T) {
				n := strings.Count(before, "\n2026") // lines under the header
				f := newFixture(t)
				f.store()
				f.cfg.Encoding = c.encoding
				f.cfg.FlushPeriod = time.Millisecond // must not touch the unused end
				const half = "2026-03-02 10:00:01 192.0"
				unused := strings.Repeat("\x00", 70_000)
				f.write("a.log", before+half+unused)
				f.start()
				f.waitRecords(n)
				f.polls()
				if c.restart {
					f.stop()
				}

				rest := lines1(n, n+3)
				if before == "" {
					rest = header + rest
				}
				f.overwrite(len(before), rest+half)
				if c.restart {
					f.start()
				}
				f.waitRecords(n + 3)
				f.polls()

				// IIS closes the file and cuts it to its length.
				f.overwrite(len(before)+len(rest), line1(n+3))
				require.NoError(t, os.Truncate(f.path("a.log"), int64(len(before)+len(rest)+len(line1(n+3)))))
				f.waitRecords(n + 4)
				f.polls()
				f.stop()
				requirePaths(t, f, 0, n+4)
			})
		}
	}
}

func TestLastLineWithoutNewline(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.FlushPeriod = 50 * time.Millisecond
	f.write("a.log", header+line1(0)+strings.TrimSuffix(line1(1), "\n"))
	f.start()
	f.waitRecords(2)
	f.append("a.log", "\n"+line1(2)+strings.TrimSuffix(line1(3), "00\n"))
	f.waitRecords(4)
	requirePaths(t, f, 0, 4)
	// What comes now belongs to the line before, and is not taken for a line.
	f.append("a.log", "00\n"+line1(4))
	f.waitRecords(6)
	require.Equal(t, "rest of a line that was read before it was complete", f.attrs("iis.parse_error")[4])
}

func TestManyFilesOfAllKinds(t *testing.T) {
	f := newFixture(t)
	f.store()
	want := map[string]int{}
	lines := 0
	for i := range 600 {
		name := fmt.Sprintf("W3SVC%d/u_ex%06d.log", i%7, i)
		var content string
		switch i % 4 {
		case 0:
			content = header + lines1(i*1000, i*1000+5)
			lines += 9
		case 1:
			content = strings.ReplaceAll(header2+line2(i*1000)+header+line1(i*1000+1), "\n", "\r\n")
			lines += 10
		case 2:
			content = header + line1(i*1000) + "broken line\n" + line1(i*1000+1)
			lines += 7
		case 3:
			content = "no header in file " + name + "\n"
			lines++
		}
		content += fmt.Sprintf("# end of file %d\n", i)
		lines++
		for _, n := range []int{5, 2, 2, 0}[i%4 : i%4+1] {
			for k := range n {
				want[fmt.Sprintf("/p%d.aspx", i*1000+k)]++
			}
		}
		f.write(name, content)
	}
	f.start()
	f.eventually(func() bool { return f.lines() >= int64(lines) }, "not all lines were read")
	f.polls()
	f.stop()
	assertEquation(t, f, int64(lines))
	got := map[string]int{}
	for _, lr := range f.records() {
		if p := attrOf(lr, "url.path"); p != "" {
			got[p]++
			require.Equal(t, "192.0.2.1", attrOf(lr, "client.address"))
		}
	}
	require.Equal(t, want, got)

	// Nothing is read again.
	f.sink = new(consumertest.LogsSink)
	f.next = f.sink
	f.start()
	f.polls()
	require.Zero(t, f.sink.LogRecordCount())
}

// The saved state alone decides: fileconsumer keeps a key that the callback
// wrote with the file's offset. This is not documented, so it is tested.
func TestSavedStateIsUsedAfterARestart(t *testing.T) {
	f := newFixture(t)
	f.store()
	before := header + lines1(0, 200)
	text := before + header2
	for n := 200; n < 400; n++ {
		text += line2(n)
	}
	f.write("a.log", text)
	f.start()
	f.waitRecords(400)
	f.stop()
	require.Contains(t, string(f.mem.values[checkpointKey]), stateKey)

	// Beyond the fingerprint and long before the offset, so that it stays the
	// same file, read to the same place.
	at := len(before) + strings.Index(header2, "#Fields")
	f.overwrite(at, "#Xields")
	f.append("a.log", line2(400))
	f.start()
	f.waitRecords(401)
	requirePaths(t, f, 0, 401)
}

func TestSavedStateThatCannotBeReadIsReplaced(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.write("a.log", header+line1(0)+header2+line2(1))
	f.start()
	f.waitRecords(2)
	f.stop()
	saved := string(f.mem.values[checkpointKey])
	require.Contains(t, saved, `:"1 -d 0 `)
	f.mem.values[checkpointKey] = []byte(strings.ReplaceAll(saved, `:"1 -d 0 `, `:"9 -d 0 `))
	f.append("a.log", line2(2))
	f.start()
	f.waitRecords(3)
	requirePaths(t, f, 0, 3)
	require.Equal(t, []string{"The saved #Fields of a file cannot be read; they are looked for in the file"}, f.messages(zapcore.WarnLevel))
}
