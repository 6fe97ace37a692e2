// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
)

// heldLine is a line of a batch of which it is not settled yet whether it is
// sent. It has no pointers, because there is one for every line of a file: the
// garbage collector need not know.
type heldLine struct {
	// token and start say where the line is, size is its length in bytes. Of an
	// error record token is the index in heldLines.errors instead.
	token, start, size int
	block              int // index in heldLines.blocks
	origin             int // index in heldLines.origins
	stage              rule.Stage
	fate               fate
	bad                bool  // it is an error record
	send               bool  // it is sent although its fate is drop
	at                 int64 // place in the file
	nanos              int64 // time; 0 if it is not known, and such a line is always sent
}

// errorLine is what is sent of a line that could not be given its columns.
type errorLine struct{ body, problem string }

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
	blocks  []*block
	origins []origin
	errors  []errorLine
}

func (h *heldLines) reset() {
	clear(h.blocks)
	clear(h.origins)
	clear(h.errors)
	h.lines, h.blocks, h.origins, h.errors = h.lines[:0], h.blocks[:0], h.origins[:0], h.errors[:0]
}

// add holds a line; its place in block and origin is found here.
func (h *heldLines) add(l heldLine, b *block, from origin) {
	if n := len(h.blocks); n == 0 || h.blocks[n-1] != b {
		h.blocks = append(h.blocks, b)
	}
	l.block = len(h.blocks) - 1
	// Nearly all lines of a batch have the origin that came last.
	i := len(h.origins) - 1
	for i >= 0 && h.origins[i] != from {
		i--
	}
	if i < 0 {
		h.origins = append(h.origins, from)
		i = len(h.origins) - 1
	}
	l.origin = i
	h.lines = append(h.lines, l)
}

// addError holds a line that could not be given its columns.
func (h *heldLines) addError(e errorLine, at int64, from origin) {
	h.errors = append(h.errors, e)
	h.add(heldLine{token: len(h.errors) - 1, bad: true, at: at}, nil, from)
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
func (h *heldLines) settle(dropped *[rule.NumStages]int64) {
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
		if l.fate == foreign {
			continue // rare_client does not look at its time either
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
		if l := &h.lines[i]; l.dropped() {
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
	return m.fate == drop && (l.fate != drop || l.stage > m.stage)
}

func (l *heldLine) dropped() bool { return l.fate == drop && !l.send }
