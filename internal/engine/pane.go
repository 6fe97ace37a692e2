// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// pane holds the groups of one part of event time (see tiling). Engine.mu guards it.
type pane struct {
	// groups has nil for a settled group: more clients than the threshold, so
	// it can be in no finding of any window over this pane. Settled groups are
	// never evicted: a forgotten one would look like a group with one client.
	groups map[rule.Key]*group
	pages  map[uint64]*visitors // by URI; see visitors
	// blind: groups were restored that have no page, so nothing is known of pages.
	blind bool
	// open is the number of groups that are not settled.
	open int
	// extra is the room that they take beyond one each.
	extra int
	// reasons are the losses that touched it.
	reasons Reasons
	funnel  Funnel
	flood   *Flood // nil where there was room for all
	changed bool   // it is among the changes
	// slid: its groups are in the slide. held is how many there were, and open stays.
	slid bool
	held int
}

// count is the number of its groups.
func (pn *pane) count() int { return len(pn.groups) + pn.held }

func (pn *pane) append(b []byte, p int64) []byte {
	b = codec.AppendUint(codec.AppendInt(b, p), uint64(pn.reasons))
	return pn.funnel.append(b)
}

func (pn *pane) appendGroup(b []byte, k rule.Key) []byte {
	g := pn.groups[k]
	if g != nil {
		g.changed = false
	}
	return appendGroup(b, k, g)
}

// appendGroup appends a group with its key; a settled one is its key alone.
func appendGroup(b []byte, k rule.Key, g *group) []byte {
	b = appendKey(b, k)
	if g == nil {
		return append(b, storedSettled)
	}
	return g.append(append(b, storedUsed))
}
