// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// More progress records wait than are kept, and one of them was lost: that they
// become few does not hide it.
func TestMergingHidesNoHole(t *testing.T) {
	for _, lost := range []int64{0, 3, 60, 70, 90} {
		now := Now{simStart, 0}
		tr := New(simConfig(), now)
		hear := func(seq int64, files ...FileProgress) {
			p := farmProgress(0, seq, simStart+seq*1e9)
			p.Files = files
			require.NoError(t, tr.Hear(p, now))
		}
		hear(1)
		hear(2, FileProgress{ID: 7, Sent: 100, Read: 100, Oldest: None, Newest: None})
		for seq := int64(3); seq <= 100; seq++ {
			if seq != lost {
				hear(seq)
			}
		}
		require.LessOrEqual(t, len(tr.senders[1].pending), maxPending)
		tr.Cover(Range{File{1, 7}, 0, 100}, now)
		now.Running += int64(simTimeout)
		tr.Advance(now)
		marks := tr.TakeMarks()
		if lost == 0 {
			require.Empty(t, marks)
		} else {
			require.NotEmpty(t, marks, "progress %d did not come", lost)
		}
		require.Equal(t, simStart+int64(100e9), tr.senders[1].readUntil)
	}
}

// What a sender cannot read is told in full, however much it is: what does not
// fit is told with the times of all of it.
func TestManyLossesAreFolded(t *testing.T) {
	var list []Loss
	for i := range int64(1000) {
		list = foldLosses(append(list, Loss{Reason: Reason(i % 3), From: i * 10, To: i*10 + 5, Count: math.MaxInt64 / 2}))
	}
	require.LessOrEqual(t, len(list), maxLosses)
	for i := range int64(1000) {
		told := false
		for _, l := range list {
			told = told || l.Reason == Reason(i%3) && l.From <= i*10 && l.To >= i*10+5
		}
		require.True(t, told, "loss %d", i)
	}
}

// A file whose ranges have more holes than are kept marks what it forgets.
func TestTooManyHolesAreMarked(t *testing.T) {
	now := Now{simStart, 0}
	tr := New(simConfig(), now)
	for i := range int64(maxSpans + 100) {
		tr.Cover(Range{File{1, 7}, i * 10, i*10 + 5}, now)
	}
	f := tr.senders[1].files[7]
	require.LessOrEqual(t, len(f.covered)+len(f.lost), maxSpans)
	require.NotEmpty(t, tr.TakeMarks())
}

// A sender that names more files than are kept, or a network that invents them,
// takes bounded room.
func TestFilesAreBounded(t *testing.T) {
	now := Now{simStart, 0}
	tr := New(simConfig(), now)
	for s := range ID(5) {
		for id := range ID(5000) {
			tr.Cover(Range{File{s + 1, id + 1}, 0, 5}, now)
		}
	}
	total := 0
	for _, s := range tr.senders {
		require.LessOrEqual(t, len(s.files), maxFiles)
		total += len(s.files)
	}
	require.Equal(t, total, tr.files)
	require.LessOrEqual(t, total, filesPerSender*(tr.cfg.MaxSenders+len(tr.senders)))
}
