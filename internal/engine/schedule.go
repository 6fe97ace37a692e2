// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// Tick moves the watermark with the wall clock. It reports whether windows wait
// for Next.
func (e *Engine) Tick(now int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.advance(now)
}

// Hold keeps the watermark where it is for an idle timeout: records are known to exist that the engine may not count yet, because
// they were refused or wait in a call.
func (e *Engine) Hold(now int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.time.Hold(e.moment(now))
}

// Flush schedules every window that has records, and marks those as cut by the
// shutdown. No record may follow.
func (e *Engine) Flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.schedule(math.MaxInt64-e.window, Reasons(0).With(ReasonShutdown))
}

// advance moves the watermark. What was found lost until then belongs to the
// windows that close now.
func (e *Engine) advance(now int64) bool {
	e.now = e.moment(now)
	moved := e.time.Advance(e.now)
	for _, m := range e.time.TakeMarks() {
		e.markRange(m.From, m.To, m.Reason)
	}
	if e.release() || moved {
		e.schedule(e.time.Watermark(), 0)
	}
	return len(e.queue) > 0
}

// schedule queues the windows that end at or before event time w and have panes,
// in order of their ends, and closes the panes that no later window covers.
func (e *Engine) schedule(w int64, cut Reasons) {
	if e.paneOf(w) <= e.closed {
		return
	}
	var ends []int64
	for p := range e.panes {
		last := min(e.lastEnd(p), e.endBefore(w))
		for end := e.firstEnd(p); end <= last; end += e.every {
			if end > e.scheduled {
				ends = append(ends, end)
			}
		}
	}
	slices.Sort(ends)
	before := e.scheduled
	for _, end := range slices.Compact(ends) {
		e.queueEmpty(before, end-e.every)
		e.queue = append(e.queue, e.windowAt(end, cut))
		before = end
	}
	if cut == 0 {
		e.queueEmpty(before, e.endBefore(w))
	}
	e.closed = max(e.closed, e.paneOf(w))
	e.scheduled = max(e.scheduled, e.endBefore(w))
	for p, pn := range e.panes {
		if e.lastEnd(p) <= e.scheduled {
			e.groups -= len(pn.groups)
			e.room -= len(pn.groups) + pn.extra
			e.open -= pn.open
			delete(e.panes, p)
			e.closing[p] = pn
		}
	}
}

// queueEmpty queues one window for all that end after an end, up to another: there
// is nothing in them, and that was seen.
func (e *Engine) queueEmpty(after, last int64) {
	if after == minTime || last <= after || e.whole || !e.time.Heard() {
		return
	}
	win := e.windowAt(last, 0)
	win.Count, win.Empty = int((last-after)/e.every), true
	if win.Count > 1 {
		win.Start = after + e.every - e.window
		win.Account = e.time.Window(win.Start, last, e.now)
		win.Reasons |= win.Account.Reasons | e.lossRanges.reasons(win.Start, last)
	}
	e.queue = append(e.queue, win)
}

// windowAt collects what Evaluate needs of the window that ends at end. cut are
// reasons that hold whatever its panes say.
func (e *Engine) windowAt(end int64, cut Reasons) Window {
	win := Window{Start: end - e.window, End: end, until: end, Count: 1, Reasons: cut, firstRecord: e.firstSeen}
	if win.Start < e.silentSince && e.silentSince != math.MaxInt64 {
		win.Reasons = win.Reasons.With(ReasonSenderBegan)
	}
	for p := e.paneOf(win.Start); p*e.length < end; p++ {
		if pn := e.panes[p]; pn != nil {
			win.Reasons |= pn.reasons
			win.Funnel.add(&pn.funnel)
			win.Groups += len(pn.groups)
			win.Settled += len(pn.groups) - pn.open
		}
	}
	win.panes = panesWithin(e.panes, win.Start, end, e.length)
	win.Reasons |= e.lossRanges.reasons(win.Start, end)
	from, to := win.Start, end
	if e.whole {
		from, to = e.wholeWindow(&win)
	}
	win.Account = e.time.Window(from, to, e.now)
	win.Reasons |= win.Account.Reasons
	if cut != 0 {
		win.Account.ClosedBy = eventtime.ByShutdown
	}
	for r := range NumReasons {
		if win.Reasons.Has(r) && ofWindows.Has(r) {
			e.stats.Lost[r]++
		}
	}
	return win
}

// Next takes the next window to be evaluated, in order of their ends.
func (e *Engine) Next() (Window, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) == 0 {
		return Window{}, false
	}
	w := e.queue[0]
	e.queue[0] = Window{}
	e.queue = e.queue[1:]
	return w, true
}
