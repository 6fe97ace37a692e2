// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// Stats returns counts since the start and the state as it is now.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Excluded = slices.Clone(s.Excluded)
	s.Groups, s.OpenGroups, s.Panes, s.Sources = e.groups+e.slid.groups, e.open+e.slid.open, len(e.panes), e.time.Sources(e.now)
	s.Gaps, s.Senders, s.Finished = e.time.Gaps(), e.time.Senders(), e.time.Released()
	if w := e.time.Watermark(); w != eventtime.None {
		s.Watermark = time.Unix(0, w).UTC()
	}
	return s
}

// Room returns what the groups take of max_groups, and max_groups. A group takes
// one, and more if its texts are long, so that Stats.Groups alone does not tell
// how full the state is.
func (e *Engine) Room() (used, limit int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.room + e.slid.room, e.cfg.MaxGroups
}

// NextEnd returns the end of the next window that has records, in event time: it
// is evaluated when the watermark gets there. Zero if there is none, and with window: all.
func (e *Engine) NextEnd() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.whole {
		return time.Time{}
	}
	next := int64(math.MaxInt64)
	for p := range e.panes {
		end := e.firstEnd(p)
		if end <= e.scheduled {
			end = e.scheduled + e.every
		}
		if end <= e.lastEnd(p) {
			next = min(next, end)
		}
	}
	if next == math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(0, next).UTC()
}
