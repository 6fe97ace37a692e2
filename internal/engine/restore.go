// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// Follow makes the engine collect its changes for TakeChanges. It is called
// before any record, after Apply and Restored. Evaluate gives changes that are
// large to keep, which must put them before all that are taken later.
func (e *Engine) Follow(keep func(changes []byte)) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.following, e.keep = true, keep
}

// Apply brings parts of a snapshot and changes into a new engine with the same
// seed and settings. After an error the engine has what came before the mistake.
func (e *Engine) Apply(b []byte) error {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	d := decoder{codec.Decoder{Rest: b}}
	for len(d.Rest) > 0 && d.Err == nil {
		switch d.Byte() {
		case sectionScalars:
			e.applyScalars(&d)
		case sectionSource:
			e.applySource(&d)
		case sectionPane:
			e.applyPane(&d)
		case sectionGroups:
			e.applyGroups(&d)
		case sectionLossRanges:
			e.applyLossRanges(&d)
		case sectionEvaluated:
			e.applyEvaluated(&d)
		case sectionFindings:
			for range d.Count(18) {
				if f := d.finding(); d.Err == nil {
					e.outbox.add([]*Finding{f})
				}
			}
		case sectionDelivered:
			if ids := d.texts(); d.Err == nil {
				e.outbox.remove(ids)
			}
		case sectionHistory:
			e.history.apply(&d)
		case sectionSuppressed:
			e.suppressed.apply(&d)
		default:
			d.Fail()
		}
	}
	return d.Err
}

// time reads an event time or wall clock: within 1900 to 2200 or so, or one of
// the two that stand for none, so that no sum of two overflows.
func (d *decoder) time() int64 {
	t := d.Int()
	if t != minTime && t != math.MaxInt64 && (t > math.MaxInt64/2+math.MaxInt64/4 || t < math.MinInt64/2) {
		d.Fail()
		return 0
	}
	return t
}

// pane reads the index of a pane.
func (e *Engine) paneIndex(d *decoder) int64 {
	p := d.Int()
	if limit := math.MaxInt64/2/e.length - e.window/e.length - 1; p > limit || p < -limit {
		d.Fail()
		return 0
	}
	return p
}

func (e *Engine) applyScalars(d *decoder) {
	watermark, firstSeen, undated, done, seen := d.time(), d.time(), d.time(), d.time(), d.Bool()
	if d.Err != nil {
		return
	}
	e.evaluated = max(e.evaluated, done)
	e.clock.watermark, e.clock.seen = max(e.clock.watermark, watermark), e.clock.seen || seen
	e.firstSeen, e.undated = min(e.firstSeen, firstSeen), max(e.undated, undated)
}

func (e *Engine) applySource(d *decoder) {
	k, s := d.key(), &source{newest: d.time(), last: d.time(), timed: d.Bool(), pending: d.Bool()}
	if d.Err == nil {
		e.clock.sources[k] = s
	}
}

func (e *Engine) applyPane(d *decoder) {
	p := e.paneIndex(d)
	reasons, funnel := Reasons(d.Uint()), d.funnel()
	if d.Err == nil {
		pn := e.pane(p)
		pn.reasons, pn.funnel = reasons, funnel
	}
}

func (e *Engine) applyGroups(d *decoder) {
	p := e.paneIndex(d)
	for range d.Count(settledSize) {
		k := d.key()
		var g *group
		if d.Bool() {
			g = d.group()
		}
		if d.Err != nil {
			return
		}
		e.pane(p).groups[k] = g
	}
}

func (e *Engine) applyLossRanges(d *decoder) {
	var l lossRanges
	for range d.Count(3) {
		l = append(l, lossRange{d.time(), d.time(), Reasons(d.Uint())})
	}
	if d.Err == nil {
		e.lossRanges = l
	}
}

// applyEvaluated does what Evaluate did beside the findings.
func (e *Engine) applyEvaluated(d *decoder) {
	end, complete := d.time(), d.Bool()
	for range d.Count(16) {
		e.suppressed.suppress(d.key(), end, complete)
	}
	if d.Err != nil || end == minTime || end == math.MaxInt64 {
		d.Fail()
		return
	}
	e.history.learn(panesWithin(e.panes, end-e.window, end, e.length))
	e.evaluated = max(e.evaluated, end)
	for p := range e.panes {
		if e.lastEnd(p) <= end {
			delete(e.panes, p)
		}
	}
}

// Restored ends a restore at wall clock now: it counts what there is, and keeps
// the watermark for an idle timeout, or for as long as old files are read, so
// that windows which ended while nobody read wait for what the files still hold.
func (e *Engine) Restored(now int64) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, pn := range e.panes {
		for _, g := range pn.groups {
			e.groups++
			e.room++
			if g != nil {
				e.open++
				e.room += int(g.extra)
				pn.open++
				pn.extra += int(g.extra)
			}
		}
	}
	for _, s := range e.clock.sources {
		s.active = now
		if s.timed {
			s.lag = max(0, now-s.newest)
		}
	}
	e.stats.Waiting = len(e.outbox)
	if e.clock.seen {
		e.clock.hold(now)
	}
	e.scheduled = e.evaluated
	if e.clock.watermark != minTime {
		e.schedule(e.clock.watermark, 0)
	}
}

// Seed returns the seed, and SetSeed replaces it in an engine that is new.
func (e *Engine) Seed() rule.Seed { return e.seed }

// SetSeed is for an engine that begins with a stored state.
func (e *Engine) SetSeed(s rule.Seed) { e.seed = s }

// Adopt puts findings of an earlier engine into the outbox.
func (e *Engine) Adopt(findings []*Finding) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changes.taken = appendFindings(e.changes.taken, e.outbox.add(findings))
}

// MarkAll marks every window that begins before the wall clock now: something
// is wrong with all that is known from before.
func (e *Engine) MarkAll(now int64, r Reason) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats.Lost[r]++
	e.lossRanges = e.lossRanges.add(lossRange{minTime, now, Reasons(0).with(r)}, minTime)
	e.changes.ranges = true
}

// panesWithin returns the panes of a window that have groups, in order of time.
func panesWithin(panes map[int64]*pane, start, end, length int64) []closedPane {
	var out []closedPane
	for p := floorDiv(start, length); p*length < end; p++ {
		if pn := panes[p]; pn != nil && len(pn.groups) > 0 {
			out = append(out, closedPane{p * length, pn.groups})
		}
	}
	return out
}

// snapshotRest writes what only Evaluate and Delivered change.
func (e *Engine) snapshotRest(size int, write func(func() []byte) error) error {
	parts := func(b []byte) error { return write(func() []byte { return b }) }
	if err := e.history.snapshot(size, parts); err != nil {
		return err
	}
	if err := e.suppressed.snapshot(size, parts); err != nil {
		return err
	}
	for findings := range slices.Chunk(e.outbox, size/findingSize+1) {
		if err := parts(appendFindings(nil, findings)); err != nil {
			return err
		}
	}
	return nil
}
