// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap/zapcore"

	"github.com/iishunt/iishunt/internal/attr"
)

func TestFileThatVanishesAndComesBackAsAnother(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.write("a.log", header+lines1(0, 5))
	f.write("b.log", header2+line2(100))
	f.start()
	f.waitRecords(6)
	f.polls()
	require.NoError(t, os.Remove(f.path("a.log")))
	f.append("b.log", line2(101))
	f.waitRecords(7)
	f.polls()
	// The file of the same name has other columns; nothing of the old one holds.
	f.write("a.log", header2+line2(5)+line2(6))
	f.waitRecords(9)
	f.polls()
	records := f.attrs("url.path")
	require.Equal(t, []string{"/p5.aspx", "/p6.aspx"}, records[7:])
	require.Equal(t, "192.0.2.1", attrOf(f.records()[7], "client.address"))
	require.Empty(t, f.messages(zapcore.ErrorLevel))
}

func TestTruncatedFileIsReadFromItsBeginning(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.write("a.log", header+lines1(0, 300))
	f.start()
	f.waitRecords(300)
	f.polls()
	f.write("a.log", header2+line2(300))
	f.waitRecords(301)
	f.append("a.log", line2(301))
	f.waitRecords(302)
	f.polls()
	requirePaths(t, f, 0, 302)
}

// fileconsumer tells permission errors from others; both are said once, and the
// file is read as soon as it can be.
func TestFileThatCannotBeOpenedYet(t *testing.T) {
	f := newFixture(t)
	f.store()
	require.NoError(t, os.Symlink(f.path("late"), f.path("a.log")))
	f.write("b.log", header2+line2(100))
	f.start()
	f.waitRecords(1)
	f.polls()
	f.polls()
	require.Equal(t, []string{"Failed to open file"}, f.messages(zapcore.ErrorLevel))
	f.write("late", header+lines1(0, 5))
	f.waitRecords(6)
	f.polls()
	require.Len(t, f.messages(zapcore.ErrorLevel), 1)
}

// A consumer that is slow stops nothing else than the reading: the lines that
// were written meanwhile follow, in order.
func TestSlowConsumer(t *testing.T) {
	f := newFixture(t)
	f.store()
	release := make(chan struct{})
	s := f.script(nil)
	s.script[0] = waitsFor(release)
	f.write("a.log", header+lines1(0, 10))
	f.start()
	f.eventually(func() bool { return s.called() == 1 }, "not offered")
	require.Equal(t, map[string]int64{"": 1}, f.metric("otelcol_receiver_iis_log_files_waiting", ""))
	f.append("a.log", lines1(10, 3000))
	f.write("b.log", header+"2026-03-02 10:00:01 192.0.2.1 GET /p3000.aspx 200\n# another file\n")
	require.Zero(t, f.sink.LogRecordCount())
	close(release)
	f.waitRecords(3001)
	f.polls()
	require.Equal(t, map[string]int64{"": 0}, f.metric("otelcol_receiver_iis_log_files_waiting", ""))
	seen := map[string]int{}
	for _, p := range f.attrs("url.path") {
		seen[p]++
	}
	require.Len(t, seen, 3001)
}

func waitsFor(release <-chan struct{}) func(context.Context, plog.Logs) error {
	return func(ctx context.Context, _ plog.Logs) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A file is emptied and written anew while a batch of it waits to be taken. What
// was in memory is delivered, the rest of the old content is lost, and the new
// one is read under its own header.
func TestTruncatedWhileItIsRead(t *testing.T) {
	for name, n := range map[string]int{"shorter than before": 100, "longer than before": 9000} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			f.cfg.MaxLogSize, f.cfg.InitialBufferSize = 1024, 1024
			release := make(chan struct{})
			s := f.script(waitsFor(release))
			f.write("a.log", header+lines1(0, 6000)) // three callbacks of 100 KB
			f.start()
			f.eventually(func() bool { return s.called() == 1 }, "not offered")
			var b strings.Builder
			for i := range n {
				b.WriteString(line2(10_000 + i))
			}
			f.write("a.log", header2+b.String())
			close(release)
			last := fmt.Sprintf("/p%d.aspx", 10_000+n-1)
			f.eventually(func() bool { return slices.Contains(f.attrs("url.path"), last) }, "the new content is not read")
			f.polls()
			seen := map[string]int{}
			for _, lr := range f.records() {
				if attrOf(lr, attr.IISParseError) == "" {
					require.Equal(t, "192.0.2.1", attrOf(lr, "client.address"))
					seen[attrOf(lr, "url.path")]++
				}
			}
			for i := range n {
				require.Positive(t, seen[fmt.Sprintf("/p%d.aspx", 10_000+i)], i)
			}
			require.Positive(t, seen["/p0.aspx"])
		})
	}
}
