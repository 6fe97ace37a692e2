// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

// neighbour is the latest record of a stream. A line that could not be read lies
// between the records before and behind it.
//
//	pending: a lost line is of [from, the record behind it], which has not come
type neighbour struct {
	last    int64 // event time of the latest record, in order of arrival; None without one
	pending bool
	from    int64 // None: unknown
	lostBy  int64 // wall clock at which the line was read: it was written before
}

func noNeighbour() neighbour { return neighbour{last: None, from: None} }

// between marks where lines that could not be read may have been, in a stream
// whose records come in their order.
func (t *Tracker) between(n *neighbour, b *Span, now Now) {
	if b.LostFirst {
		if n.last != None {
			t.mark(n.last, n.last, ReasonParseError)
		}
		n.lose(n.last, now)
	}
	if b.Timed {
		if n.pending {
			t.mark(n.from, b.First, ReasonParseError)
			n.pending = false
		}
		n.last = b.Last
	}
	if b.LostLast {
		n.lose(n.last, now)
	}
}

func (n *neighbour) lose(from int64, now Now) {
	if n.pending {
		from = min(from, n.from)
	}
	n.pending, n.from, n.lostBy = true, from, now.Wall
}

// settleLost marks up to where a lost line can have been if no record follows
// it: until is when it was read, by the clock of whoever wrote it.
func (t *Tracker) settleLost(n *neighbour, until int64) {
	t.mark(n.from, max(n.from, until), ReasonParseError)
	n.pending = false
}

// touches reports whether a lost line that nothing followed yet may lie before
// end. Behind its neighbour everything is possible.
func (n *neighbour) touches(end int64) bool { return n.pending && n.from < end }

// ObserveFile is Observe for the new records of a sender in the range r, of which
// only the lost lines are looked at.
//
// Where r does not continue what came before, a message overtook another, and
// neighbours in order of arrival are none. Then a lost line can be anywhere in
// what the sender has not told of, until a progress that speaks of it is in
// effect.
func (t *Tracker) ObserveFile(r Range, b *Span, now Now) {
	s := t.sender(r.File.Sender, now)
	if s == nil {
		return
	}
	f := t.file(s, r.File.ID, now)
	was := f.neighbour
	if f.end == r.From && !f.unordered {
		t.between(&f.neighbour, b, now)
	} else {
		if f.pending || b.LostFirst || b.LostLast {
			f.lose(s.untold(&t.cfg), now)
			f.unordered = true
		}
		if b.Timed {
			f.last = b.Last
		}
	}
	if b.LostFirst || b.LostLast {
		f.lostEnd = max(f.lostEnd, r.To)
	}
	f.end = r.To
	if f.neighbour != was {
		t.fileChanged(s, f)
	}
}

// settleLines is for a claim in effect: what it speaks of was written before
// until.
func (t *Tracker) settleLines(s *sender, f *file, c *FileProgress, until int64) {
	if f.pending && c.Sent >= f.lostEnd {
		t.settleLost(&f.neighbour, until)
		f.unordered = false
		t.fileChanged(s, f)
	}
}
