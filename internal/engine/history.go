// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/binary"
	"iter"
	"maps"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// history remembers which URIs (groups, where group_by has neither iis.page nor
// url.path) were requested before the windows to come, and when the last time, so
// that a finding can tell whether its URI is new. Only requests that passed the
// match stages count. A pane is learned when no window to come covers it.
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
	last  map[uint64]int64 // by URI: start of the pane of its last request; of states of former versions: the first
}

func newHistory(maxGroups int) history {
	return history{bound: max(1, maxGroups/2), next: minTime}
}

// learn adds a pane that begins at an event time and that no later window covers,
// by its groups. Panes must come in their order.
func (h *history) learn(start int64, groups iter.Seq[rule.Key]) {
	if start < h.next {
		return
	}
	h.next = start + 1
	fresh := map[uint64]int64{}
	added := 0
	for k := range groups {
		uri := k.URI()
		if _, known := fresh[uri]; known {
			continue
		}
		if _, known := h.young.last[uri]; !known {
			added++
		}
		fresh[uri] = start
	}
	switch {
	case len(h.young.last) == 0:
		h.young = generation{start, fresh}
	case len(h.young.last)+added > h.bound:
		h.cut = h.cut || h.old.last != nil
		h.old, h.young = h.young, generation{start, fresh}
	default:
		maps.Copy(h.young.last, fresh)
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

// knows reports whether a URI was requested in a pane that begins within a time, the
// end not included. It knows of the last request alone: none may be later.
func (h *history) knows(uri uint64, from, to int64) bool {
	last, ok := h.young.last[uri]
	if !ok {
		last, ok = h.old.last[uri]
	}
	return ok && from <= last && last < to
}

func (h *history) snapshot(size int, write func([]byte) error) error {
	for i, g := range [...]*generation{&h.old, &h.young} {
		if g.last == nil && i == 0 {
			continue
		}
		left := len(g.last)
		next, stop := iter.Pull2(maps.All(g.last))
		defer stop()
		for begun := false; left > 0 || !begun; begun = true {
			n := min(left, size/historySize+1)
			b := []byte{sectionHistory, byte(i)}
			b = codec.AppendInt(codec.AppendInt(b, g.start), h.next)
			b = codec.AppendUint(codec.AppendBool(b, h.cut), uint64(n))
			for range n {
				uri, last, _ := next()
				b = codec.AppendInt(binary.LittleEndian.AppendUint64(b, uri), last)
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
		uri, last := d.Bytes(8), d.time()
		if d.Err != nil {
			return
		}
		if g.last == nil {
			g.last = map[uint64]int64{}
		}
		g.last[binary.LittleEndian.Uint64(uri)] = last
	}
	if d.Err == nil {
		g.start, h.next, h.cut = start, next, cut
	}
}
