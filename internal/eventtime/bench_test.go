// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// farm is a Tracker that hears so many senders with so many files each.
func farm(tb testing.TB, senders, files int) *Tracker {
	tb.Helper()
	cfg := simConfig()
	cfg.MaxSenders = senders
	tr := New(cfg, Now{simStart, 0})
	for s := range senders {
		p := farmProgress(s, 1, simStart)
		for f := range files {
			id := ID(1000*s + f + 1)
			tr.Cover(Range{File{ID(s + 1), id}, 0, 1000}, Now{simStart, 0})
			p.Files = append(p.Files, FileProgress{ID: id, Name: "u_ex260302.log", Sent: 1000, Read: 1000, Oldest: simStart, Newest: simStart})
		}
		if err := tr.Hear(p, Now{simStart, 0}); err != nil {
			tb.Fatal(err)
		}
	}
	return tr
}

func farmProgress(sender int, seq, now int64) *Progress {
	id := ID(sender + 1)
	return &Progress{
		Sender: id, Run: Run{1}, Host: "web" + id.String(), Component: "iis_log", Seq: seq, Base: seq - 1, Part: 1, Parts: 1,
		Started: simStart, Sent: now, ReadUntil: now, Since: None, OldestUnread: None,
	}
}

// Ten thousand senders for an hour of their time: nothing is marked, and windows
// follow.
func TestTenThousandSenders(t *testing.T) {
	const senders = 10_000
	tr := farm(t, senders, 1)
	now := Now{simStart, 0}
	for minute := range int64(60) {
		now.Wall, now.Running = now.Wall+60e9, now.Running+60e9
		for s := range senders {
			at := 1000 + 300*minute
			tr.Cover(Range{File{ID(s + 1), ID(1000*s + 1)}, at, at + 300}, now)
			p := farmProgress(s, minute+2, now.Wall)
			p.Files = []FileProgress{{ID: ID(1000*s + 1), From: at, Sent: at + 300, Read: at + 300, Oldest: now.Wall, Newest: now.Wall}}
			require.NoError(t, tr.Hear(p, now))
		}
		tr.Advance(now)
		require.Empty(t, tr.TakeMarks())
	}
	require.Equal(t, now.Wall-int64(simLateness), tr.Watermark())
	a := tr.Window(tr.Watermark()-simWindow, tr.Watermark(), now)
	require.Equal(t, Account{ClosedBy: ByProgress, Senders: senders}, a)
	require.Empty(t, tr.TakeWarnings())
}

// BenchmarkCover is the cost of a record: in order, of one of many files, that
// overtook others, that was there before, and of a batch of a hundred.
func BenchmarkCover(b *testing.B) {
	now := Now{simStart, 0}
	b.Run("in order", func(b *testing.B) {
		tr := farm(b, 1, 1)
		r := Range{File: File{1, 1}, To: 1000}
		b.ReportAllocs()
		for b.Loop() {
			r.From, r.To = r.To, r.To+280
			tr.Cover(r, now)
		}
	})
	b.Run("200000 files", func(b *testing.B) {
		tr := farm(b, 10_000, 20)
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			s, at := i*7919%10_000, int64(1000+i/10_000*280)
			tr.Cover(Range{File{ID(s + 1), ID(1000*s + 1)}, at, at + 280}, now)
		}
	})
	b.Run("overtaking", func(b *testing.B) {
		tr := farm(b, 1, 1)
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N { // ten at a time, backwards
			at := int64(1000 + 280*(i/10*10+9-i%10))
			tr.Cover(Range{File{1, 1}, at, at + 280}, now)
		}
	})
	b.Run("repeated", func(b *testing.B) {
		tr := farm(b, 1, 1)
		b.ReportAllocs()
		for b.Loop() {
			tr.Cover(Range{File{1, 1}, 500, 700}, now)
		}
	})
	b.Run("run of 100", func(b *testing.B) {
		tr := farm(b, 1, 1)
		r := Range{File: File{1, 1}, To: 1000}
		b.ReportAllocs()
		for b.Loop() {
			r.From, r.To = r.To, r.To+28000
			tr.Covered(r, now)
		}
	})
}

func BenchmarkParseUID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseUID("9f86d081884c7d65-2c26b46b68ffc68f-1024000-1024281"); !ok {
			b.Fatal()
		}
	}
}

func BenchmarkAppendUID(b *testing.B) {
	var buf [64]byte
	r := Range{File{0x9f86d081884c7d65, 0x2c26b46b68ffc68f}, 1024000, 1024281}
	b.ReportAllocs()
	for b.Loop() {
		AppendUID(buf[:0], r)
	}
}

// BenchmarkAdvance is a tick, and what a batch pays, with 10,000 senders.
func BenchmarkAdvance(b *testing.B) {
	tr := farm(b, 10_000, 1)
	now := Now{simStart, 0}
	b.Run("tick", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			now.Running += 1e9
			now.Wall += 1e9
			tr.Advance(now)
			tr.TakeWarnings()
		}
	})
	b.Run("batch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tr.Advance(now)
		}
	})
}

// BenchmarkMemory is what 10,000 senders with 20 files each take, and what of it
// is stored.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		tr := farm(b, 10_000, 20)
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		b.ReportMetric(float64(len(tr.Append(nil)))/1e6, "stored-MB")
		if len(tr.senders) != 10_000 {
			b.Fatal(len(tr.senders))
		}
	}
}
