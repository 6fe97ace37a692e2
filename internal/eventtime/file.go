// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

const (
	// maxSpans bounds the stretches of a file that are kept apart.
	maxSpans = 4096
	// maxFiles bounds the files of a sender that are kept.
	maxFiles = 4096
	// filesPerSender is what each sender may have. More, up to maxFiles, it has
	// only as long as all together have no more on average.
	filesPerSender = 64
)

// file is what has come of a file of a sender.
//
//	covered ∩ lost = ∅, and base >= 0 once a progress named it
//
// A claim asks for the bytes in [base, claim.Sent) that are in neither.
type file struct {
	id ID
	// covered are the bytes that committed records answer for, lost those that
	// nobody waits for any more.
	covered, lost spans
	base          int64 // bytes before it are not asked for; -1 while that is not known
	// former is what a run said of it that did not get its say: its bytes are
	// asked for all the same. nil where nothing is.
	former *formerClaim
	neighbour
	end       int64 // of the latest batch that ObserveFile saw, in bytes
	lostEnd   int64 // of the last batch with a lost line
	unordered bool  // the lost line that is pending has no known neighbours
	touched   int64 // running time
	gone      bool  // the sender said so
	changed   bool  // it is among the changes
}

// formerClaim is a claim of a run that is over.
type formerClaim struct {
	FileProgress
	from  int64 // what it sent, and nothing in effect speaks of, is of event times from here on
	until int64 // wall clock of the sender: what it sent was written before
	heard int64 // running time
}

func newFile(id ID) *file { return &file{id: id, base: -1, neighbour: noNeighbour()} }

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

// gap returns the first stretch of what a claim asks for that has not come. As
// long as the base is not known it is what the claim itself is about.
func (f *file) gap(c *FileProgress) (span, bool) {
	from, to := f.base, c.Sent
	if from < 0 {
		from = c.From
	}
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

// fill closes the oldest hole, so that the file takes no more room than it may.
// It reports whether there was one.
func (f *file) fill() bool {
	switch {
	case len(f.covered) > 1:
		f.covered = f.covered.add(f.covered[0].to, f.covered[1].from)
	case len(f.lost) > 1:
		f.lost = f.lost.add(f.lost[0].to, f.lost[1].from)
	default:
		return false
	}
	for _, c := range f.covered {
		f.lost = f.lost.remove(c.from, c.to)
	}
	return true
}

// ask makes a claim of a former run a question to the file. Two become one.
func (f *file) ask(c *FileProgress, from, until int64, now Now) {
	if f.former == nil {
		f.former = &formerClaim{FileProgress: *c, from: from, until: until, heard: now.Running}
		f.former.Name = ""
		return
	}
	o := f.former
	o.merge(c)
	o.from, o.until = min(o.from, from), max(o.until, until)
}
