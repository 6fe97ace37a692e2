// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/iishunt/iishunt/internal/rule"
)

// slide is for windows that overlap. It keeps by group what the closed panes hold
// that windows to come cover, so that a window costs what has changed since the
// one before: the groups of the panes that came and that left, and those
// that can be findings. Where windows do not overlap there is nothing in it.
// Engine.evaluateMu guards it.
type slide struct {
	groups  map[rule.Key]*series
	pages   map[uint64]*lastVisits
	panes   []slidPane           // in their order
	blind   int64                // the last pane that knew nothing of its pages
	touched []*series            // since the last window
	rare    map[rule.Key]*series // those that can be findings, and are not asleep
	asleep  asleep
	size    size
}

// size is what the groups in a slide take, as Engine counts it.
type size struct{ groups, open, room int }

// slidPane is a closed pane whose groups are in the series.
type slidPane struct {
	number int64
	keys   []rule.Key
	uris   []uint64
}

// keysPerRoom is how many keys of closed panes take the room of a group.
const keysPerRoom = 32

func (p *slidPane) room() int { return (len(p.keys) + keysPerRoom - 1) / keysPerRoom }

func newSlide() slide {
	return slide{groups: map[rule.Key]*series{}, pages: map[uint64]*lastVisits{}, blind: minTime, rare: map[rule.Key]*series{}}
}

// overlaps reports whether windows share panes.
func (t *tiling) overlaps() bool { return t.window > t.length }

// enter moves the groups of the panes that a window is the first to cover out of
// the engine.
func (e *Engine) enter(w *Window) {
	for _, p := range e.entering(w) {
		e.slide.add(p.number, p.pane, &e.bounds)
	}
}

type numbered struct {
	number int64
	*pane
}

// entering takes the groups and pages out of panes, and returns them.
func (e *Engine) entering(w *Window) (panes []numbered) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for p, pn := range e.panes {
		if len(pn.groups) > 0 && p*e.length < w.until {
			panes = append(panes, numbered{p, pn})
		}
	}
	if len(panes) == 0 {
		return nil
	}
	if e.following {
		e.fixChanges() // they name groups of these panes
	}
	for i := range panes {
		n := &panes[i]
		e.emptied(n.pane)
		n.pane = n.pane.moved()
	}
	slices.SortFunc(panes, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	return panes
}

// emptied counts the groups of a pane as gone.
func (e *Engine) emptied(pn *pane) {
	if pn.slid {
		return
	}
	e.groups -= len(pn.groups)
	e.room -= len(pn.groups) + pn.extra
	e.open -= pn.open
}

// moved takes the groups and pages out of a pane. How many there were stays.
func (pn *pane) moved() *pane {
	taken := *pn
	pn.slid, pn.held = true, len(pn.groups)
	pn.groups, pn.pages = nil, nil
	return &taken
}

func (s *slide) add(number int64, pn *pane, b *bounds) {
	p := slidPane{number: number, keys: make([]rule.Key, 0, len(pn.groups)), uris: slices.Collect(maps.Keys(pn.pages))}
	for k, g := range pn.groups {
		p.keys = append(p.keys, k)
		r := s.groups[k]
		if r == nil {
			r = &series{key: k, wall: minTime}
			s.groups[k] = r
		}
		s.touch(r)
		s.resize(r, -1)
		s.size.drop(r.add(number, g, b))
		if g != nil {
			s.size.groups++
			s.size.open++
			s.size.room += 1 + int(g.extra)
		}
		s.resize(r, 1)
	}
	s.size.room += p.room()
	for uri, v := range pn.pages {
		l := s.pages[uri]
		if l == nil {
			l = &lastVisits{wall: minTime}
			s.pages[uri] = l
		}
		l.add(number, v)
	}
	if pn.blind {
		s.blind = number
	}
	s.panes = append(s.panes, p)
}

// resize counts a series that is settled, which takes the room of a group.
func (s *slide) resize(r *series, n int) {
	if len(r.entries) == 0 && r.wall != minTime {
		s.size.groups += n
		s.size.room += n
	}
}

func (z *size) drop(gone []entry) {
	for _, g := range gone {
		z.groups--
		z.open--
		z.room -= 1 + int(g.extra)
	}
}

func (s *slide) touch(r *series) {
	if !r.touched {
		s.touched = append(s.touched, r)
	}
	r.touched = true
}

// leave forgets the panes that begin before an event time.
func (e *Engine) leave(before int64) {
	s := &e.slide
	for len(s.panes) > 0 && s.panes[0].number*e.length < before {
		p := &s.panes[0]
		e.history.learn(p.number*e.length, slices.Values(p.keys))
		for _, k := range p.keys {
			r := s.groups[k]
			if r == nil {
				continue
			}
			s.touch(r)
			s.resize(r, -1)
			if s.size.drop(r.drop(p.number)); r.over(p.number) {
				delete(s.groups, k)
				continue
			}
			s.resize(r, 1)
		}
		for _, uri := range p.uris {
			if l := s.pages[uri]; l != nil && l.over(p.number) {
				delete(s.pages, uri)
			}
		}
		s.size.room -= p.room()
		*p = slidPane{}
		s.panes = s.panes[1:]
	}
}

// slideTo evaluates a window that overlaps with the one before.
func (e *Engine) slideTo(w *Window) (findings []*Finding, suppressed int) {
	s := &e.slide
	e.enter(w)
	for _, r := range s.asleep.wake(w.until, w.Reasons == 0, e.suppressed.lifted) {
		s.rare[r.key] = r
	}
	e.suppressed.lifted = false
	for _, r := range s.touched {
		s.place(r, e.paneOf(w.until-e.window), e.bounds.least)
	}
	clear(s.touched)
	s.touched = s.touched[:0]
	for _, r := range s.rare {
		f, quiet := e.look(w, r)
		if quiet {
			suppressed++
		}
		if f != nil {
			findings = append(findings, f)
		}
	}
	return findings, suppressed + s.asleep.count
}

// place puts a series that was touched among those that can be findings, or takes it out.
func (s *slide) place(r *series, first int64, least int) {
	s.asleep.rouse(r)
	if r.wall < first && len(r.entries) > 0 && len(r.seen) >= least {
		s.rare[r.key] = r
		return
	}
	delete(s.rare, r.key)
	r.looked, r.touched = false, false
}

// look returns the finding of a series, if it is one in a window; quiet where it is one
// of which nothing has changed since it was told.
func (e *Engine) look(w *Window, r *series) (f *Finding, quiet bool) {
	s := &e.slide
	if r.looked && !r.touched && !e.tooOld(w, r.key) && e.suppressed.quiet(r.id, w.until, w.Reasons == 0) {
		if e.cfg.OnlyNew > 0 {
			return nil, true
		}
		silence := e.suppressed.last[r.id]
		s.asleep.put(r, silence.until, silence.complete)
		delete(s.rare, r.key)
		return nil, false // it is counted with those that are asleep
	}
	r.touched, r.looked = false, false
	t := r.total(e.paneOf(w.until-e.window), &e.bounds)
	if t == nil || !e.found(w, r.key, t) {
		if e.cfg.OnlyNew == 0 {
			delete(s.rare, r.key) // until it is touched
		}
		return nil, false
	}
	f = e.finding(w, r.key, t)
	r.looked, r.id = true, f.key
	return f, false
}

// asleep are the series that are findings, were told, and have not changed since:
// nobody looks at them until that may be told again, or they are touched.
type asleep struct {
	count      int
	incomplete int // of these, told as incomplete, which a complete window wakes
	alarms     []alarm
}

// alarm is when a series is looked at again. They are in order of time.
type alarm struct {
	*series
	at int64 // event time
}

func (a *asleep) put(r *series, until int64, complete bool) {
	r.state = sleeping
	a.count++
	if !complete {
		r.state = sleepingIncomplete
		a.incomplete++
	}
	at, _ := slices.BinarySearchFunc(a.alarms, until, func(x alarm, t int64) int { return cmp.Compare(x.at, t+1) })
	a.alarms = slices.Insert(a.alarms, at, alarm{r, until})
}

// rouse takes a series out, and reports whether it was in.
func (a *asleep) rouse(r *series) bool {
	was := r.state
	r.state = waking
	if was != waking {
		a.count--
	}
	if was == sleepingIncomplete {
		a.incomplete--
	}
	return was != waking
}

// wake returns those that must be looked at in a window that ends at t.
func (a *asleep) wake(t int64, complete, all bool) (out []*series) {
	all = all || complete && a.incomplete > 0
	n := 0
	for n < len(a.alarms) && (all || a.alarms[n].at <= t) {
		if a.rouse(a.alarms[n].series) {
			out = append(out, a.alarms[n].series)
		}
		n++
	}
	a.alarms = slices.Delete(a.alarms, 0, n)
	return out
}
