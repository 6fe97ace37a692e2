// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
)

// lastVisits are the clients of a page over the closed panes that windows to come
// cover, each with the last pane that it was seen in. As for a series, nothing of the
// panes up to the wall counts any more: with those behind it they have too many.
type lastVisits struct {
	wall int64 // pane; minTime where there is none
	last []lastVisit
}

type lastVisit struct {
	client uint64
	pane   int64
}

func (l *lastVisits) add(pane int64, v *visitors) {
	if v.many {
		*l = lastVisits{wall: pane}
		return
	}
	for _, c := range v.clients {
		at := slices.IndexFunc(l.last, func(o lastVisit) bool { return o.client == c })
		if at < 0 {
			at = len(l.last)
			l.last = append(l.last, lastVisit{client: c})
		}
		l.last[at].pane = pane
	}
	if len(l.last) > pageClients {
		slices.SortFunc(l.last, func(x, y lastVisit) int { return cmp.Compare(y.pane, x.pane) })
		l.wall = l.last[pageClients].pane
		l.last = slices.DeleteFunc(l.last, func(o lastVisit) bool { return o.pane <= l.wall })
	}
}

// over reports whether nothing is known of the panes behind one.
func (l *lastVisits) over(pane int64) bool {
	return l.wall <= pane && !slices.ContainsFunc(l.last, func(o lastVisit) bool { return o.pane > pane })
}

// count tells the clients from a pane on.
func (l *lastVisits) count(first int64) PageClients {
	if l.wall >= first {
		return PageClients{pageClients, true}
	}
	n := 0
	for _, o := range l.last {
		if o.pane >= first {
			n++
		}
	}
	return PageClients{Count: n}
}

// at returns the clients whose last visit was in a pane, of those that are told apart.
func (l *lastVisits) at(pane int64) *visitors {
	if l == nil { // a damaged state told a page of no clients
		return &visitors{}
	}
	v := &visitors{many: l.wall == pane}
	for _, o := range l.last {
		if o.pane == pane && !v.many {
			v.clients = append(v.clients, o.client)
		}
	}
	slices.Sort(v.clients)
	return v
}

// visitors tells who asked for a page from a pane on.
func (s *slide) visitors(uri uint64, first int64) PageClients {
	l := s.pages[uri]
	if l == nil {
		return PageClients{}
	}
	if c := l.count(first); c.More || s.blind < first {
		return c
	}
	return PageClients{}
}
