// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUIDs(t *testing.T) {
	r := Range{File{0x9f86d081884c7d65, 0x2c26b46b68ffc68f}, 1024, 1381}
	const text = "9f86d081884c7d65-2c26b46b68ffc68f-1024-1381"
	require.Equal(t, text, string(AppendUID(nil, r)))
	got, ok := ParseUID(text)
	require.True(t, ok)
	require.Equal(t, r, got)
	for name, text := range map[string]string{
		"a ULID":          "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"nothing":         "",
		"no sender":       "0000000000000000-2c26b46b68ffc68f-1024-1381",
		"no file":         "9f86d081884c7d65-0000000000000000-1024-1381",
		"upper case":      "9F86D081884C7D65-2c26b46b68ffc68f-1024-1381",
		"empty range":     "9f86d081884c7d65-2c26b46b68ffc68f-1024-1024",
		"backwards":       "9f86d081884c7d65-2c26b46b68ffc68f-1024-7",
		"a leading zero":  "9f86d081884c7d65-2c26b46b68ffc68f-01-7",
		"a sign":          "9f86d081884c7d65-2c26b46b68ffc68f--1-7",
		"too large":       "9f86d081884c7d65-2c26b46b68ffc68f-1-99999999999999999999999",
		"something after": "9f86d081884c7d65-2c26b46b68ffc68f-1-7 ",
		"one number":      "9f86d081884c7d65-2c26b46b68ffc68f-1024",
	} {
		_, ok := ParseUID(text)
		require.False(t, ok, name)
	}
}

// FuzzParseUID: what is a range is written in one way only.
func FuzzParseUID(f *testing.F) {
	f.Add("9f86d081884c7d65-2c26b46b68ffc68f-1024-1381")
	f.Add("9f86d081884c7d65-2c26b46b68ffc68f-0-1")
	f.Fuzz(func(t *testing.T, text string) {
		if r, ok := ParseUID(text); ok {
			require.Equal(t, text, string(AppendUID(nil, r)))
			require.True(t, r.From >= 0 && r.From < r.To && r.To < maxOffset)
		}
	})
}

// FuzzApply: no stored bytes make it panic, and what is left of them works.
func FuzzApply(f *testing.F) {
	for seed := range uint64(4) {
		s := newSim(seed, faults{drop: true, crash: true, repeat: true}, simLength)
		for range 60 {
			s.step()
		}
		s.t.Observe(Source{1, 2}, &Span{Oldest: s.now, Newest: s.now, First: s.now, Last: s.now, Timed: true, LostLast: true}, s.moment())
		f.Add(s.t.Append(nil))
		f.Add(s.t.AppendChanges(nil))
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		now := Now{simStart, 0}
		tr := New(simConfig(), now)
		_ = tr.Apply(state)
		tr.Restored(now)
		for range 3 {
			now.Wall, now.Running = now.Wall+simTick, now.Running+int64(simTimeout)
			tr.Advance(now)
			tr.Window(now.Wall-simWindow, now.Wall, now)
			tr.TakeMarks()
		}
		again := New(simConfig(), now)
		require.NoError(t, again.Apply(tr.Append(nil)))
	})
}

// FuzzHear: no progress of whoever it is makes it panic or overflow.
func FuzzHear(f *testing.F) {
	f.Add(int64(1), int64(0), simStart, simStart, int64(0), int64(100), int64(100), uint8(0))
	f.Add(int64(math.MaxInt64), int64(-1), int64(math.MinInt64), int64(math.MaxInt64), int64(-5), int64(math.MaxInt64), int64(0), uint8(9))
	f.Fuzz(func(_ *testing.T, seq, base, until, oldest, from, sent, read int64, state uint8) {
		now := Now{simStart, 0}
		tr := New(simConfig(), now)
		p := &Progress{
			Sender: 1, Run: Run{1}, Host: "web", Seq: seq, Base: base, Part: 1, Parts: 1, State: State(state), Started: until, Sent: oldest,
			ReadUntil: until, Since: oldest, OldestUnread: oldest, Behind: sent,
			Files:  []FileProgress{{ID: 7, From: from, Sent: sent, Read: read, Oldest: oldest, Newest: until}},
			Unread: []Loss{{Reason: Reason(state), From: oldest, To: until}}, Lost: []Loss{{Reason: ReasonFileVanished, From: until, To: None}},
		}
		_ = tr.Hear(p, now)
		tr.Cover(Range{File{1, 7}, 10, 20}, now)
		for range 4 {
			now.Wall, now.Running = now.Wall+simTick, now.Running+int64(simTimeout)
			tr.Advance(now)
			tr.Window(now.Wall-simWindow, now.Wall, now)
		}
	})
}

// A Tracker that is restored from its changes is that which made them.
func TestChangesAreTheState(t *testing.T) {
	for seed := range uint64(20) {
		s := newSim(seed, faults{drop: true, crash: true, repeat: true, delay: true, silence: true}, simLength)
		again := New(simConfig(), s.moment())
		for range 400 {
			s.step()
			require.NoError(t, again.Apply(s.t.AppendChanges(nil)))
		}
		require.Len(t, again.senders, len(s.t.senders))
		for id, was := range s.t.senders {
			is := again.senders[id]
			require.Equal(t, was.append(nil), is.append(nil))
			require.Len(t, is.files, len(was.files))
			for fid, f := range was.files {
				require.Equal(t, f.append(nil, id), is.files[fid].append(nil, id), "seed %d", seed)
			}
		}
		require.LessOrEqual(t, again.Watermark(), s.t.Watermark(), "one that has moved alone is not written: behind it nothing is late")
	}
}

// What is made of stored bytes, whatever they are, takes a small multiple of them:
// here each section that is short and makes much.
func TestApplyTakesLittle(t *testing.T) {
	var senders, files, sources []byte
	for i := range 20_000 {
		s := newSender(ID(i+1), Now{})
		senders = s.append(append(senders, sectionSender))
		files = newFile(1).append(append(files, sectionFile), ID(i+1))
		src := source{neighbour: noNeighbour()}
		sources = src.append(append(sources, sectionSource), Source{uint64(i)})
	}
	for name, state := range map[string][]byte{"senders": senders, "files": files, "sources": sources} {
		before := heap()
		tr := New(simConfig(), Now{simStart, 0})
		require.NoError(t, tr.Apply(state))
		times := float64(heap()-before) / float64(len(state))
		require.Less(t, times, 40.0, name)
		require.NotZero(t, len(tr.senders)+len(tr.sources))
	}
}
