// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap/zapcore"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadatatest"
)

const failuresMetric = "otelcol_receiver_iis_log_checkpoint_failures"

// refuses makes a storage fail with operations of a type, on one key.
func refuses(kind storage.OpType, key string) func(*storage.Operation) error {
	return func(op *storage.Operation) error {
		if op.Type == kind && op.Key == key {
			return errBusy
		}
		return nil
	}
}

// Nothing may be read as long as nobody knows what was read before.
func TestStorageThatCannotBeReadStopsTheStart(t *testing.T) {
	for _, key := range []string{checkpointKey, youngKey} {
		t.Run(key, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			f.mem.behave(false, refuses(storage.Get, key))
			tel := componenttest.NewTelemetry()
			set := metadatatest.NewSettings(tel)
			set.ID = component.NewID(metadata.Type)
			rcv, err := NewFactory().CreateLogs(t.Context(), set, f.cfg, f.next)
			require.NoError(t, err)
			require.ErrorIs(t, rcv.Start(t.Context(), host{memoryID: f.mem}), errBusy)
			require.NoError(t, rcv.Shutdown(t.Context()))
			require.NoError(t, tel.Shutdown(t.Context()))
			require.Zero(t, f.mem.opened, "the storage client is left open")
		})
	}
}

// A storage that is full, or fails for a while, costs nothing once it is back.
func TestStorageThatIsFullForAWhile(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.mem.behave(false, refuses(storage.Set, checkpointKey))
	f.write("a.log", header+lines1(0, 5))
	f.start()
	f.waitRecords(5)
	f.polls()
	require.GreaterOrEqual(t, f.metric(failuresMetric, "")[""], int64(2), "it is tried again at each poll, and counted")
	require.Equal(t, []string{"save offsets"}, f.messages(zapcore.ErrorLevel), "said once")

	f.mem.behave(false, nil)
	f.append("a.log", line1(5))
	f.waitRecords(6)
	f.polls()
	f.stop()
	f.append("a.log", line1(6))
	f.start()
	f.waitRecords(7)
	f.polls()
	requirePaths(t, f, 0, 7)
	require.Empty(t, f.metric(failuresMetric, ""))
}

// What a storage never took is read again.
func TestStorageThatStaysFull(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.write("a.log", header+lines1(0, 3)+header2+line2(3))
	f.start()
	f.waitRecords(4)
	f.polls()
	f.mem.behave(false, refuses(storage.Set, checkpointKey))
	f.append("a.log", line2(4)+header+line1(5))
	f.waitRecords(6)
	f.stop()

	f.sink = new(consumertest.LogsSink)
	f.next = f.sink
	f.mem.behave(false, nil)
	f.start()
	f.waitRecords(2)
	f.polls()
	requirePaths(t, f, 4, 6)
}

// The archive of files that are out of sight is of no concern to those in sight.
func TestStorageWhoseArchiveFails(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.mem.behave(false, refuses(storage.Set, archiveKey))
	f.write("a.log", header+lines1(0, 5))
	f.start()
	f.waitRecords(5)
	f.polls()
	f.append("a.log", line1(5))
	f.waitRecords(6)
	f.polls()
	f.stop()
	f.mem.behave(false, nil)
	f.start()
	f.polls()
	requirePaths(t, f, 0, 6)
}

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
	require.Equal(t, "192.0.2.1", attr(f.records()[7], "client.address"))
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
