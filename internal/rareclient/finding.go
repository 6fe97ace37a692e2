// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
)

// Window is an evaluation that is due: event time [Start, End), nanoseconds
// since the Unix epoch.
type Window struct {
	Start, End int64
	Reasons    Reasons // why its evidence is incomplete; empty when it is complete
	Funnel     Funnel  // what became of its records

	panes []map[Key]*group
}

// Finding is a group with few enough clients in a window.
type Finding struct {
	ID          string // of rule, group, window and clients: the same wherever it is computed
	WindowStart int64  // nanoseconds since the Unix epoch, as all times here
	WindowEnd   int64
	Values      []string // of group_by, as spelled in the earliest request
	Clients     []string // sorted
	Sites       []string // sorted
	Hosts       []string // sorted
	Servers     []string // sorted
	Requests    uint64
	FirstSeen   int64 // the query's StartTime
	LastSeen    int64 // the last request; under sentinel the query's EndTime
	Samples     []Sample
	Reasons     Reasons
}

// Evaluate merges the panes of a window and returns its findings in order of
// FirstSeen, without those that SuppressFor keeps quiet; their number is
// suppressed. Windows must be evaluated in the order in which Next gave them.
func (e *Engine) Evaluate(w *Window) (findings []Finding, suppressed int) {
	for i, groups := range w.panes {
		for k, g := range groups {
			if g == nil || seenBefore(w.panes[:i], k) {
				continue
			}
			if g, ok := e.mergeGroup(w.panes[i+1:], k, g); ok && e.found(g) {
				findings = append(findings, e.finding(w, g))
			}
		}
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.FirstSeen, b.FirstSeen), slices.Compare(a.Values, b.Values), strings.Compare(a.ID, b.ID))
	})
	e.suppressMu.Lock()
	defer e.suppressMu.Unlock()
	kept := findings[:0]
	for i := range findings {
		if e.suppressed.suppress(e.findingKey(&findings[i]), w.End) {
			suppressed++
			continue
		}
		kept = append(kept, findings[i])
	}
	return kept, suppressed
}

// seenBefore reports whether an earlier pane has the group: it was merged there.
func seenBefore(panes []map[Key]*group, k Key) bool {
	return slices.ContainsFunc(panes, func(groups map[Key]*group) bool {
		_, known := groups[k]
		return known
	})
}

// mergeGroup adds what later panes know of a group; false when it is settled.
func (e *Engine) mergeGroup(later []map[Key]*group, k Key, g *group) (*group, bool) {
	merged := g
	for _, groups := range later {
		o, known := groups[k]
		switch {
		case !known:
			continue
		case o == nil:
			return nil, false
		case merged == g:
			merged = g.clone()
		}
		if !merged.merge(o, e.cfg.ClientThreshold, e.cfg.Evidence) {
			return nil, false
		}
	}
	return merged, true
}

func (e *Engine) found(g *group) bool {
	return (e.cfg.Comparison == LessOrEqual || len(g.clients) == e.cfg.ClientThreshold) &&
		g.requests >= uint64(e.cfg.MinRequests)
}

func (e *Engine) finding(w *Window, g *group) Finding {
	f := Finding{
		WindowStart: w.Start, WindowEnd: w.End, Reasons: w.Reasons,
		Values: g.values, Hosts: g.hosts, Servers: g.servers, Samples: g.samples,
		Requests: g.requests, FirstSeen: g.first, LastSeen: g.last,
	}
	for _, c := range g.clients {
		f.Clients = append(f.Clients, c.text)
	}
	slices.Sort(f.Clients)
	endTime := g.first
	for _, s := range g.sites {
		endTime = max(endTime, s.first)
		if s.name != "" {
			f.Sites = append(f.Sites, s.name)
		}
	}
	if e.cfg.Semantics == Sentinel {
		f.LastSeen = endTime
	}
	f.ID = e.id(&f)
	return f
}

// id is the first half of a SHA-256, in hexadecimal.
func (e *Engine) id(f *Finding) string {
	b := e.identity(f)
	b = binary.BigEndian.AppendUint64(b, uint64(f.WindowStart))
	b = binary.BigEndian.AppendUint64(b, uint64(f.WindowEnd))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// identity is what makes findings of two windows the same: rule, group, clients.
func (e *Engine) identity(f *Finding) []byte {
	b := appendField(nil, e.ruleID)
	b = binary.AppendUvarint(b, uint64(len(f.Values)))
	for i, v := range f.Values {
		if i == e.pathAt {
			b = appendFolded(b, v)
		} else {
			b = appendField(b, v)
		}
	}
	for _, c := range f.Clients {
		b = appendField(b, c)
	}
	return b
}

func (e *Engine) findingKey(f *Finding) Key { return e.seed.key(e.identity(f)) }
