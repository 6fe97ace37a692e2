// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"

	"github.com/iishunt/iishunt/internal/rule"
)

// Evaluate merges the panes of a window and returns its findings, those with the
// highest score first and then in order of FirstSeen, without those that
// SuppressFor keeps quiet; their number is suppressed. They wait for delivery (see
// Waiting). Windows must be evaluated in the order in which Next gave them.
func (e *Engine) Evaluate(w *Window) (findings []*Finding, suppressed int) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	for i := range w.panes {
		for k, g := range w.panes[i].groups {
			if g == nil || seenBefore(w.panes[:i], k) {
				continue
			}
			if t, ok := e.merge(w.panes[i+1:], k, &g.tally); ok && e.found(w, k, t) {
				findings = append(findings, e.finding(w, k, t))
			}
		}
	}
	e.history.learn(w.panes, w.until-e.window+e.every)
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

// evaluatedWindow forgets the panes that were kept for the window.
func (e *Engine) evaluatedWindow(w *Window, kept []*Finding) {
	last := e.logFindings(kept)
	e.mu.Lock()
	defer e.mu.Unlock()
	if !w.Empty { // else it is not worth a write: after a crash it is empty again
		e.logEvaluated(w.until, kept, last, w.Reasons == 0)
	}
	e.evaluated = max(e.evaluated, w.until)
	e.issue(kept)
	e.stats.Waiting = len(e.outbox)
	for p := range e.closing {
		if e.lastEnd(p) <= w.until {
			delete(e.closing, p)
		}
	}
}

// seenBefore reports whether an earlier pane has the group: it was merged there.
func seenBefore(panes []closedPane, k rule.Key) bool {
	return slices.ContainsFunc(panes, func(p closedPane) bool {
		_, known := p.groups[k]
		return known
	})
}

// merge adds what later panes know of a group; false when it is settled.
func (e *Engine) merge(later []closedPane, k rule.Key, t *tally) (*tally, bool) {
	merged := t
	for i := range later {
		o, known := later[i].groups[k]
		switch {
		case !known:
			continue
		case o == nil:
			return nil, false
		case merged == t:
			merged = t.clone()
		}
		if !merged.merge(&o.tally, &e.bounds) {
			return nil, false
		}
	}
	return merged, true
}

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
