// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"sync"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
)

const (
	minTime  = math.MinInt64     // before every event time
	earliest = math.MinInt64 / 4 // event time, in 1896: sums of two times do not overflow
)

// Engine holds the state of one rule. All methods may be called concurrently;
// those that take a time take the wall clock in nanoseconds since the Unix epoch.
type Engine struct {
	cfg     rule.Config
	ruleID  string
	matcher *rule.Matcher
	seed    rule.Seed
	pathAt  int // index of url.path in group_by when it is case-folded, else -1
	uriAt   int // index of url.path in group_by; -1 where a group itself stands for a URI

	window, every, length int64 // nanoseconds; length is a pane's

	mu    sync.Mutex // guards everything below
	clock clock
	panes map[int64]*pane
	// closing has the panes that only windows cover which are due: they take no
	// records, and are kept until these windows were evaluated.
	closing map[int64]*pane
	groups  int // entries of all panes, settled ones included
	open    int // of these, not settled
	room    int // that the groups take of max_groups: one each, more for those with long texts
	// closed is the first pane that still takes records: the watermark has
	// passed the end of every pane before it.
	closed int64
	// Every window that ends at or before scheduled waits for its evaluation or
	// was evaluated; those that end at or before evaluated were.
	//
	//	evaluated <= scheduled <= clock.watermark, (closed-1)*length <= clock.watermark
	scheduled  int64
	evaluated  int64
	firstSeen  int64 // event time of the earliest record
	undated    int64 // wall clock at which a line was lost of which not even its file told the time
	lossRanges lossRanges
	queue      []Window
	stats      Stats
	changes    changes

	evaluateMu sync.Mutex // guards everything below; taken before mu
	suppressed suppression
	history    history
	outbox     outbox
	scratch    []byte

	// Written by Follow alone, with both locks held: either is enough to read.
	following bool // somebody takes the changes
	keep      func([]byte)
}

// New returns an engine for a valid Config. ruleID goes into the ids of findings.
func New(cfg rule.Config, ruleID string, seed rule.Seed) *Engine {
	e := &Engine{
		cfg: cfg, ruleID: ruleID, matcher: rule.NewMatcher(&cfg), seed: seed, pathAt: -1, uriAt: -1,
		window: int64(cfg.Window), every: int64(cfg.Hop()), length: int64(cfg.Pane()),
		clock: newClock(cfg.AllowedLateness, cfg.IdleTimeout),
		panes: map[int64]*pane{}, closing: map[int64]*pane{}, closed: minTime, scheduled: minTime, evaluated: minTime, firstSeen: math.MaxInt64, undated: minTime,
		suppressed: newSuppression(cfg.SuppressFor, cfg.MaxGroups), history: newHistory(cfg.MaxGroups),
	}
	if len(cfg.GroupBy) > 1 {
		e.uriAt = slices.Index(cfg.GroupBy, attr.URLPath)
	}
	if cfg.FoldsCase() {
		e.pathAt = slices.Index(cfg.GroupBy, attr.URLPath)
	}
	e.stats.Excluded = make([]uint64, len(e.matcher.Exclusions()))
	return e
}

// Exclusions returns the names of the exclusions, in the order of Stats.Excluded.
func (e *Engine) Exclusions() []string { return e.matcher.Exclusions() }

// appendValue appends a value of group_by in the form in which it is compared.
func (e *Engine) appendValue(b []byte, i int, v string) []byte {
	if i == e.pathAt {
		return rule.AppendFolded(b, v)
	}
	return rule.AppendField(b, v)
}

func (e *Engine) paneOf(t int64) int64 { return floorDiv(t, e.length) }

// Commit puts a batch into the state. It reports whether windows wait for Next.
func (e *Engine) Commit(b *Batch, now int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range b.spans {
		e.commitSpan(&b.spans[i], now)
	}
	e.stats.Lost[ReasonParseError] += b.lost
	for _, m := range b.marks {
		if m.reason != ReasonParseError {
			e.stats.Lost[m.reason]++
		}
		e.markRange(m.from, m.to, m.reason)
	}
	for i := range b.counts {
		e.count(&b.counts[i])
	}
	n := len(e.cfg.GroupBy)
	for i := range b.requests {
		e.add(b.keys[i], &b.requests[i], b.values[i*n:(i+1)*n])
	}
	for i, n := range b.excluded {
		e.stats.Excluded[i] += n
	}
	e.stats.Foreign += b.foreign
	for i, n := range b.missing {
		e.stats.Missing[i] += n
	}
	e.stats.Future += b.future
	e.changes.scalars = true
	return e.advance(now, false)
}

func (e *Engine) commitSpan(s *span, now int64) {
	src := e.clock.touch(s.key, now)
	e.sourceChanged(s.key, src)
	if s.lostFirst && src.timed {
		e.mark(e.paneOf(src.last), ReasonParseError)
		src.pending = true
	}
	if !s.timed {
		src.pending = src.pending || s.lostLast
		if !src.timed && s.lostLast {
			e.undated = max(e.undated, now)
		}
		return
	}
	if src.pending {
		from := s.first
		if src.timed {
			from = src.last
		}
		e.markRange(from, s.first, ReasonParseError)
	}
	src.pending = s.lostLast
	e.clock.observe(s.key, now, s.oldest, s.newest, s.last)
	e.firstSeen = min(e.firstSeen, s.oldest)
}

func (e *Engine) count(c *paneCount) {
	e.stats.Funnel.add(&c.funnel)
	if c.pane >= e.closed {
		pn := e.pane(c.pane)
		pn.funnel.add(&c.funnel)
		e.paneChanged(c.pane, pn)
	}
}

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
	e.lossRanges = e.lossRanges.add(lossRange{from, to, Reasons(0).with(r)}, e.nextStart())
	e.changes.ranges = e.following
}

// nextStart is the earliest time that a window to come can begin at.
func (e *Engine) nextStart() int64 {
	if e.evaluated == minTime { // not evaluated: what is scheduled is scheduled again after a crash
		return minTime
	}
	return e.evaluated + e.every - e.window
}

// mark tells the windows over a pane that are still to be evaluated. A pane
// that no such window covers has no place any more: the loss is only counted.
func (e *Engine) mark(p int64, r Reason) {
	if e.lastEnd(p) <= e.scheduled {
		return
	}
	pn := e.pane(p)
	pn.reasons = pn.reasons.with(r)
	e.paneChanged(p, pn)
}

func (e *Engine) pane(p int64) *pane {
	pn := e.panes[p]
	if pn == nil {
		pn = &pane{groups: map[rule.Key]*group{}}
		e.panes[p] = pn
	}
	return pn
}

func (e *Engine) add(k rule.Key, r *rule.Request, values []string) {
	p := e.paneOf(r.Time)
	if p < e.closed {
		e.lose(p, ReasonLate)
		return
	}
	pn := e.pane(p)
	g, known := pn.groups[k]
	switch {
	case known && g == nil: // settled
		return
	case !known:
		if e.room >= e.cfg.MaxGroups || !e.create(pn, k, r, values) {
			e.lose(p, ReasonMaxGroups)
			return
		}
		e.groupChanged(p, k, pn.groups[k])
	case g.add(r, values, e.cfg.ClientThreshold, e.cfg.Evidence):
		e.groupChanged(p, k, g)
	default:
		pn.groups[k] = nil
		if !g.changed { // else it is among the changes
			e.groupChanged(p, k, nil)
		}
		e.open--
		e.room -= int(g.extra)
		pn.open--
		pn.extra -= int(g.extra)
	}
}

// create puts a new group into a pane unless it takes more room than is left.
func (e *Engine) create(pn *pane, k rule.Key, r *rule.Request, values []string) bool {
	g := newGroup(r, values)
	g.add(r, values, e.cfg.ClientThreshold, e.cfg.Evidence)
	extra := g.text() / extraText
	if e.room+1+extra > e.cfg.MaxGroups {
		return false
	}
	g.extra = int32(extra)
	pn.groups[k] = g
	e.groups++
	e.open++
	e.room += 1 + extra
	pn.open++
	pn.extra += extra
	return true
}

// Tick moves the watermark with the wall clock. It reports whether windows wait
// for Next.
func (e *Engine) Tick(now int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.advance(now, true)
}

// Hold keeps the watermark where it is for an idle timeout, however long it has
// stood: records are known to exist that the engine may not count yet, because
// they were refused or wait in a call.
func (e *Engine) Hold(now int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.clock.holdSince = now
	e.clock.hold(now)
}

// Flush schedules every window that has records, as cut by the shutdown.
func (e *Engine) Flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.schedule(math.MaxInt64-e.window, Reasons(0).with(ReasonShutdown))
}

func (e *Engine) advance(now int64, all bool) bool {
	if e.clock.advance(now, all) {
		e.schedule(e.clock.watermark, 0)
	}
	return len(e.queue) > 0
}

// schedule queues the windows that end at or before the watermark w and have
// panes, in order of their ends, and closes the panes that no later window covers.
func (e *Engine) schedule(w int64, cut Reasons) {
	if floorDiv(w, e.length) <= e.closed {
		return
	}
	var ends []int64
	for p := range e.panes {
		last := min(e.lastEnd(p), floorDiv(w, e.every)*e.every)
		for end := e.firstEnd(p); end <= last; end += e.every {
			if end > e.scheduled {
				ends = append(ends, end)
			}
		}
	}
	slices.Sort(ends)
	for _, end := range slices.Compact(ends) {
		e.queue = append(e.queue, e.windowAt(end, cut))
	}
	e.closed = max(e.closed, floorDiv(w, e.length))
	e.scheduled = max(e.scheduled, floorDiv(w, e.every)*e.every)
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

// firstEnd and lastEnd are the ends of the first and last window over a pane.
func (e *Engine) firstEnd(p int64) int64 {
	return -floorDiv(-(p+1)*e.length, e.every) * e.every
}

func (e *Engine) lastEnd(p int64) int64 {
	return floorDiv(p*e.length+e.window, e.every) * e.every
}

// windowAt collects what Evaluate needs.
func (e *Engine) windowAt(end int64, cut Reasons) Window {
	win := Window{Start: end - e.window, End: end, firstRecord: e.firstSeen}
	if win.Start < e.firstSeen {
		cut = cut.with(ReasonWindowStart)
	}
	for r := range NumReasons {
		if cut.Has(r) {
			win.Reasons = win.Reasons.with(r)
			e.stats.Lost[r]++
		}
	}
	for p := e.paneOf(win.Start); p*e.length < end; p++ {
		if pn := e.panes[p]; pn != nil {
			win.Reasons |= pn.reasons
			win.Funnel.add(&pn.funnel)
		}
	}
	win.panes = panesWithin(e.panes, win.Start, end, e.length)
	win.Reasons |= e.lossRanges.reasons(win.Start, end)
	if win.Start <= e.undated { // it was written before it was read
		win.Reasons = win.Reasons.with(ReasonParseError)
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
