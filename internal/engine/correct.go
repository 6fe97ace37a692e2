// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// maxIssued bounds the findings that can be corrected; the oldest are forgotten.
const maxIssued = 100_000

// Correction says that a finding which was given out is not true any more, or not
// all of the truth: a record came after its window was evaluated.
type Correction struct {
	ID                     string // of the finding
	WindowStart, WindowEnd int64
	Values                 []string // of group_by, as in the finding
	Client                 string   // who made the request that came late
	Time                   int64    // event time of that
	ClientCount            int      // with it
	Withdrawn              bool     // it is no finding with so many clients

	key rule.Key // of the finding
}

// issued is a finding that was given out.
type issued struct {
	id         string
	start, end int64
	values     []string
	clients    []client
	key        rule.Key
	withdrawn  bool
}

// corrections remembers findings by their groups, and has those that turned out
// to be wrong until they are delivered. Engine.mu guards it.
type corrections struct {
	period  int64 // event time after the end of a window; 0: off
	issued  map[rule.Key][]*issued
	order   []issue // in order of the ends of their windows
	waiting []Correction
	// late are requests that came too late for windows which wait for their
	// evaluation.
	late []lateRequest
}

// maxLate bounds corrections.late.
const maxLate = 10_000

type lateRequest struct {
	group rule.Key
	by    client
	time  int64
}

type issue struct {
	group rule.Key
	*issued
}

func newCorrections(period int64) corrections {
	return corrections{period: period, issued: map[rule.Key][]*issued{}}
}

// remember keeps a finding, and forgets those that are too old to be corrected.
func (c *corrections) remember(group rule.Key, f *issued) {
	if slices.ContainsFunc(c.issued[group], func(o *issued) bool { return o.id == f.id }) {
		return // before a crash it was found, too
	}
	for len(c.order) > 0 && (c.order[0].end < f.end-c.period || len(c.order) >= maxIssued) {
		c.forget(c.order[0])
		c.order[0] = issue{}
		c.order = c.order[1:]
	}
	c.issued[group] = append(c.issued[group], f)
	c.order = append(c.order, issue{group, f})
}

// forget takes a finding out; order follows when it is its turn.
func (c *corrections) forget(o issue) {
	o.withdrawn = true
	list := slices.DeleteFunc(c.issued[o.group], func(f *issued) bool { return f == o.issued })
	if c.issued[o.group] = list; len(list) == 0 {
		delete(c.issued, o.group)
	}
}

// correct looks at a request that came too late for its pane.
func (e *Engine) correct(group rule.Key, r *rule.Request) {
	c := &e.corrections
	if c.period == 0 || e.whole {
		return
	}
	waits := e.due() && len(c.late) < maxLate
	if !waits && len(c.issued[group]) == 0 {
		return
	}
	late := lateRequest{group, e.bounds.client(r), r.Time}
	late.by.text = strings.Clone(late.by.text)
	if waits {
		c.late = append(c.late, late)
	}
	e.correctAll(c.issued[group], &late)
}

// correctAll corrects those of the findings of a group that a request was in the
// window of.
func (e *Engine) correctAll(findings []*issued, r *lateRequest) {
	c := &e.corrections
	for _, f := range slices.Clone(findings) {
		if r.time < f.start || r.time >= f.end || slices.ContainsFunc(f.clients, func(o client) bool { return o.same(&r.by) }) {
			continue
		}
		f.clients = append(f.clients, r.by)
		wrong := Correction{
			f.id, f.start, f.end, f.values, r.by.text, r.time, len(f.clients), len(f.clients) > e.bounds.clients, f.key,
		}
		c.waiting = append(c.waiting, wrong)
		if wrong.Withdrawn {
			c.forget(issue{r.group, f})
		}
		e.changes.corrections = append(e.changes.corrections, wrong)
	}
}

// Corrections returns the first n corrections, or fewer, that wait for delivery.
func (e *Engine) Corrections(n int) []Correction {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.corrections.waiting[:min(n, len(e.corrections.waiting))])
}

// Corrected takes the first n corrections out of those that wait: they were
// delivered, or nobody will ever take them. What was withdrawn is no longer
// suppressed.
func (e *Engine) Corrected(n int) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.corrections.waiting[:n] {
		if w := &e.corrections.waiting[i]; w.Withdrawn {
			e.suppressed.lift(w.key, w.Time+e.window)
		}
	}
	e.corrections.waiting = slices.Clone(e.corrections.waiting[n:])
	if e.following {
		e.fixChanges()
		e.changes.taken = codec.AppendUint(append(e.changes.taken, sectionCorrected), uint64(n))
	}
}

// issue remembers the findings of an evaluation, before that is recorded.
func (e *Engine) issue(kept []*Finding) {
	if e.corrections.period == 0 || e.whole {
		return
	}
	kept = slices.DeleteFunc(slices.Clone(kept), func(f *Finding) bool { return f.FloodPages > 0 }) // nothing takes it back
	for piece := range slices.Chunk(kept, pieceOfFindings) {
		e.issuePiece(piece)
	}
}

func (e *Engine) issuePiece(kept []*Finding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := codec.AppendUint([]byte{sectionIssued}, uint64(len(kept)))
	for _, f := range kept {
		i := &issued{id: f.ID, start: f.WindowStart, end: f.WindowEnd, values: f.Values, clients: f.clients, key: f.key}
		e.corrections.remember(f.group, i)
		b = i.append(appendKey(b, f.group))
	}
	if e.following {
		e.fixChanges()
		e.changes.taken = append(e.changes.taken, b...)
	}
}

// correctLate looks again at the requests that came too late for a window while it
// was evaluated. mu is held.
func (e *Engine) correctLate() {
	for i := range e.corrections.late {
		r := &e.corrections.late[i]
		e.correctAll(e.corrections.issued[r.group], r)
	}
	if !e.due() {
		e.corrections.late = nil
	}
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (f *issued) append(b []byte) []byte {
	b = codec.AppendText(b, f.id)
	b = codec.AppendInt(codec.AppendInt(b, f.start), f.end)
	b = appendTexts(b, f.values)
	b = codec.AppendUint(b, uint64(len(f.clients)))
	for _, c := range f.clients {
		b = codec.AppendText(codec.AppendText(b, addrText(c.addr)), c.text)
	}
	return appendKey(b, f.key)
}

func (e *Engine) applyIssued(d *decoder) {
	for range d.Count(40) {
		group, f := d.key(), &issued{id: d.Text(), start: d.time(), end: d.time(), values: d.texts()}
		for range d.Count(2) {
			addr, text := d.Text(), d.Text()
			a, _ := netip.ParseAddr(addr)
			f.clients = append(f.clients, client{a, text})
		}
		if f.key = d.key(); d.Err != nil {
			return
		}
		e.corrections.remember(group, f)
	}
}

func appendCorrections(b []byte, list []Correction) []byte {
	if len(list) == 0 {
		return b
	}
	b = codec.AppendUint(append(b, sectionCorrections), uint64(len(list)))
	for i := range list {
		c := &list[i]
		b = codec.AppendText(b, c.ID)
		b = codec.AppendInt(codec.AppendInt(b, c.WindowStart), c.WindowEnd)
		b = codec.AppendText(appendTexts(b, c.Values), c.Client)
		b = codec.AppendUint(codec.AppendInt(b, c.Time), uint64(c.ClientCount))
		b = appendKey(codec.AppendBool(b, c.Withdrawn), c.key)
	}
	return b
}

func (e *Engine) applyCorrections(d *decoder) {
	for range d.Count(24) {
		c := Correction{ID: d.Text(), WindowStart: d.time(), WindowEnd: d.time(), Values: d.texts(), Client: d.Text(), Time: d.time()}
		c.ClientCount, c.Withdrawn, c.key = d.small(), d.Bool(), d.key()
		if d.Err != nil {
			return
		}
		if slices.ContainsFunc(e.corrections.waiting, func(o Correction) bool { return o.ID == c.ID && o.Client == c.Client }) {
			continue // it was in a snapshot, too
		}
		e.corrections.waiting = append(e.corrections.waiting, c)
		if c.Withdrawn {
			e.corrections.withdraw(c.ID)
		}
	}
}

// withdraw forgets a finding that was withdrawn before a crash.
func (c *corrections) withdraw(id string) {
	for _, o := range c.order {
		if o.id == id && !o.withdrawn {
			c.forget(o)
		}
	}
}

func (e *Engine) applyCorrected(d *decoder) {
	n := int(min(d.Uint(), uint64(len(e.corrections.waiting))))
	for i := range e.corrections.waiting[:n] {
		if w := &e.corrections.waiting[i]; w.Withdrawn {
			e.suppressed.lift(w.key, w.Time+e.window)
		}
	}
	e.corrections.waiting = slices.Clone(e.corrections.waiting[n:])
}

// lift lets a finding be given out again from a time on. Up to then it stays
// quiet: windows that overlap with the one it was wrong in have the same hole.
func (s *suppression) lift(k rule.Key, from int64) {
	if q, ok := s.last[k]; ok {
		s.last[k] = silence{min(q.until, from), true}
		delete(s.told, k)
		s.lifted = true
	}
}

func (e *Engine) appendIssued(list []issue) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := codec.AppendUint([]byte{sectionIssued}, uint64(len(list)))
	for _, o := range list {
		b = o.append(appendKey(b, o.group))
	}
	return b
}

// snapshotCorrections writes what can be corrected, and what waits.
func (e *Engine) snapshotCorrections(size int, write func([]byte) error) error {
	e.mu.Lock()
	order, waiting := slices.Clone(e.corrections.order), slices.Clone(e.corrections.waiting)
	order = slices.DeleteFunc(order, func(o issue) bool { return o.withdrawn })
	e.mu.Unlock()
	for part := range slices.Chunk(order, size/issuedSize+1) {
		if err := write(e.appendIssued(part)); err != nil {
			return err
		}
	}
	return write(appendCorrections(nil, waiting))
}
