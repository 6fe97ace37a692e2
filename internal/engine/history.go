// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/binary"
	"iter"
	"maps"

	"github.com/iishunt/iishunt/internal/codec"
)

// history remembers which URIs were requested in the windows evaluated so far
// (groups, where url.path is not in group_by), so that a finding can tell
// whether its URI is new. Only requests that passed the match stages count.
//
// It is bounded: it has two generations, and when the younger is full the older
// is forgotten. A URI that is requested again moves to the younger one.
type history struct {
	bound      int // URIs in a generation, unless a single pane has more
	young, old generation
	next       int64 // start of the first pane that was not learned yet
	cut        bool  // a generation was forgotten
}

type generation struct {
	start int64            // of its first pane
	first map[uint64]int64 // by URI: start of the pane of its first request
}

func newHistory(maxGroups int) history {
	return history{bound: max(1, maxGroups/2), next: minTime}
}

// learn adds the panes of a window. Windows must come in the order of their ends.
func (h *history) learn(panes []closedPane) {
	for i := range panes {
		if p := &panes[i]; p.start >= h.next {
			h.next = p.start + 1
			h.add(p)
		}
	}
}

func (h *history) add(p *closedPane) {
	fresh := map[uint64]int64{}
	added := 0
	for k := range p.groups {
		uri := k.URI()
		if _, known := fresh[uri]; known {
			continue
		}
		first, known := h.young.first[uri]
		if !known {
			added++
			if first, known = h.old.first[uri]; !known {
				first = p.start
			}
		}
		fresh[uri] = first
	}
	switch {
	case len(h.young.first) == 0:
		h.young = generation{p.start, fresh}
	case len(h.young.first)+added > h.bound:
		h.cut = h.cut || h.old.first != nil
		h.old, h.young = h.young, generation{p.start, fresh}
	default:
		maps.Copy(h.young.first, fresh)
	}
}

// since returns the time from which on everything is remembered: that of the
// first record of all, or the beginning of the older generation.
func (h *history) since(firstRecord int64) int64 {
	if h.cut {
		return max(firstRecord, h.old.start)
	}
	return firstRecord
}

// knows reports whether a URI was requested in a pane before t.
func (h *history) knows(uri uint64, t int64) bool {
	if first, ok := h.young.first[uri]; ok {
		return first < t
	}
	first, ok := h.old.first[uri]
	return ok && first < t
}

func (h *history) snapshot(size int, write func([]byte) error) error {
	for i, g := range [...]*generation{&h.old, &h.young} {
		if g.first == nil && i == 0 {
			continue
		}
		left := len(g.first)
		next, stop := iter.Pull2(maps.All(g.first))
		defer stop()
		for begun := false; left > 0 || !begun; begun = true {
			n := min(left, size/historySize+1)
			b := []byte{sectionHistory, byte(i)}
			b = codec.AppendInt(codec.AppendInt(b, g.start), h.next)
			b = codec.AppendUint(codec.AppendBool(b, h.cut), uint64(n))
			for range n {
				uri, first, _ := next()
				b = codec.AppendInt(binary.LittleEndian.AppendUint64(b, uri), first)
			}
			if err := write(b); err != nil {
				return err
			}
			left -= n
		}
	}
	return nil
}

func (h *history) apply(d *decoder) {
	g := &h.old
	if d.Bool() {
		g = &h.young
	}
	start, next, cut := d.time(), d.time(), d.Bool()
	for range d.Count(9) {
		uri, first := d.Bytes(8), d.time()
		if d.Err != nil {
			return
		}
		if g.first == nil {
			g.first = map[uint64]int64{}
		}
		g.first[binary.LittleEndian.Uint64(uri)] = first
	}
	if d.Err == nil {
		g.start, h.next, h.cut = start, next, cut
	}
}
