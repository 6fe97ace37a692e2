// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package pushdown

import (
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/record"
)

// Line is a line of a batch of which it is not settled yet whether it is
// sent. It has no pointers, because there is one for every line of a file: the
// garbage collector need not know.
type Line struct {
	// token and start say where the line is, size is its length in bytes. Of an
	// error record token is the index in Held.errors instead.
	Token, Start, Size int
	Block              int // index in Held.blocks
	Origin             int // index in Held.origins
	Stage              rule.Stage
	Fate               Fate
	Bad                bool  // it is an error record
	send               bool  // it is sent although its fate is drop
	At, End            int64 // place in the file, and that of the next line
	Nanos              int64 // time; 0 if it is not known, and such a line is always sent
}

// ErrorLine is what is sent of a line that could not be given its columns.
type ErrorLine struct{ Body, Problem string }

// Block is what the lines below a block of directives have in common.
type Block struct {
	Schema   *w3c.Schema
	Plan     *record.Plan
	BaseDate string
	Quoted   bool
}

// Held are the lines of one batch, with match. Most of them are dropped.
//
// Some of those are sent all the same, so that rare_client learns the same from
// the batch as from all of its lines: how far the time has come in each source,
// between which times an unreadable line lies, which windows have lines at all,
// and which stage was the last that a line reached. They are ordinary records;
// rare_client drops and counts them itself.
type Held struct {
	Lines   []Line
	Blocks  []*Block
	Origins []record.Origin
	Errors  []ErrorLine
}

// Reset forgets all lines.
func (h *Held) Reset() {
	clear(h.Blocks)
	clear(h.Origins)
	clear(h.Errors)
	h.Lines, h.Blocks, h.Origins, h.Errors = h.Lines[:0], h.Blocks[:0], h.Origins[:0], h.Errors[:0]
}

// Add holds a line; its place in block and origin is found here.
func (h *Held) Add(l Line, b *Block, from record.Origin) {
	if n := len(h.Blocks); n == 0 || h.Blocks[n-1] != b {
		h.Blocks = append(h.Blocks, b)
	}
	l.Block = len(h.Blocks) - 1
	// Nearly all lines of a batch have the origin that came last.
	i := len(h.Origins) - 1
	for i >= 0 && h.Origins[i] != from {
		i--
	}
	if i < 0 {
		h.Origins = append(h.Origins, from)
		i = len(h.Origins) - 1
	}
	l.Origin = i
	h.Lines = append(h.Lines, l)
}

// AddError holds a line that could not be given its columns.
func (h *Held) AddError(e ErrorLine, at, end int64, from record.Origin) {
	h.Errors = append(h.Errors, e)
	h.Add(Line{Token: len(h.Errors) - 1, Bad: true, At: at, End: end}, nil, from)
}

// source is what the lines of one origin in a batch have come to so far. The
// fields are indexes of lines, -1 for none.
type source struct {
	oldest, newest, last int
	// lost: the line before cannot be read.
	lost bool
}

// Settle chooses which of the lines are sent although a stage drops them, and
// counts the others by stage.
func (h *Held) Settle(dropped *[rule.NumStages]int64) {
	sources := make([]source, len(h.Origins))
	for i := range sources {
		sources[i] = source{-1, -1, -1, false}
	}
	const minute = 60_000_000_000 // nanoseconds
	furthest := -1                // of this minute
	for i := range h.Lines {
		l, s := &h.Lines[i], &sources[h.Lines[i].Origin]
		if l.Nanos == 0 {
			h.send(s.last)
			s.lost = true
			continue
		}
		if l.Fate == Foreign {
			continue // rare_client does not look at its time either
		}
		if s.last < 0 {
			s.oldest, s.newest = i, i
		}
		if s.last < 0 || s.lost {
			h.send(i)
		}
		s.last, s.lost = i, false
		if l.Nanos < h.Lines[s.oldest].Nanos {
			s.oldest = i
		}
		if l.Nanos > h.Lines[s.newest].Nanos {
			s.newest = i
		}
		switch {
		case furthest < 0:
			furthest = i
		case l.Nanos/minute != h.Lines[furthest].Nanos/minute:
			h.send(furthest)
			furthest = i
		case l.further(&h.Lines[furthest]):
			furthest = i
		}
	}
	h.send(furthest)
	for i := range sources {
		h.send(sources[i].oldest)
		h.send(sources[i].newest)
		h.send(sources[i].last)
	}
	for i := range h.Lines {
		if l := &h.Lines[i]; l.Dropped() {
			dropped[l.Stage]++
		}
	}
}

func (h *Held) send(i int) {
	if i >= 0 {
		h.Lines[i].send = true
	}
}

// further tells whether l passed stages that stopped m.
func (l *Line) further(m *Line) bool {
	return m.Fate == Drop && (l.Fate != Drop || l.Stage > m.Stage)
}

// Dropped reports whether no record is made of the line.
func (l *Line) Dropped() bool { return l.Fate == Drop && !l.send }
