// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap/zapcore"

	"github.com/iishunt/iishunt/internal/storagetest"
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

// refused is a receiver that must not start, because of an error with a text.
func (f *fixture) refused(text string) {
	f.t.Helper()
	tel := componenttest.NewTelemetry()
	set := metadatatest.NewSettings(tel)
	set.ID = component.NewID(metadata.Type)
	rcv, err := NewFactory().CreateLogs(f.t.Context(), set, f.cfg, f.next)
	require.NoError(f.t, err)
	require.ErrorContains(f.t, rcv.Start(f.t.Context(), storagetest.Host{memoryID: f.mem}), text)
	require.NoError(f.t, rcv.Shutdown(f.t.Context()))
	require.NoError(f.t, tel.Shutdown(f.t.Context()))
	require.Zero(f.t, f.mem.opened, "the storage client is left open")
}

// Nothing may be read as long as nobody knows what was read before, and what is
// known must be there when the storage works again.
func TestStorageThatCannotBeReadStopsTheStart(t *testing.T) {
	for _, key := range []string{checkpointKey, shortKey} {
		t.Run(key, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			f.write("a.log", header+lines1(0, 5))
			f.start()
			f.waitRecords(5)
			f.polls()
			f.stop()
			saved := maps.Clone(f.mem.values)
			f.mem.behave(false, refuses(storage.Get, key))
			f.refused(errBusy.Error())
			require.Equal(t, saved, f.mem.values)

			f.mem.behave(false, nil)
			f.append("a.log", line1(5))
			f.start()
			f.waitRecords(6)
			f.polls()
			requirePaths(t, f, 0, 6)
		})
	}
}

// Offsets that nobody can read are not replaced by none.
func TestDamagedOffsetsStopTheStart(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.mem.values[checkpointKey] = []byte("damaged")
	f.refused("read known files from database")
	require.Equal(t, "damaged", string(f.mem.values[checkpointKey]))
}

// Without the young files, lines of an open file come twice at most.
func TestDamagedYoungFilesAreOfNoConcern(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.mem.values[shortKey] = []byte("damaged")
	f.write("a.log", header+lines1(0, 5))
	f.start()
	f.waitRecords(5)
	f.polls()
	requirePaths(t, f, 0, 5)
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

// An archive that cannot be read costs nothing but a second reading of a file
// that was out of sight; the lines of a short one do not even come twice.
func TestArchiveThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.PollsToArchive = 1000
	f.write("a.log", header+lines1(0, 5))
	f.write("b.log", header2+line2(100))
	f.start()
	f.waitRecords(6)
	f.polls()
	require.NoError(t, os.Rename(f.path("a.log"), f.path("away")))
	for range 3 {
		f.polls() // not known any more, but in the archive
	}
	f.mem.behave(false, func(op *storage.Operation) error {
		if op.Type == storage.Get && strings.HasPrefix(op.Key, checkpointKey) {
			return errBusy
		}
		return nil
	})
	require.NoError(t, os.Rename(f.path("away"), f.path("a.log")))
	f.append("a.log", line1(5))
	f.waitRecords(7)
	f.polls()
	require.Equal(t, []string{"failed to read archive"}, f.messages(zapcore.ErrorLevel), "said once")
	paths := f.attrs("url.path")
	slices.Sort(paths)
	require.Len(t, slices.Compact(paths), 7)
}

// The same, when the archive works: the file is read on where it was.
func TestFileThatWasOutOfSightIsReadOn(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.PollsToArchive = 1000
	f.write("a.log", header+lines1(0, 5)+header2+line2(5))
	f.start()
	f.waitRecords(6)
	f.polls()
	require.NoError(t, os.Rename(f.path("a.log"), f.path("away")))
	for range 3 {
		f.polls()
	}
	f.stop()
	f.start()
	f.polls()
	require.NoError(t, os.Rename(f.path("away"), f.path("a.log")))
	f.append("a.log", line2(6))
	f.waitRecords(7)
	f.polls()
	requirePaths(t, f, 0, 7)
}

// failAt makes the nth batch with offsets fail, after done of its operations;
// with forAll, those after it as well. The number of such batches is counted in
// n itself, which is at most 0 once it failed.
func failAt(n *int, done int, forAll bool) func([]*storage.Operation) (int, error) {
	return func(ops []*storage.Operation) (int, error) {
		if !slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type == storage.Set && op.Key == checkpointKey }) {
			return 0, nil
		}
		*n--
		if *n == 0 || forAll && *n < 0 {
			return done, errBusy
		}
		return 0, nil
	}
}

// TestEachSaveOfOffsetsFails lets one save of offsets after the other fail: not
// done at all, done in part, or done although it says that it was not. The
// storage works again at the next one, or the Collector is killed first; no
// line is lost, each is read under its header, and if the next save works none
// comes twice.
func TestEachSaveOfOffsetsFails(t *testing.T) {
	for _, done := range []int{0, 1, 2} {
		for _, killed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d operations done, killed=%v", done, killed), func(t *testing.T) {
				t.Parallel()
				for at := 1; ; at++ {
					f := newFixture(t)
					f.store()
					f.cfg.PollInterval = time.Millisecond
					n := at
					f.mem.tear = failAt(&n, done, killed)
					// Young, with unused space, so that more than offsets is saved.
					text, unused := header+lines1(0, 3), strings.Repeat("\x00", 600)
					f.write("a.log", text+unused)
					f.start()
					f.waitRecords(3)
					f.polls()
					next := header2 + line2(3)
					f.overwrite(len(text), next)
					f.waitRecords(4)
					f.polls()
					text += next
					f.overwrite(len(text), line2(4))
					f.waitRecords(5)
					f.polls()
					text += line2(4)
					f.mem.mu.Lock()
					failed := n <= 0
					f.mem.mu.Unlock()
					if killed {
						f.mem.behave(true, nil)
					}
					f.stop()
					if failed && !killed {
						require.Equal(t, map[string]int64{"": 1}, f.metric(failuresMetric, ""))
						require.Equal(t, []string{"save offsets"}, f.messages(zapcore.ErrorLevel))
					}

					f.mem.behave(false, nil)
					f.mem.tear = nil // stopped, so nobody asks
					f.overwrite(len(text), header+line1(5))
					f.start()
					f.eventually(func() bool { return slices.Contains(f.attrs("url.path"), "/p5.aspx") }, "not read on")
					f.polls()
					f.stop()
					if !killed {
						requirePaths(t, f, 0, 6)
					}
					seen := map[string]bool{}
					for _, lr := range f.records() {
						require.Equal(t, "192.0.2.1", attrOf(lr, "client.address"), "save %d", at)
						seen[attrOf(lr, "url.path")] = true
					}
					require.Len(t, seen, 6, "save %d", at)
					if !failed {
						require.Greater(t, at, 3, "there was nothing to fail")
						return // there was no such save
					}
				}
			})
		}
	}
}

// A storage that cannot be closed has everything nevertheless.
func TestStorageThatCannotBeClosed(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.mem.failClose = errors.New("disk is gone")
	f.write("a.log", header+lines1(0, 5)+header2+line2(5))
	f.start()
	f.waitRecords(6)
	require.ErrorIs(t, f.rcv.Shutdown(t.Context()), f.mem.failClose)
	require.NoError(t, f.rcv.Shutdown(t.Context()), "it is closed once")
	require.Zero(t, f.mem.opened)
	f.mem.failClose = nil
	f.append("a.log", line2(6))
	f.start()
	f.waitRecords(7)
	f.polls()
	requirePaths(t, f, 0, 7)
}
