// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"math"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/eventtime"
)

// Apply brings parts of a snapshot and changes into a new engine with the same
// seed and settings. After an error the engine has what came before the mistake.
func (e *Engine) Apply(b []byte) error {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	d := decoder{codec.Decoder{Rest: b}}
	for len(d.Rest) > 0 && d.Err == nil {
		switch section := d.Byte(); section {
		case sectionScalars, sectionScalars2:
			e.applyScalars(&d, section)
		case sectionSource:
			e.applySource(&d)
		case sectionTime:
			if t := d.Text(); d.Err == nil && e.time.Apply([]byte(t)) != nil {
				d.Fail()
			}
		case sectionPane, sectionPane2, sectionPane3:
			e.applyPane(&d, section)
		case sectionGroups:
			e.applyGroups(&d)
		case sectionPages:
			e.applyPages(&d)
		case sectionLossRanges:
			e.applyLossRanges(&d)
		case sectionEvaluated:
			e.applyEvaluated(&d)
		case sectionFindings, sectionFindings2:
			for range d.Count(18) {
				if f := d.finding(section); d.Err == nil {
					e.outbox = append(e.outbox, f)
				}
			}
		case sectionIssued:
			e.applyIssued(&d)
		case sectionCorrections:
			e.applyCorrections(&d)
		case sectionCorrected:
			e.applyCorrected(&d)
		case sectionTold:
			e.suppressed.applyTold(&d)
		case sectionTraits:
			e.applyTraits(&d)
		case sectionAccounts:
			e.applyAccounts(&d)
		case sectionDelivered:
			if ids := d.texts(); d.Err == nil {
				e.outbox.remove(ids)
			}
		case sectionHistory:
			e.history.apply(&d)
		case sectionSuppressed:
			e.suppressed.apply(&d)
		case sectionFlood:
			e.applyFlood(&d)
		case sectionFloods:
			e.applyFloods(&d)
		case sectionForgotten:
			e.suppressed.applyForgotten(&d)
		default:
			d.Fail()
		}
	}
	return d.Err
}

// applyTraits adds to findings what the section before it, of an older form, has
// no place for.
func (e *Engine) applyTraits(d *decoder) {
	for range d.Count(13) {
		id, traits, logged := d.Text(), d.traits(), d.Bool()
		clients := PageClients{int(min(d.Uint(), 1000)), d.Bool()}
		if d.Err != nil {
			return
		}
		for _, f := range e.outbox {
			if f.ID == id {
				f.Traits, f.RefererLogged, f.PageClients = traits, logged, clients
			}
		}
	}
}

// applyAccounts adds what is known of the windows of the findings in the section
// before it.
func (e *Engine) applyAccounts(d *decoder) {
	for range d.Count(5) {
		id, a := d.Text(), eventtime.Account{ClosedBy: eventtime.ClosedBy(d.Byte())}
		a.Senders, a.Missing, a.Behind = d.small(), d.small(), d.texts()
		if d.Err != nil || !a.ClosedBy.Known() {
			d.Fail()
			return
		}
		for _, f := range e.outbox {
			if f.ID == id {
				f.Account = a
			}
		}
	}
}

// applyFloods tells which of the findings in the section before are floods.
func (e *Engine) applyFloods(d *decoder) {
	for range d.Count(2) {
		id, pages := d.Text(), d.Uint()
		for _, f := range e.outbox {
			if d.Err == nil && f.ID == id {
				f.FloodPages = pages
			}
		}
	}
}

// paneIndex reads the index of a pane.
func (e *Engine) paneIndex(d *decoder) int64 {
	p := d.Int()
	if limit := math.MaxInt64/2/e.length - e.window/e.length - 1; p > limit || p < -limit {
		d.Fail()
		return 0
	}
	return p
}

func (e *Engine) applyScalars(d *decoder, section byte) {
	watermark, firstSeen, third, evaluated, seen := d.time(), d.time(), d.time(), d.time(), d.Bool()
	if d.Err != nil {
		return
	}
	e.evaluated = max(e.evaluated, evaluated)
	e.time.Adopt(watermark, seen)
	e.firstSeen = min(e.firstSeen, firstSeen)
	switch {
	case section == sectionScalars2:
		e.silentSince = min(e.silentSince, third)
	case third != minTime: // of a version that kept lines without any time apart
		e.lossRanges = e.lossRanges.add(lossRange{minTime, third, Reasons(0).With(ReasonParseError)}, minTime)
		fallthrough
	default: // that knew silent sources alone
		e.silentSince = min(e.silentSince, firstSeen)
	}
}

func (e *Engine) applySource(d *decoder) {
	k, newest, last, timed, pending := d.key(), d.time(), d.time(), d.Bool(), d.Bool()
	if d.Err == nil {
		e.time.AdoptSource(eventtime.Source(k), newest, last, timed, pending)
	}
}

func (e *Engine) applyPane(d *decoder, section byte) {
	p := e.paneIndex(d)
	reasons, funnel := Reasons(d.Uint()), d.funnel(section)
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
		switch form := d.Byte(); form {
		case storedSettled:
		case storedGroup, storedMore, storedUsed:
			g = d.group(form)
		default:
			d.Fail()
		}
		if d.Err != nil {
			return
		}
		if g != nil {
			g.pack()
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
	for p := e.paneOf(end - e.window); p*e.length < end-e.window+e.every; p++ {
		if pn := e.panes[p]; pn != nil && len(pn.groups) > 0 {
			e.history.learn(p*e.length, maps.Keys(pn.groups))
		}
	}
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
		pn.blind = len(pn.groups) > 0 && len(pn.pages) == 0
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
	e.stats.Waiting = len(e.outbox)
	e.scheduled, e.ended = e.evaluated, e.evaluated
	// What is stored may be wrong: a record before the end of an evaluated window
	// would be kept, and no window to come would look at it. It is late instead.
	e.time.MoveTo(e.evaluated)
	e.now = e.moment(now)
	e.time.Restored(e.now)
	if w := e.time.Watermark(); w != eventtime.None {
		e.close(w)
		e.schedule(pieceOfPanes)
	}
}
