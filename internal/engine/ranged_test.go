// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

// What is known of a window is stored with its findings, and what was covered with
// the counts: after a crash nothing counts twice, and nothing is told less.
func TestRangesOutliveACrash(t *testing.T) {
	cfg := rule.DefaultConfig()
	cfg.Window = time.Hour
	now := day.UnixNano()
	file := eventtime.File{Sender: 1, ID: 2}
	p := eventtime.Progress{
		Sender: 1, Run: eventtime.Run{1}, Host: "web01", Started: now, Sent: now, Part: 1, Parts: 1,
		ReadUntil: eventtime.None, Since: eventtime.None, OldestUnread: eventtime.None, State: eventtime.CatchingUp,
	}
	tell := func(b *Batch, now int64) {
		p.Seq, p.Base, p.Sent = p.Seq+1, p.Seq, now
		told := p
		b.Tell(&told)
	}
	add := func(b *Batch, from int64) {
		b.Answers(eventtime.Range{File: file, From: from, To: from + 100})
		r := rule.Request{Time: day.UnixNano() + from, Path: "/shell.aspx", UserAgent: "Mozilla/5.0", Client: "203.0.113.7", Server: "198.51.100.5", Status: 200}
		b.Add(&r, []string{"", r.UserAgent})
	}
	var stored [][]byte
	e := New(cfg, "rule", rule.Seed{1, 2})
	e.Follow(func(b []byte) { stored = append(stored, b) })
	b := e.NewBatch()
	b.Reset(now)
	tell(b, now)
	add(b, 0)
	add(b, 100)
	e.Commit(b, now)
	stored = append(stored, e.TakeChanges())

	e = New(cfg, "rule", rule.Seed{1, 2})
	for _, s := range stored {
		require.NoError(t, e.Apply(s))
	}
	e.Restored(now)
	e.Follow(func(b []byte) { stored = append(stored, b) })
	b = e.NewBatch()
	b.Reset(now)
	add(b, 100) // again, as after a crash of the reader
	add(b, 200)
	p.State, p.ReadUntil = eventtime.Finished, now
	p.Files = []eventtime.FileProgress{{ID: 2, From: 0, Sent: 300, Read: 300, Oldest: now, Newest: now + 200}}
	tell(b, now)
	e.Commit(b, now)
	require.EqualValues(t, 1, e.Stats().Repeated)
	later := now + int64(10*time.Minute) // a restart gives silent sources their time
	require.True(t, e.Tick(later), "it has finished")
	w, ok := e.Next()
	require.True(t, ok)
	findings, _ := e.Evaluate(&w)
	require.Len(t, findings, 1)
	require.EqualValues(t, 3, findings[0].Requests)
	want := eventtime.Account{ClosedBy: eventtime.ByFinished, Senders: 1}
	require.Equal(t, want, findings[0].Account)
	stored = append(stored, e.TakeChanges())

	e = New(cfg, "rule", rule.Seed{1, 2})
	for _, s := range stored {
		require.NoError(t, e.Apply(s))
	}
	e.Restored(later)
	waiting := e.Waiting(10)
	require.Len(t, waiting, 1)
	require.Equal(t, want, waiting[0].Account)
}
