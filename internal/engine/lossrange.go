// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/iishunt/iishunt/internal/codec"
)

// maxLossRanges bounds the number of ranges that are kept apart.
const maxLossRanges = 256

// lossRange is event time in which something was lost. It goes over several
// panes, which need not exist: no pane is made for it.
type lossRange struct {
	from, to int64 // both included
	lost     Reasons
}

type lossRanges []lossRange

// add keeps a range and forgets those that ended before the event time forget.
// When there are too many, the new one is joined with the latest: rather a
// window too many is marked than one too few.
func (l lossRanges) add(s lossRange, forget int64) lossRanges {
	l = slices.DeleteFunc(l, func(o lossRange) bool { return o.to < forget })
	if len(l) == maxLossRanges {
		last := &l[len(l)-1]
		last.from, last.to, last.lost = min(last.from, s.from), max(last.to, s.to), last.lost|s.lost
		return l
	}
	return append(l, s)
}

// reasons returns what was lost in [start, end).
func (l lossRanges) reasons(start, end int64) Reasons {
	var r Reasons
	for _, s := range l {
		if start <= s.to && end > s.from {
			r |= s.lost
		}
	}
	return r
}

func (l lossRanges) append(b []byte) []byte {
	b = codec.AppendUint(b, uint64(len(l)))
	for _, s := range l {
		b = codec.AppendUint(codec.AppendInt(codec.AppendInt(b, s.from), s.to), uint64(s.lost))
	}
	return b
}
