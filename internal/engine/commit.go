// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

// Commit puts a batch into the state. now is the end of the call that brought
// it. It reports whether windows wait for Next.
func (e *Engine) Commit(b *Batch, now int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	moment := e.moment(now)
	for i := range b.spans {
		e.commitSpan(&b.spans[i], moment)
	}
	for i := range b.runs {
		e.commitRun(b, &b.runs[i], moment)
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
	for _, i := range b.taken {
		e.add(b.keys[i], &b.requests[i], b.values[int(i)*n:(int(i)+1)*n])
	}
	for i, n := range b.excluded {
		e.stats.Excluded[i] += n
	}
	e.stats.Foreign += b.foreign
	for i, n := range b.missing {
		e.stats.Missing[i] += n
	}
	e.stats.Future += b.future
	e.stats.Funnel.add(&b.anytime)
	if b.ahead > 0 {
		e.stats.Lost[ReasonFutureTime] += b.ahead
		e.markRange(minTime, now, ReasonFutureTime)
	}
	e.hear(b.told, moment)
	e.changes.scalars = true
	return e.advance(now)
}

func (e *Engine) commitSpan(s *span, now eventtime.Now) {
	e.time.Observe(eventtime.Source(s.key), &s.Span, now)
	if s.Timed {
		e.firstSeen = min(e.firstSeen, s.Oldest)
		e.silentSince = min(e.silentSince, s.Oldest)
		e.extent.add(&s.Span)
	}
}

func (e *Engine) count(c *paneCount) {
	e.stats.Funnel.add(&c.funnel)
	if c.pane >= e.closed {
		pn := e.pane(c.pane)
		pn.funnel.add(&c.funnel)
		e.paneChanged(c.pane, pn)
	}
}

func (e *Engine) add(k rule.Key, r *rule.Request, values []string) {
	p := e.paneOf(r.Time)
	if p < e.closed {
		e.lose(p, ReasonLate)
		e.correct(k, r)
		return
	}
	e.refererDays.add(r)
	pn := e.pane(p)
	g, known := pn.groups[k]
	if known {
		e.addPage(p, pn, k, r)
	}
	switch {
	case known && g == nil: // settled
		return
	case !known:
		if e.full(1) || !e.create(pn, k, r, values) {
			e.beyond(p, k, r)
			return
		}
		e.groupChanged(p, k, pn.groups[k])
		e.addPage(p, pn, k, r)
	case g.add(r, values, e.grow()):
		e.charge(pn, g)
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

// grow returns what a group that is known may take more: where there is no room, no
// further sample requests.
func (e *Engine) grow() *bounds {
	if e.full(1) {
		return &e.tight
	}
	return &e.bounds
}

// charge counts what the texts of a group have come to.
func (e *Engine) charge(pn *pane, g *group) {
	if more := g.tally.text()/extraText - int(g.extra); more > 0 {
		g.extra += int32(more)
		e.room += more
		pn.extra += more
	}
}

// full reports whether there is no room for n more groups. While windows are due
// there always is: they give room back, and callers wait for that (see Crowded).
func (e *Engine) full(n int) bool {
	return e.room+e.slid.room+n > e.cfg.MaxGroups && !e.due()
}

// Crowded reports whether records should wait at wall clock now: there is no room,
// and the evaluation of windows that have ended will give some back.
func (e *Engine) Crowded(now int64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.room+e.slid.room >= e.cfg.MaxGroups && (e.due() || e.advance(now))
}

// create puts a new group into a pane unless it takes more room than is left.
func (e *Engine) create(pn *pane, k rule.Key, r *rule.Request, values []string) bool {
	g := newGroup(r, values, &e.bounds)
	extra := int(g.extra)
	if e.full(1 + extra) {
		return false
	}
	pn.groups[k] = g
	e.groups++
	e.open++
	e.room += 1 + extra
	pn.open++
	pn.extra += extra
	return true
}
