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
// after Apply and Restored, and before any record. An evaluation calls keep with
// changes that are large: they come before all that are taken later.
func (e *Engine) Follow(keep func(changes []byte)) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.following, e.keep = true, keep
	e.time.Follow()
}

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
	if t := e.time.AppendChanges(nil); len(t) > 0 {
		b = codec.AppendText(append(b, sectionTime), string(t))
	}
	for _, p := range c.panes {
		if pn := e.panes[p]; pn != nil && pn.changed {
			pn.changed = false
			b = pn.append(append(b, sectionPane3), p)
		}
	}
	b = e.appendChangedPages(e.appendChangedGroups(b))
	b = e.appendFloods(b, c.floods)
	if c.ranges {
		b = e.lossRanges.append(append(b, sectionLossRanges))
	}
	if c.scalars {
		b = e.appendScalars(b)
	}
	b = appendCorrections(b, c.corrections)
	*c = changes{groups: c.groups[:0], pages: c.pages[:0], panes: c.panes[:0], floods: c.floods[:0], taken: b}
}

func (e *Engine) appendChangedGroups(b []byte) []byte {
	refs := e.changes.groups
	for i := 0; i < len(refs); {
		p, n := refs[i].pane, 1
		for i+n < len(refs) && refs[i+n].pane == p {
			n++
		}
		pn := e.panes[p]
		b = codec.AppendInt(append(b, sectionGroups), p)
		b = codec.AppendUint(b, uint64(n))
		for _, r := range refs[i : i+n] {
			b = pn.appendGroup(b, r.key)
		}
		i += n
	}
	return b
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

// pieceOfFindings is how many findings are written at once.
const pieceOfFindings = 512

// logFindings hands the findings that an evaluation put into the outbox to keep,
// in pieces, but for the last piece, which it returns. They come before the
// section of the evaluation: after a crash between the two they are
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

// appendEvaluated appends an evaluation, with the keys of all that it gave.
func (e *Engine) appendEvaluated(b []byte, w *Window, kept []*Finding) []byte {
	if !e.following {
		return nil
	}
	b = codec.AppendInt(append(b, sectionEvaluated), w.until)
	b = codec.AppendBool(b, w.Reasons == 0)
	b = codec.AppendUint(b, uint64(len(kept)))
	keys := make([]rule.Key, 0, len(kept))
	for _, f := range kept {
		b = appendKey(b, f.key)
		keys = append(keys, f.key)
	}
	if e.suppressed.period > 0 {
		b = e.suppressed.appendTold(b, keys)
	}
	return b
}

// logEvaluated records an evaluation and the last of its findings. mu is held.
func (e *Engine) logEvaluated(sections []byte) {
	if len(sections) == 0 {
		return
	}
	e.changes.scalars = true // a watermark that passed windows is kept with what they gave
	e.fixChanges()
	e.changes.taken = append(e.changes.taken, sections...)
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

func (e *Engine) appendScalars(b []byte) []byte {
	b = append(b, sectionScalars2)
	for _, t := range [...]int64{e.time.Watermark(), e.firstSeen, e.silentSince, e.evaluated} {
		b = codec.AppendInt(b, t)
	}
	return codec.AppendBool(b, e.silentSince != math.MaxInt64)
}
