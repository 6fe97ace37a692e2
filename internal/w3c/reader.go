// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"slices"
	"strings"
)

// End says how a chunk ends.
type End uint8

const (
	// EndWhole: with a line ending, or with the last line of a finished file.
	EndWhole End = iota
	// EndCut: inside a line that is longer than the limit.
	EndCut
	// EndFlushed: with a last line that has no newline yet.
	EndFlushed
)

const byteOrderMark = "\xEF\xBB\xBF"

// Reader walks the lines of a file that is given to it in chunks. Set Schemas,
// then for each file Start, and for each chunk Feed and Next until it is nil:
//
//	r.Start(state)
//	r.Feed(chunk, w3c.EndWhole)
//	for line := r.Next(); line != nil; line = r.Next() { ... }
//	state = r.State()
//
// A Reader may be used for any number of files, one after the other.
type Reader struct {
	// Schemas is where schemas are looked up; required.
	Schemas *Cache
	// Default is the schema while no #Fields is in force; may be nil.
	Default *Schema
	// Raw passes bytes that are not UTF-8 through; otherwise the values that
	// have some are repaired, see Repair.
	Raw bool
	// Lazy is for a caller who looks at few of the values of most lines. No
	// record is repaired then, and ordinary ones are not cut: they have as many
	// values as columns and one blank between two of them, and their Values are
	// nil. Cut does both.
	Lazy bool

	state  State
	schema *Schema
	// values always has as many elements as the schema in force has columns.
	values []string
	// later are those of a line that Cut was called for.
	later []string
	line  Line

	chunk string
	pos   int
	end   End
	// What the chunk has at all is asked once, so that an ordinary line pays
	// nothing for it.
	hasCR, hasNUL bool
}

// Start sets the reader to a place in a file, where State was st.
func (r *Reader) Start(st State) {
	r.state = st
	r.schema = nil
	if st.Fields != "" {
		r.schema = r.Schemas.Get(st.Fields)
	}
	r.resize()
	r.Feed("", EndWhole)
}

// Feed sets the next chunk of the file; what was left of the chunk before is
// forgotten.
func (r *Reader) Feed(chunk string, end End) {
	r.chunk, r.pos, r.end = chunk, 0, end
	r.hasCR = strings.IndexByte(chunk, '\r') >= 0
	r.hasNUL = strings.IndexByte(chunk, 0) >= 0
}

// State returns what to carry with the place after the last line that Next
// returned.
func (r *Reader) State() State { return r.state }

// Next returns the next line of the chunk, or nil at its end. The line is
// overwritten by the next call.
func (r *Reader) Next() *Line {
	if r.pos >= len(r.chunk) {
		return nil
	}
	start, text, ended := r.cut()
	tail := r.state.Tail
	r.state.Tail = TailNone
	if !ended {
		switch r.end {
		case EndCut:
			r.state.Tail = TailLong
		case EndFlushed:
			r.state.Tail = TailFlushed
		case EndWhole:
		}
	}
	l := &r.line
	*l = Line{Text: text, Offset: start, End: r.pos}
	if r.hasNUL || tail != TailNone || r.state.Tail == TailLong {
		if r.unusual(l, tail) {
			return l
		}
	}
	r.classify(l)
	return l
}

// cut takes one line off the chunk and tells whether it has a line ending.
func (r *Reader) cut() (start int, text string, ended bool) {
	start = r.pos
	text = r.chunk[start:]
	if n := strings.IndexByte(text, '\n'); n >= 0 {
		text, ended = text[:n], true
		r.pos += n + 1
	} else {
		r.pos = len(r.chunk)
	}
	if !r.hasCR {
		return start, text, ended
	}
	if n := strings.IndexByte(text, '\r'); n >= 0 {
		// CR LF ends a line, and so does a CR alone.
		if n < len(text)-1 || !ended {
			r.pos = start + n + 1
			ended = true
		}
		text = text[:n]
	}
	return start, text, ended
}

// unusual handles what depends on more than the line itself, and tells whether
// that was all there is to do.
func (r *Reader) unusual(l *Line, tail Tail) bool {
	if tail == TailLong || r.state.Tail == TailLong {
		return r.bad(l, TooLong)
	}
	if r.hasNUL && strings.IndexByte(l.Text, 0) >= 0 {
		rest := strings.TrimLeft(l.Text, "\x00")
		switch {
		case rest == "":
			l.Kind = Blank
			return true
		case rest[0] == '#':
			// A crash left a hole, and the block of directives that the
			// restarted server wrote stands behind it.
			l.Offset += len(l.Text) - len(rest)
			l.Text = rest
		default:
			return r.bad(l, NULBytes)
		}
	}
	if tail == TailFlushed && l.Text != "" && l.Text[0] != '#' {
		return r.bad(l, Continued)
	}
	return false
}

// bad returns true, that the line is dealt with.
func (r *Reader) bad(l *Line, p Problem) bool {
	l.Kind, l.Problem = Bad, p
	r.repair(l)
	return true
}

func (r *Reader) classify(l *Line) {
	if strings.HasPrefix(l.Text, byteOrderMark) {
		l.Text = l.Text[len(byteOrderMark):]
		l.Offset += len(byteOrderMark)
	}
	if l.Text == "" {
		l.Kind = Blank
		return
	}
	if l.Text[0] == '#' {
		l.Kind = Directive
		r.directive(l.Text)
		return
	}
	text := trimEnd(l.Text)
	if text == "" {
		l.Kind = Blank
		return
	}
	l.Schema = r.inForce()
	if l.Schema == nil {
		r.bad(l, NoFields)
		return
	}
	r.record(l, text)
}

// record gives a line its values, or says that they do not fit.
func (r *Reader) record(l *Line, text string) {
	if r.Lazy && !r.state.Quoted && strings.Count(text, " ") == len(r.values)-1 {
		return
	}
	if r.cutInto(r.values, l, text, r.state.Quoted) && !r.Lazy {
		r.repair(l)
	}
}

// Cut gives a record its values, and repairs it. Text and Schema of the line
// must be set; quoted is State.Quoted at the line.
func (r *Reader) Cut(l *Line, quoted bool) {
	n := len(l.Schema.Fields)
	r.later = slices.Grow(r.later[:0], n)[:n]
	if r.cutInto(r.later, l, trimEnd(l.Text), quoted) {
		r.repair(l)
	}
}

// cutInto tells whether the values fit.
func (r *Reader) cutInto(values []string, l *Line, text string, quoted bool) bool {
	if quoted {
		found, ok := splitQuoted(values, text)
		if !ok {
			return !r.bad(l, BadQuotes)
		}
		if found != len(values) {
			l.Found = found
			return !r.bad(l, ValueCount)
		}
	} else if !splitSingle(values, text) && !fitsRuns(values, text) {
		// Two blanks may stand for an empty value or for nothing; where only
		// the second reading fits, it is the right one.
		l.Found = strings.Count(text, " ") + 1
		return !r.bad(l, ValueCount)
	}
	l.Values = values
	return true
}

// repair makes the strings of a line valid UTF-8.
func (r *Reader) repair(l *Line) {
	if r.Raw || !needsRepair(l.Text) {
		return
	}
	l.Text = Repair(l.Text)
	for i, v := range l.Values {
		l.Values[i] = Repair(v)
	}
}
