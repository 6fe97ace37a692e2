// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"github.com/iishunt/iishunt/internal/rareclient"
	"github.com/iishunt/iishunt/internal/w3c"
)

// heldLine is a line of a batch of which it is not settled yet whether it is
// sent.
type heldLine struct {
	// text is the line, or of an error record its body.
	text string
	// problem is what an error record says about its line.
	problem string
	under   *block
	at      int64 // place in the file
	nanos   int64 // time; 0 if it is not known, and such a line is always sent
	origin  int   // index in heldLines.origins
	stage   rareclient.Stage
	drop    bool // the stage drops it
	send    bool // although the stage drops it
}

// block is what the lines below a block of directives have in common.
type block struct {
	schema   *w3c.Schema
	plan     *plan
	baseDate string
	quoted   bool
}

// heldLines are the lines of one batch, with match. Most of them are dropped.
//
// Some of those are sent all the same, so that rare_client learns the same from
// the batch as from all of its lines: how far the time has come in each source,
// between which times an unreadable line lies, which windows have lines at all,
// and which stage was the last that a line reached. They are ordinary records;
// rare_client drops and counts them itself.
type heldLines struct {
	lines   []heldLine
	origins []origin
}

func (h *heldLines) reset() {
	clear(h.lines)
	clear(h.origins)
	h.lines, h.origins = h.lines[:0], h.origins[:0]
}

// originIndex returns the index of an origin; nearly all lines of a batch have
// the same one.
func (h *heldLines) originIndex(from origin) int {
	for i := len(h.origins) - 1; i >= 0; i-- {
		if h.origins[i] == from {
			return i
		}
	}
	h.origins = append(h.origins, from)
	return len(h.origins) - 1
}

// source is what the lines of one origin in a batch have come to so far. The
// fields are indexes of lines, -1 for none.
type source struct {
	oldest, newest, last int
	// lost: the line before cannot be read.
	lost bool
}

// settle chooses which of the lines are sent although a stage drops them, and
// counts the others by stage.
func (h *heldLines) settle(dropped *[rareclient.NumStages]int64) {
	sources := make([]source, len(h.origins))
	for i := range sources {
		sources[i] = source{-1, -1, -1, false}
	}
	const minute = 60_000_000_000 // nanoseconds
	furthest := -1                // of this minute
	for i := range h.lines {
		l, s := &h.lines[i], &sources[h.lines[i].origin]
		if l.nanos == 0 {
			h.send(s.last)
			s.lost = true
			continue
		}
		if s.last < 0 {
			s.oldest, s.newest = i, i
		}
		if s.last < 0 || s.lost {
			h.send(i)
		}
		s.last, s.lost = i, false
		if l.nanos < h.lines[s.oldest].nanos {
			s.oldest = i
		}
		if l.nanos > h.lines[s.newest].nanos {
			s.newest = i
		}
		switch {
		case furthest < 0:
			furthest = i
		case l.nanos/minute != h.lines[furthest].nanos/minute:
			h.send(furthest)
			furthest = i
		case l.further(&h.lines[furthest]):
			furthest = i
		}
	}
	h.send(furthest)
	for i := range sources {
		h.send(sources[i].oldest)
		h.send(sources[i].newest)
		h.send(sources[i].last)
	}
	for i := range h.lines {
		if l := &h.lines[i]; l.drop && !l.send {
			dropped[l.stage]++
		}
	}
}

func (h *heldLines) send(i int) {
	if i >= 0 {
		h.lines[i].send = true
	}
}

// further tells whether l passed stages that stopped m.
func (l *heldLine) further(m *heldLine) bool {
	return m.drop && (!l.drop || l.stage > m.stage)
}
