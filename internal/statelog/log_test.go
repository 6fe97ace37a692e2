// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"

	"github.com/iishunt/iishunt/internal/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t testing.TB, d *storagetest.Disk) storage.Client {
	d.Crash()
	c, err := d.GetClient(t.Context(), component.KindProcessor, component.MustNewID("test"), "")
	require.NoError(t, err)
	return c
}

func openLog(t testing.TB, d *storagetest.Disk) (*Log, error) {
	j, problem, err := Open(t.Context(), client(t, d))
	require.NoError(t, err)
	return j, problem
}

// replay opens what is on a disk and returns it as text.
func replay(t testing.TB, d *storagetest.Disk) (content string, unreadable int, j *Log) {
	j, problem := openLog(t, d)
	if problem != nil {
		return "", -1, j
	}
	var all []string
	unreadable, err := j.Replay(t.Context(), func(b []byte) error {
		all = append(all, string(b))
		return nil
	})
	require.NoError(t, err)
	return strings.Join(all, " "), unreadable, j
}

func TestWhatWasWrittenIsThereAgain(t *testing.T) {
	d := storagetest.NewDisk()
	content, unreadable, j := replay(t, d)
	require.Empty(t, content)
	require.Zero(t, unreadable)
	require.Nil(t, j.Head())
	j.Begin([]byte("head"))
	for i := range 200 {
		require.NoError(t, j.Append(t.Context(), []byte(fmt.Sprint(i))))
	}
	require.NoError(t, j.Append(t.Context(), nil), "nothing is nothing to write")
	content, unreadable, j = replay(t, d)
	require.Equal(t, "head", string(j.Head()))
	require.Zero(t, unreadable)
	require.True(t, strings.HasSuffix(content, " 198 199"), content)
	require.NoError(t, j.Append(t.Context(), []byte("more")))
	content, _, _ = replay(t, d)
	require.True(t, strings.HasSuffix(content, " 198 199 more"), content)
}

// compacted is a disk with a snapshot of two parts and three entries.
func compacted(t testing.TB) *storagetest.Disk {
	d := storagetest.NewDisk()
	_, _, j := replay(t, d)
	j.Begin([]byte("head"))
	for i := range 3 {
		require.NoError(t, j.Append(t.Context(), []byte(fmt.Sprint("old", i))))
	}
	snapshot(t, j)
	require.NoError(t, j.Append(t.Context(), []byte("c")))
	return d
}

func snapshot(t testing.TB, j *Log) {
	j.BeginSnapshot()
	require.NoError(t, j.AppendPart(t.Context(), []byte("P1"), []byte("a")))
	require.NoError(t, j.AppendPart(t.Context(), []byte("P2"), []byte("b")))
	require.NoError(t, j.EndSnapshot(t.Context()))
	for {
		more, err := j.Clean(t.Context())
		require.NoError(t, err)
		if !more {
			return
		}
	}
}

func TestSnapshotReplacesTheLogBeforeIt(t *testing.T) {
	d := compacted(t)
	content, unreadable, j := replay(t, d)
	require.Equal(t, "P1 P2 a b c", content)
	require.Zero(t, unreadable)
	require.Len(t, d.Keys(), 6, "meta, two parts, three entries; what they replace is gone")
	require.EqualValues(t, 5*6+4+3, j.Size())
	snapshot(t, j)
	content, _, j = replay(t, d)
	require.Equal(t, "P1 P2 a b", content)
	require.EqualValues(t, 4*6+4+2, j.Size())
	require.False(t, j.Full())
	j.Shorten()
	require.True(t, j.Full())
}

// Every batch of a whole life fails once, or is the last before a crash.
func TestEveryBatchFailsOnce(t *testing.T) {
	life := func(d *storagetest.Disk) (acknowledged []string) {
		j, _, err := Open(t.Context(), client(t, d))
		for tries := 0; err != nil && tries < 3; tries++ {
			j, _, err = Open(t.Context(), client(t, d))
		}
		require.NoError(t, err)
		j.Begin([]byte("head"))
		put := func(s string) {
			for j.Append(t.Context(), []byte(s)) != nil {
				continue
			}
			acknowledged = append(acknowledged, s)
		}
		put("x")
		put("y")
		for again := true; again; {
			j.BeginSnapshot()
			err := j.AppendPart(t.Context(), []byte("xy"), nil)
			if err == nil {
				put("z")
				err = j.EndSnapshot(t.Context())
			} else {
				j.CancelSnapshot()
			}
			again = err != nil
		}
		for more := true; more; {
			more, _ = j.Clean(t.Context())
		}
		put("end")
		return acknowledged
	}
	healthy := storagetest.NewDisk()
	life(healthy)
	total := healthy.Batches()
	require.Greater(t, total, 6)
	for at := range total {
		d := storagetest.NewDisk()
		n := 0
		var crashed *storagetest.Disk
		d.SetFault(func([]*storage.Operation) error {
			if n++; n-1 == at {
				crashed = d.Copy() // what a crash here leaves
				return errors.New("no space left on device")
			}
			return nil
		})
		acknowledged := life(d)
		d.SetFault(nil)
		content, unreadable, _ := replay(t, d)
		require.Zero(t, unreadable, "batch %d", at)
		require.True(t, strings.HasPrefix(content, "xy"), "batch %d: %q", at, content)
		require.Contains(t, content, "z", "batch %d", at)
		require.True(t, strings.HasSuffix(content, "end"), "batch %d: %q", at, content)
		require.Contains(t, acknowledged, "z")
		_, unreadable, _ = replay(t, crashed)
		require.Zero(t, unreadable, "a crash at batch %d leaves nothing damaged", at)
	}
}

// late is a client whose nth batch is carried out, and answered with an error.
type late struct {
	storage.Client
	n int
}

func (l *late) Batch(ctx context.Context, ops ...*storage.Operation) error {
	err := l.Client.Batch(ctx, ops...)
	if l.n--; err == nil && l.n == 0 {
		err = errors.New("no answer")
	}
	return err
}

// A batch that fails may have been carried out all the same.
func TestBatchesWhoseAnswerIsLost(t *testing.T) {
	for n := 1; n <= 12; n++ {
		d := storagetest.NewDisk()
		j, _, err := Open(t.Context(), client(t, d))
		require.NoError(t, err)
		j.client = &late{j.client, n}
		j.Begin([]byte("head"))
		put := func(s string) {
			for j.Append(t.Context(), []byte(s)) != nil {
				continue
			}
		}
		put("a")
		put("b")
		for range 2 {
			j.BeginSnapshot()
			if j.AppendPart(t.Context(), []byte("a b"), nil) != nil {
				j.CancelSnapshot()
			} else {
				_ = j.EndSnapshot(t.Context())
			}
			for more := true; more; {
				more, _ = j.Clean(t.Context())
			}
		}
		put("c")
		content, unreadable, _ := replay(t, d)
		require.Zero(t, unreadable, "batch %d", n)
		require.Equal(t, "a b c", content, "batch %d", n)
	}
}

// A value that is torn at any byte, or changed in any, is told and skipped; all
// others are read.
func TestDamageIsTold(t *testing.T) {
	whole := compacted(t)
	for _, key := range whole.Keys() {
		size := 0
		whole.Change(key, func(b []byte) []byte { size = len(b); return b })
		for at := range size {
			for name, f := range map[string]func([]byte) []byte{
				"torn":    func(b []byte) []byte { return append([]byte{}, b[:at]...) },
				"changed": func(b []byte) []byte { b[at] ^= 0x40; return b },
			} {
				d := whole.Copy()
				d.Change(key, f)
				content, unreadable, j := replay(t, d)
				if key == metaKey {
					require.Equal(t, -1, unreadable, "%s at %d", name, at)
					require.Nil(t, j.Head())
					continue
				}
				require.Equal(t, 1, unreadable, "%s %s at %d", key, name, at)
				require.Equal(t, 3, strings.Count(content, " "), "all others: %q", content)
			}
		}
	}
}

func TestMissingEntriesAreTold(t *testing.T) {
	d := compacted(t)
	for _, key := range d.Keys() {
		if key == metaKey || strings.HasSuffix(key, "6") {
			continue // nobody can tell that the last entry is missing: it is as if it had not been written
		}
		c := d.Copy()
		c.Change(key, func([]byte) []byte { return nil })
		_, unreadable, _ := replay(t, c)
		require.Equal(t, 1, unreadable, key)
	}
}

// A state that was given up, another version, or a crash between a snapshot and
// the end of the cleaning leave keys; they are never taken for the state's own.
func TestWhatDoesNotCountIsSweptAway(t *testing.T) {
	d := compacted(t)
	d.Change(metaKey, func(b []byte) []byte { b[0] = 2; return b }) // written by a later version
	d.Change("l/foreign", func([]byte) []byte { return []byte("?") })
	content, unreadable, j := replay(t, d)
	require.Empty(t, content)
	require.Equal(t, -1, unreadable, "it is told")
	j.Begin([]byte("new"))
	more, err := j.Clean(t.Context())
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, d.Keys(), 7, "nothing is deleted before there is a new state")
	require.NoError(t, j.Append(t.Context(), []byte("first")))
	_, err = j.Clean(t.Context())
	require.NoError(t, err)
	require.Len(t, d.Keys(), 2)
	content, unreadable, _ = replay(t, d)
	require.Equal(t, "first", content)
	require.Zero(t, unreadable)
}

func TestCancelledSnapshotLeavesNothing(t *testing.T) {
	d := compacted(t)
	_, _, j := replay(t, d)
	j.BeginSnapshot()
	require.NoError(t, j.AppendPart(t.Context(), []byte("Q"), nil))
	j.CancelSnapshot()
	for more := true; more; {
		var err error
		more, err = j.Clean(t.Context())
		require.NoError(t, err)
	}
	require.Len(t, d.Keys(), 6)
	content, _, _ := replay(t, d)
	require.Equal(t, "P1 P2 a b c", content)
}

// FuzzOpen: whatever is in the storage, it can be opened, and what is written
// afterwards is there again.
func FuzzOpen(f *testing.F) {
	d := compacted(f)
	for _, key := range d.Keys() {
		d.Change(key, func(b []byte) []byte { f.Add(b, b); return b })
	}
	f.Fuzz(func(t *testing.T, meta, entry []byte) {
		d := compacted(t)
		for _, key := range d.Keys() {
			d.Change(key, func([]byte) []byte {
				if key == metaKey {
					return meta
				}
				return entry
			})
		}
		_, _, j := replay(t, d)
		require.NoError(t, j.Append(context.Background(), []byte("more")))
		if j.Head() == nil {
			return
		}
		content, _, _ := replay(t, d)
		require.True(t, strings.HasSuffix(content, "more"))
	})
}
