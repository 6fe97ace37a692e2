// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

// lose counts a loss and marks its pane.
func (e *Engine) lose(p int64, r Reason) {
	e.stats.Lost[r]++
	e.mark(p, r)
}

// markRange marks what lies between two times, in either order.
func (e *Engine) markRange(from, to int64, r Reason) {
	from, to = min(from, to), max(from, to)
	if e.paneOf(from) == e.paneOf(to) {
		e.mark(e.paneOf(from), r)
		return
	}
	e.lossRanges = e.lossRanges.add(lossRange{from, to, Reasons(0).With(r)}, e.nextStart())
	e.changes.ranges = e.following
}

// nextStart is the earliest time at which a window that is not evaluated can
// begin. One that is scheduled counts: after a crash it is scheduled again.
func (e *Engine) nextStart() int64 {
	if e.evaluated == minTime {
		return minTime
	}
	return e.evaluated + e.every - e.window
}

// mark marks a pane, and so the windows over it that are not scheduled. Where
// there is no such window, nothing is marked: no evaluation would see it.
func (e *Engine) mark(p int64, r Reason) {
	if e.lastEnd(p) <= e.scheduled {
		return
	}
	pn := e.pane(p)
	pn.reasons = pn.reasons.With(r)
	e.paneChanged(p, pn)
}

// MarkAll marks every window that begins before the wall clock now, because
// something is wrong with all that is known from before.
func (e *Engine) MarkAll(now int64, r Reason) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Lost[r]++
	e.lossRanges = e.lossRanges.add(lossRange{minTime, now, Reasons(0).With(r)}, minTime)
	e.changes.ranges = true
}
