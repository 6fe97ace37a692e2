// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

// A file is cut off behind its first bytes, below another header than it ended
// with, and written on.
func TestAFileThatIsCutOff(t *testing.T) {
	for mode, want := range map[string]int{
		"":                100 + 60 + 1, // the default: all of it again
		"read_whole_file": 100 + 60 + 1,
		"ignore":          100,
	} {
		t.Run(mode, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			if mode != "" {
				f.cfg.OnTruncate = mode
			}
			f.cfg.FingerprintSize = 1000
			begin := header + lines1(0, 60)
			rest := header2
			for n := range 40 {
				rest += line2(60 + n)
			}
			f.write("a.log", begin+rest)
			f.start()
			f.waitRecords(100)
			f.polls()
			require.NoError(t, os.Truncate(f.path("a.log"), int64(len(begin))))
			f.polls()
			f.append("a.log", line1(200))
			f.eventually(func() bool { return f.sink.LogRecordCount() >= want }, "not read")
			f.polls()
			records := f.records()
			require.Len(t, records, want)
			for _, lr := range records {
				require.Empty(t, attrOf(lr, "iis.parse_error"))
				require.Equal(t, "192.0.2.1", attrOf(lr, "client.address"))
			}
			if mode == "ignore" {
				require.Empty(t, f.messages(zapcore.WarnLevel))
				return
			}
			require.Equal(t, "/p200.aspx", attrOf(records[want-1], "url.path"))
			require.Len(t, f.messages(zapcore.WarnLevel), 1)
			require.Contains(t, f.messages(zapcore.WarnLevel)[0], "cut off")
		})
	}
}

// What is appended is read all the same, also into the unused space of a file,
// as long as the time of last change tells it.
func TestUnmodifiedFilesAreSkipped(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.SkipUnmodifiedFiles = true
	f.write("old.log", header+lines1(1000, 1010))
	f.write("a.log", header+line1(0)+string(make([]byte, 600)))
	f.start()
	f.waitRecords(11)
	at := len(header + line1(0))
	for n := 1; n <= 5; n++ {
		f.polls()
		f.overwrite(at, line1(n))
		now := time.Now().Add(time.Duration(n) * time.Second) // coarse clocks of file systems are not the subject
		require.NoError(t, os.Chtimes(f.path("a.log"), now, now))
		at += len(line1(n))
		f.waitRecords(11 + n)
	}
	f.polls()
	require.Equal(t, 16, f.sink.LogRecordCount())
}
