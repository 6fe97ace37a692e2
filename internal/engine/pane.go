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
	changed bool // it is among the changes
}

// closedPane is what the evaluation of a window reads of a pane. It takes no
// more records, so its map and the tallies in it are read without the lock.
type closedPane struct {
	start  int64 // event time
	groups map[rule.Key]*group
	pages  map[uint64]*visitors
	blind  bool
}

// panesWithin returns the panes of a window that have groups, in order of time.
func panesWithin(panes map[int64]*pane, start, end, length int64) []closedPane {
	var out []closedPane
	for p := floorDiv(start, length); p*length < end; p++ {
		if pn := panes[p]; pn != nil && len(pn.groups) > 0 {
			out = append(out, closedPane{p * length, pn.groups, pn.pages, pn.blind})
		}
	}
	return out
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
		return append(b, storedSettled)
	}
	g.changed = false
	return g.append(append(b, storedUsed))
}
