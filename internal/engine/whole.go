// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// With window: all there is one window over everything that is read, and no
// watermark gets to its end: it is scheduled when every sender has finished, or by
// Flush. It says of
// itself the UTC days from the first record to the last, so that its findings
// are a function of the records alone.

const nanosPerDay = int64(24 * nanosPerHour)

// extent holds the times of all records, in event time.
type extent struct{ oldest, newest int64 }

func (x *extent) add(s *eventtime.Span) {
	if *x == (extent{}) {
		*x = extent{math.MaxInt64, math.MinInt64}
	}
	x.oldest, x.newest = min(x.oldest, s.Oldest), max(x.newest, s.Newest)
}

// wholeWindow says what a window over everything covers, and returns the event
// times that somebody must have read: [from, to). That it is evaluated at the
// shutdown, and begins with the first record, is as it should be; what was lost
// was lost.
func (e *Engine) wholeWindow(win *Window) (from, to int64) {
	win.Reasons &^= Reasons(0).With(ReasonShutdown).With(ReasonSenderBegan)
	if e.extent.oldest <= e.extent.newest {
		win.Start = floorDiv(e.extent.oldest, nanosPerDay) * nanosPerDay
		win.End = (floorDiv(e.extent.newest, nanosPerDay) + 1) * nanosPerDay
	}
	return e.extent.oldest, e.extent.newest + 1
}
