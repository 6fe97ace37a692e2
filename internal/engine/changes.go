// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// changes collects what has changed since it was last taken, so that a copy of
// the state elsewhere can follow. What is taken is a list of sections. Those of
// groups, panes and sources hold the whole new value, so that the order in
// which a copy got older ones, or whether it got one twice, does not matter.
type changes struct {
	groups  []groupRef
	panes   []int64
	sources []rule.Key
	scalars bool
	ranges  bool
	// taken has the sections that are fixed already: an event applies to the
	// state as it was then.
	taken []byte
}

type groupRef struct {
	pane int64
	key  rule.Key
}

// The sections.
const (
	sectionScalars byte = iota + 1
	sectionSource
	sectionPane
	sectionGroups
	sectionLossRanges
	sectionEvaluated
	sectionFindings
	sectionDelivered
	sectionHistory
	sectionSuppressed
)

// TakeChanges returns what has changed since the last call, for Apply; nothing
// if nothing has. Only an engine that follows its changes (see Follow) has any.
func (e *Engine) TakeChanges() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.takeChanges()
}

func (e *Engine) takeChanges() []byte {
	e.fixChanges()
	b := e.changes.taken
	e.changes.taken = nil
	return b
}

// fixChanges writes down what has changed so far.
func (e *Engine) fixChanges() {
	c := &e.changes
	b := c.taken
	if b == nil && (c.scalars || len(c.groups) > 0) {
		b = make([]byte, 0, 1024)
	}
	for _, k := range c.sources {
		if s := e.clock.sources[k]; s != nil && s.changed {
			s.changed = false
			b = s.append(append(b, sectionSource), k)
		}
	}
	for _, p := range c.panes {
		if pn := e.anyPane(p); pn != nil && pn.changed {
			pn.changed = false
			b = pn.append(append(b, sectionPane), p)
		}
	}
	b = e.appendChangedGroups(b)
	if c.ranges {
		b = e.lossRanges.append(append(b, sectionLossRanges))
	}
	if c.scalars {
		b = e.appendScalars(b)
	}
	*c = changes{groups: c.groups[:0], panes: c.panes[:0], sources: c.sources[:0], taken: b}
}

func (e *Engine) appendChangedGroups(b []byte) []byte {
	refs := e.changes.groups
	for i := 0; i < len(refs); {
		p, n := refs[i].pane, 1
		for i+n < len(refs) && refs[i+n].pane == p {
			n++
		}
		pn := e.anyPane(p)
		b = codec.AppendInt(append(b, sectionGroups), p)
		b = codec.AppendUint(b, uint64(n))
		for _, r := range refs[i : i+n] {
			b = pn.appendGroup(b, r.key)
		}
		i += n
	}
	return b
}

// anyPane returns a pane that takes records or is to be evaluated still.
func (e *Engine) anyPane(p int64) *pane {
	if pn := e.panes[p]; pn != nil {
		return pn
	}
	return e.closing[p]
}

func (e *Engine) groupChanged(p int64, k rule.Key, g *group) {
	if !e.following || g != nil && g.changed {
		return
	}
	if g != nil {
		g.changed = true
	}
	e.changes.groups = append(e.changes.groups, groupRef{p, k})
}

func (e *Engine) paneChanged(p int64, pn *pane) {
	if e.following && !pn.changed {
		pn.changed = true
		e.changes.panes = append(e.changes.panes, p)
	}
}

func (e *Engine) sourceChanged(k rule.Key, s *source) {
	if e.following && !s.changed {
		s.changed = true
		e.changes.sources = append(e.changes.sources, k)
	}
}

// pieceOfFindings is how many findings are written at once.
const pieceOfFindings = 512

// logFindings hands the findings that an evaluation put into the outbox to keep,
// in pieces, but for the last piece, which it returns. They come before the
// section that tells of the evaluation: after a crash between the two they are
// found again, and none is lost.
func (e *Engine) logFindings(findings []*Finding) []byte {
	if !e.following {
		return nil
	}
	for len(findings) > pieceOfFindings {
		e.keep(appendFindings(nil, findings[:pieceOfFindings]))
		findings = findings[pieceOfFindings:]
	}
	return appendFindings(nil, findings)
}

// logEvaluated records an evaluation, with the last of its findings and the keys
// of all that it gave. mu is held.
func (e *Engine) logEvaluated(end int64, kept []*Finding, findings []byte, complete bool) {
	if !e.following {
		return
	}
	e.changes.scalars = true // a watermark that passed windows is kept with what they gave
	e.fixChanges()
	b := e.changes.taken
	b = append(b, findings...)
	b = codec.AppendInt(append(b, sectionEvaluated), end)
	b = codec.AppendBool(b, complete)
	b = codec.AppendUint(b, uint64(len(kept)))
	for _, f := range kept {
		b = appendKey(b, f.key)
	}
	e.changes.taken = b
}

// logDelivered names the findings, rather than their number: where a part of
// what is stored is damaged, no others are taken for delivered.
func (e *Engine) logDelivered(findings []*Finding) {
	if !e.following {
		return
	}
	e.fixChanges()
	var ids []string
	for _, f := range findings {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	e.changes.taken = appendTexts(append(e.changes.taken, sectionDelivered), ids)
}

func appendFindings(b []byte, findings []*Finding) []byte {
	if len(findings) == 0 {
		return b
	}
	b = codec.AppendUint(append(b, sectionFindings), uint64(len(findings)))
	for _, f := range findings {
		b = f.append(b)
	}
	return b
}

func (e *Engine) appendScalars(b []byte) []byte {
	b = append(b, sectionScalars)
	for _, t := range [...]int64{e.clock.watermark, e.firstSeen, e.undated, e.evaluated} {
		b = codec.AppendInt(b, t)
	}
	return codec.AppendBool(b, e.clock.seen)
}

func (s *source) append(b []byte, k rule.Key) []byte {
	b = appendKey(b, k)
	b = codec.AppendInt(codec.AppendInt(b, s.newest), s.last)
	return codec.AppendBool(codec.AppendBool(b, s.timed), s.pending)
}

func (pn *pane) append(b []byte, p int64) []byte {
	b = codec.AppendUint(codec.AppendInt(b, p), uint64(pn.reasons))
	return pn.funnel.append(b)
}

// appendGroup appends a group with its key; a settled one is its key alone.
func (pn *pane) appendGroup(b []byte, k rule.Key) []byte {
	b = appendKey(b, k)
	g := pn.groups[k]
	if g == nil {
		return append(b, 0)
	}
	g.changed = false
	return g.append(append(b, 1))
}

func (l lossRanges) append(b []byte) []byte {
	b = codec.AppendUint(b, uint64(len(l)))
	for _, s := range l {
		b = codec.AppendUint(codec.AppendInt(codec.AppendInt(b, s.from), s.to), uint64(s.lost))
	}
	return b
}

// Snapshot gives the whole state to write, in parts of about size bytes, to be
// applied in their order before the changes that were taken since it began; the
// changes up to then must have been taken.
// encode, which write must call, returns the part as it is at that moment;
// write may call TakeChanges. Records may be committed meanwhile; Evaluate,
// Delivered and a second Snapshot wait.
func (e *Engine) Snapshot(size int, write func(encode func() []byte) error) error {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	err := write(func() []byte {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.appendOutline(nil)
	})
	if err != nil {
		return err
	}
	e.mu.Lock()
	panes := maps.Clone(e.panes)
	maps.Copy(panes, e.closing)
	e.mu.Unlock()
	for p, pn := range panes {
		if err := e.snapshotPane(p, pn, size, write); err != nil {
			return err
		}
	}
	return e.snapshotRest(size, write)
}

// appendOutline appends everything but groups, history, suppression and outbox.
func (e *Engine) appendOutline(b []byte) []byte {
	for k, s := range e.clock.sources {
		b = s.append(append(b, sectionSource), k)
	}
	for _, panes := range [...]map[int64]*pane{e.closing, e.panes} {
		for p, pn := range panes {
			b = pn.append(append(b, sectionPane), p)
		}
	}
	b = e.lossRanges.append(append(b, sectionLossRanges))
	return e.appendScalars(b)
}

// What an element takes in a part, in bytes; of open groups and findings an estimate.
const (
	settledSize = 17
	openSize    = 512
	findingSize = 2048
	historySize = 16
	givenSize   = 24
)

func (e *Engine) snapshotPane(p int64, pn *pane, partSize int, write func(func() []byte) error) error {
	keys := make([]rule.Key, 0, partSize/settledSize+1)
	size := 0
	part := func() error {
		err := write(func() []byte {
			e.mu.Lock()
			defer e.mu.Unlock()
			b := codec.AppendInt([]byte{sectionGroups}, p)
			b = codec.AppendUint(b, uint64(len(keys)))
			for _, k := range keys {
				b = pn.appendGroup(b, k)
			}
			return b
		})
		keys, size = keys[:0], 0
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	// The lock is released within the loop. A map may grow meanwhile: what was
	// in it comes once, what is added is among the changes.
	for k, g := range pn.groups {
		keys = append(keys, k)
		if size += settledSize; g != nil {
			size += openSize - settledSize
		}
		if size < partSize {
			continue
		}
		e.mu.Unlock()
		err := part()
		e.mu.Lock()
		if err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return nil
	}
	e.mu.Unlock()
	defer e.mu.Lock()
	return part()
}
