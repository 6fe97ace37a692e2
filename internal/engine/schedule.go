// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
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
	e.schedule(math.MaxInt)
	e.cut = Reasons(0).With(ReasonShutdown)
	e.close(math.MaxInt64 - e.window)
	e.schedule(math.MaxInt)
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
		e.close(e.time.Watermark())
	}
	e.schedule(pieceOfPanes)
	return e.due()
}

// close says that no record comes any more that is before event time w.
func (e *Engine) close(w int64) {
	e.closed = max(e.closed, e.paneOf(w))
	e.ended = max(e.ended, e.endBefore(w))
}

// due reports whether windows have ended that are not evaluated.
func (e *Engine) due() bool {
	return len(e.queue) > 0 || e.evaluating || e.scheduled < e.ended
}

// pieceOfPanes is how many panes schedule looks at under one lock.
const pieceOfPanes = 1 << 14

// schedule queues the windows that have ended and have panes, in order of their
// ends, until it has looked at about most panes: of a long backlog many end at once.
// The next calls go on.
func (e *Engine) schedule(most int) {
	if e.scheduled >= e.ended {
		return
	}
	panes := slices.Sorted(maps.Keys(e.panes))
	for e.scheduled < e.ended && most > 0 {
		if at := slices.IndexFunc(panes, func(p int64) bool { return e.lastEnd(p) > e.scheduled }); at >= 0 {
			panes = panes[at:]
		} else {
			panes = nil
		}
		if len(panes) == 0 || e.nextEnd(panes[0]) > e.ended {
			if e.cut == 0 {
				e.queueEmpty(e.scheduled, e.ended)
			}
			e.scheduled = e.ended
			return
		}
		end := e.nextEnd(panes[0])
		e.queueEmpty(e.scheduled, end-e.every)
		e.queue = append(e.queue, e.windowAt(end))
		e.scheduled = end
		most -= int(e.window / e.length)
	}
}

// nextEnd returns the end of the first window over a pane that is not scheduled,
// if there is one.
func (e *Engine) nextEnd(p int64) int64 {
	if first := e.firstEnd(p); first > e.scheduled {
		return first
	}
	return e.scheduled + e.every
}

// queueEmpty queues one window for all that end after an end, up to another: there
// is nothing in them, and that was seen.
func (e *Engine) queueEmpty(after, last int64) {
	if after == minTime || last <= after || e.whole || !e.time.Heard() {
		return
	}
	win := e.windowAt(last)
	win.Count, win.Empty = int((last-after)/e.every), true
	if win.Count > 1 {
		win.Start = after + e.every - e.window
		win.Account = e.time.Window(win.Start, last, e.now)
		win.Reasons |= win.Account.Reasons | e.lossRanges.reasons(win.Start, last)
	}
	e.queue = append(e.queue, win)
}

// windowAt collects what is known of the window that ends at end.
func (e *Engine) windowAt(end int64) Window {
	win := Window{Start: end - e.window, End: end, until: end, Count: 1, Reasons: e.cut, firstRecord: e.firstSeen}
	if win.Start < e.silentSince && e.silentSince != math.MaxInt64 {
		win.Reasons = win.Reasons.With(ReasonSenderBegan)
	}
	for p := e.paneOf(win.Start); p*e.length < end; p++ {
		if pn := e.panes[p]; pn != nil {
			win.Reasons |= pn.reasons
			win.Funnel.add(&pn.funnel)
			if pn.flood != nil {
				win.Flood.merge(pn.flood)
			}
			win.Groups += pn.count()
			win.Settled += pn.count() - pn.open
		}
	}
	win.Reasons |= e.lossRanges.reasons(win.Start, end)
	from, to := win.Start, end
	if e.whole {
		from, to = e.wholeWindow(&win)
	}
	win.Account = e.time.Window(from, to, e.now)
	win.Reasons |= win.Account.Reasons
	if e.cut != 0 {
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
		e.schedule(pieceOfPanes)
	}
	if len(e.queue) == 0 {
		return Window{}, false
	}
	w := e.queue[0]
	e.queue[0] = Window{}
	e.queue = e.queue[1:]
	e.evaluating = true
	return w, true
}
