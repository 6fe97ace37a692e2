// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
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
					require.Equal(t, "192.0.2.1", attrOf(lr, "client.address"))
					seen[attrOf(lr, "url.path")]++
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
		got[attrOf(lr, tail.AttrFilePath)+" "+attrOf(lr, "url.path")]++
	}
	require.Empty(t, difference(want, got))
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
