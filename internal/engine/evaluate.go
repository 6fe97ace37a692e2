// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"net/netip"
	"slices"

	"github.com/iishunt/iishunt/internal/rule"
)

// Evaluate returns the findings of a window, those with the
// highest score first and then in order of FirstSeen, without those that
// SuppressFor keeps quiet; their number is suppressed. They wait for delivery (see
// Waiting). Windows must be evaluated in the order in which Next gave them.
func (e *Engine) Evaluate(w *Window) (findings []*Finding, suppressed int) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	if e.overlaps() {
		findings, suppressed = e.slideTo(w)
		e.leave(w.until - e.window + e.every)
	} else {
		findings = e.evaluateAlone(w)
	}
	if f := e.flood(w); f != nil {
		findings = append(findings, f)
	}
	for _, f := range findings {
		f.said = e.toldOf(f)
	}
	slices.SortFunc(findings, (*Finding).compare)
	kept := findings[:0]
	for _, f := range findings {
		said := f.said
		if e.suppressed.suppress(f.key, w.until, w.Reasons == 0) && !e.suppressed.escalates(f.key, said) {
			suppressed++
			continue
		}
		e.suppressed.tell(f.key, said)
		kept = append(kept, f)
	}
	clear(findings[len(kept):])
	e.outbox = append(e.outbox, kept...)
	e.evaluatedWindow(w, kept)
	return kept, suppressed
}

// evaluateAlone evaluates a window that shares no pane with others: it is one pane,
// which takes no more records, so that it is read without the lock.
func (e *Engine) evaluateAlone(w *Window) (findings []*Finding) {
	e.mu.Lock()
	w.pane = e.panes[e.paneOf(w.until-e.window)]
	e.mu.Unlock()
	if w.pane == nil {
		return nil
	}
	for k, g := range w.pane.groups {
		if g == nil || g.tally == nil && !e.oneIsEnough() {
			continue
		}
		if t := g.read(); e.found(w, k, t) {
			findings = append(findings, e.finding(w, k, t))
		}
	}
	e.history.learn(w.until-e.window, maps.Keys(w.pane.groups))
	return findings
}

// evaluatedWindow forgets the panes that were kept for the window.
func (e *Engine) evaluatedWindow(w *Window, kept []*Finding) {
	w.pane = nil
	last := e.logFindings(kept)
	if !w.Empty { // else it is not worth a write: after a crash it is empty again
		last = e.appendEvaluated(last, w, kept)
	}
	e.issue(kept)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.logEvaluated(last)
	e.evaluated, e.evaluating = max(e.evaluated, w.until), false
	e.correctLate()
	e.stats.Waiting = len(e.outbox)
	for p, pn := range e.panes {
		if e.lastEnd(p) <= w.until {
			e.emptied(pn)
			delete(e.panes, p)
		}
	}
	e.slid = e.slide.size
}

// oneIsEnough reports whether a group of one request can be a finding.
func (e *Engine) oneIsEnough() bool { return e.bounds.least <= 1 && e.cfg.MinRequests <= 1 }

// found reports whether a group that is not settled is a finding of a window.
func (e *Engine) found(w *Window, k rule.Key, t *tally) bool {
	return len(t.clients) >= e.bounds.least && t.requests >= uint64(e.cfg.MinRequests) && !e.tooOld(w, k)
}

// tooOld reports whether the URI of a group is known from shortly before the
// window, where only new ones are asked for.
func (e *Engine) tooOld(w *Window, k rule.Key) bool {
	within := int64(e.cfg.OnlyNew)
	return within > 0 && e.history.knows(k.URI(), w.Start-within, w.Start)
}

func (e *Engine) finding(w *Window, k rule.Key, t *tally) *Finding {
	f := &Finding{
		WindowStart: w.Start, WindowEnd: w.End, Reasons: w.Reasons, Account: w.Account,
		Values: t.values, Hosts: t.hosts, Servers: t.servers, Methods: t.methods, Samples: t.samples,
		Requests: t.requests, NoReferer: uint64(t.noRef), Foreign: uint64(t.foreign), FirstSeen: t.first, LastSeen: t.last,
		Novelty: e.novelty(w, k), HistoryStart: e.history.since(w.firstRecord), Traits: t.traits,
	}
	e.mu.Lock()
	f.RefererLogged = e.refererDays.all(t)
	e.mu.Unlock()
	f.group, f.clients = k, slices.Clone(t.clients)
	if at := e.bounds.pageAt; at >= 0 {
		f.Page = t.values[at]
		f.Path, f.Paths = t.all(f.Page)
	}
	e.putClients(f, t)
	endTime := t.first
	for _, s := range t.sites {
		endTime = max(endTime, s.first)
		if s.name != "" {
			f.Sites = append(f.Sites, s.name)
		}
	}
	if e.cfg.Semantics == rule.Sentinel {
		f.LastSeen = endTime
	}
	f.PageClients = e.pageOf(w, k, f)
	e.identify(f)
	return f
}

func (e *Engine) putClients(f *Finding, t *tally) {
	others := e.bounds.counted
	for i := range t.clients {
		c := &t.clients[i]
		text := c.text
		if network := e.bounds.owners.Network(c.addr); network != "" {
			text, others = network, true
			f.Networks = append(f.Networks, network)
		}
		f.Counted = append(f.Counted, text)
		if !e.bounds.counted {
			f.Clients = append(f.Clients, c.text)
		}
	}
	if !others {
		f.Counted = nil
	}
	f.Clients = append(f.Clients, t.addresses...)
	slices.Sort(f.Clients)
	f.Clients = slices.CompactFunc(f.Clients, sameAddress)
	slices.Sort(f.Counted)
	slices.Sort(f.Networks)
}

// sameAddress reports whether two texts are spellings of one address.
func sameAddress(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return a == b || errX == nil && errY == nil && x == y
}

func (e *Engine) novelty(w *Window, k rule.Key) Novelty {
	switch {
	case e.history.knows(k.URI(), minTime, w.Start):
		return NoveltyKnown
	case e.history.since(w.firstRecord) < w.Start:
		return NoveltyNew
	default:
		return NoveltyUnknown
	}
}

// identify sets the id, the first half of a SHA-256 in hexadecimal, and the key.
func (e *Engine) identify(f *Finding) {
	b := e.identity(e.scratch[:0], f)
	f.key = e.seed.Key(b)
	b = binary.BigEndian.AppendUint64(b, uint64(f.WindowStart))
	b = binary.BigEndian.AppendUint64(b, uint64(f.WindowEnd))
	sum := sha256.Sum256(b)
	f.ID = hex.EncodeToString(sum[:16])
	e.scratch = b
}

// identity is what makes findings of two windows the same: rule, group, clients.
func (e *Engine) identity(b []byte, f *Finding) []byte {
	b = rule.AppendField(b, e.ruleID)
	b = binary.AppendUvarint(b, uint64(len(f.Values)))
	for i, v := range f.Values {
		b = e.appendValue(b, i, v)
	}
	for _, c := range f.Identities() {
		b = rule.AppendField(b, c)
	}
	return b
}
