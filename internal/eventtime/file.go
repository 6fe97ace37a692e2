// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

// file is what has come of a file of a sender.
type file struct {
	id ID
	// covered are the bytes that committed records answer for, lost those that
	// nobody waits for any more. No byte is in both.
	covered, lost spans
	// base: bytes before it are not asked for; -1 while that is not known.
	base int64
	neighbour
	touched int64 // running time
	changed bool  // it is among the changes
}

// maxSpans bounds the stretches of a file that are kept apart.
const maxSpans = 4096

func newFile(id ID) *file { return &file{id: id, base: -1} }

// cover takes the range of a record and reports whether it is new: its last byte
// is that of its own line, the bytes before may be lines that became no record.
func (f *file) cover(from, to int64) (fresh bool) {
	if f.covered.has(to - 1) {
		return false
	}
	f.covered = f.covered.add(from, to)
	if len(f.lost) > 0 {
		f.lost = f.lost.remove(from, to)
	}
	return true
}

// gap returns the first stretch before to that is asked for and has not come.
func (f *file) gap(to int64) (span, bool) {
	from := f.base
	for {
		g, ok := f.covered.gap(from, to)
		if !ok || len(f.lost) == 0 {
			return g, ok
		}
		l, ok := f.lost.gap(g.from, g.to)
		if ok {
			return l, true
		}
		from = g.to
	}
}

// neighbour is the latest record of a stream. A line that could not be read lies
// between the records before and behind it.
type neighbour struct {
	last    int64 // event time of the latest record, in order of arrival
	timed   bool  // there was one
	pending bool  // a line behind it was lost
	lostBy  int64 // wall clock at which that line was read: it was written before
}
