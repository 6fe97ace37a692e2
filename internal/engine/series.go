// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"

	"github.com/iishunt/iishunt/internal/rule"
)

// series is a group over the closed panes that windows to come cover.
//
// Each such window over a pane covers all later closed panes, too. So when the
// panes from some pane on have more clients than a finding, what is known of that
// pane and of those before it can be in no finding any more: it is forgotten. That
// pane is the wall. Behind it there are never more clients than a finding has.
type series struct {
	key     rule.Key
	entries []entry // behind the wall, in order of their panes
	seen    []sight // their clients
	wall    int64   // pane; minTime where there is none
	id      rule.Key
	sums    *sums
	// looked: it was a finding when it was last looked at, and id is its key.
	looked bool
	// touched: entries have come or gone since.
	touched bool
	state   sleep
}

// sleep says whether a series is among those that nobody looks at.
type sleep uint8

const (
	waking sleep = iota
	sleeping
	sleepingIncomplete
)

// entry is a group of a closed pane. It never changes.
type entry struct {
	pane int64
	*group
}

// sight is the last pane of a client.
type sight struct {
	client
	pane int64
}

// add takes what a pane knows of the group, and returns the entries that it forgets.
// A group that is nil is settled. Panes come in their order.
func (s *series) add(pane int64, g *group, b *bounds) (gone []entry) {
	if g == nil {
		gone = s.entries
		*s = series{key: s.key, wall: pane, touched: s.touched, state: s.state}
		return gone
	}
	t := g.read()
	for _, c := range t.clients {
		at := slices.IndexFunc(s.seen, func(o sight) bool { return o.same(&c) })
		if at < 0 {
			at = len(s.seen)
			s.seen = append(s.seen, sight{client: c})
		}
		s.seen[at].pane = pane
	}
	s.entries = append(s.entries, entry{pane, g})
	s.sums.push(t, b)
	if len(s.seen) > b.clients {
		slices.SortFunc(s.seen, func(x, y sight) int { return cmp.Compare(y.pane, x.pane) })
		s.wall = s.seen[b.clients].pane
		gone = s.drop(s.wall)
	}
	return gone
}

// drop forgets the entries up to a pane, and returns them.
func (s *series) drop(pane int64) []entry {
	n := 0
	for n < len(s.entries) && s.entries[n].pane <= pane {
		n++
	}
	if n == 0 {
		return nil
	}
	gone := slices.Clone(s.entries[:n])
	s.entries = slices.Delete(s.entries, 0, n)
	s.seen = slices.DeleteFunc(s.seen, func(o sight) bool { return o.pane <= pane })
	if s.sums = s.sums.pop(n); len(s.entries) == 0 {
		s.entries, s.seen = nil, nil
	}
	return gone
}

// over reports whether nothing is known of the group in the panes behind one.
func (s *series) over(pane int64) bool { return len(s.entries) == 0 && s.wall <= pane }

// at returns the group of a pane; nil where it is settled, or forgotten behind the wall.
func (s *series) at(pane int64) *group {
	i, found := slices.BinarySearchFunc(s.entries, pane, func(e entry, p int64) int { return cmp.Compare(e.pane, p) })
	if !found {
		return nil
	}
	return s.entries[i].group
}

// total returns what is known of the group from a pane on that is behind all that
// have left; nil where it has more clients than a finding. It must not be changed.
func (s *series) total(first int64, b *bounds) *tally {
	if s.wall >= first || len(s.entries) == 0 {
		return nil
	}
	if len(s.entries) > stride && s.sums == nil {
		s.sums = newSums(s.entries, b)
	}
	if len(s.entries) == 1 {
		return s.entries[0].read()
	}
	return s.sums.total(s.entries, b)
}
