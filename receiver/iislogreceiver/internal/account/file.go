// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import "github.com/iishunt/iishunt/internal/eventtime"

// File is a file with at least one line.
type File struct {
	a    *Account
	ID   eventtime.ID
	name string // its path
	sent int64  // the end of the last record that was sent
	read int64
	gone bool
	// deltas are what changed since the last progress, the last wide one, and the
	// one before that.
	deltas [3]delta
	newest int64 // event time of all that was read of it, or None
}

// delta is what changed of a file since a progress.
type delta struct {
	from           int64 // sent at that time
	oldest, newest int64 // event times of what was read since, or None
	untimed        bool  // and of some of it nothing is known
	changed        bool
}

const (
	sinceLast = iota
	sinceWide
	sinceWide2
)

// Span is what was read of a file and sent: bytes up to Sent, of event times from
// Oldest to Newest, or None.
type Span struct {
	Sent           int64
	Oldest, Newest int64
	Untimed        bool // a record had no time
	Lines          int64
}

// NoSpan returns a Span without any record.
func NoSpan() Span { return Span{Oldest: eventtime.None, Newest: eventtime.None} }

// Add adds a record of an event time, or None.
func (s *Span) Add(sent, t int64) {
	s.Sent, s.Lines = sent, s.Lines+1
	if t == eventtime.None {
		s.Untimed = true
		return
	}
	if s.Oldest == eventtime.None || t < s.Oldest {
		s.Oldest = t
	}
	s.Newest = max(s.Newest, t)
}

// File returns the file with an id; sent is where its last record is known to end,
// if nothing better is known.
func (a *Account) File(id eventtime.ID, path string, sent int64) *File {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.files[id]
	if f == nil {
		f = &File{a: a, ID: id, sent: sent, read: sent, newest: eventtime.None}
		for i := range f.deltas {
			f.deltas[i] = delta{from: sent, oldest: eventtime.None, newest: eventtime.None, changed: true}
		}
		a.files[id] = f
	}
	f.name, f.gone = path, false
	return f
}

// Sent is the end of the last record that was sent.
func (f *File) Sent() int64 {
	f.a.mu.Lock()
	defer f.a.mu.Unlock()
	return f.sent
}

// Delivered says that records were taken by the next consumer.
func (f *File) Delivered(s *Span) {
	f.a.mu.Lock()
	defer f.a.mu.Unlock()
	f.took(s)
	f.a.lateBy(f, s.Oldest)
}

func (f *File) took(s *Span) {
	f.sent = max(f.sent, s.Sent)
	f.read = max(f.read, f.sent)
	f.newest = max(f.newest, s.Newest)
	for i := range f.deltas {
		d := &f.deltas[i]
		d.changed = true
		d.untimed = d.untimed || s.Untimed
		if s.Oldest != eventtime.None {
			if d.oldest == eventtime.None || s.Oldest < d.oldest {
				d.oldest = s.Oldest
			}
			d.newest = max(d.newest, s.Newest)
		}
	}
}

// Lost says that records from a place on will never be taken.
func (f *File) Lost(from int64, s *Span, why string) {
	f.a.mu.Lock()
	defer f.a.mu.Unlock()
	f.took(s)
	l := eventtime.Loss{
		Name: f.name, Why: why, Reason: eventtime.ReasonLostInTransit, Count: s.Lines, From: s.Oldest, To: s.Newest,
		File: f.ID, Start: from, Stop: s.Sent,
	}
	if s.Untimed {
		l.From, l.To = eventtime.None, eventtime.None
	}
	f.a.lose(l)
}

// Dropped says that lines which could not be read were left out, between what was
// read before and the event time next, or None.
func (f *File) Dropped(lines, oldest, newest int64) {
	f.a.mu.Lock()
	defer f.a.mu.Unlock()
	from, to := f.newest, newest
	if oldest != eventtime.None && (from == eventtime.None || oldest < from) {
		from = oldest
	}
	if to == eventtime.None {
		to = f.a.Now().UnixNano()
	}
	f.a.lose(eventtime.Loss{
		Name: f.name, Why: "lines that could not be read were dropped (on_error)", Reason: eventtime.ReasonParseError,
		Count: lines, From: from, To: max(from, to),
	})
}

// Read says that the file was read up to a place.
func (f *File) Read(end int64) {
	f.a.mu.Lock()
	defer f.a.mu.Unlock()
	if end > f.read {
		f.read = end
		for i := range f.deltas {
			f.deltas[i].changed = true
		}
	}
}

// leave is for a file that is not there any more.
func (f *File) leave() {
	f.gone = true
	for i := range f.deltas {
		f.deltas[i].changed = true
	}
}

// progress returns what a progress tells of the file, since the one that a delta
// is about.
func (f *File) progress(since int) eventtime.FileProgress {
	d := &f.deltas[since]
	p := eventtime.FileProgress{
		ID: f.ID, Name: f.name, From: min(d.from, f.sent), Sent: f.sent, Read: max(f.read, f.sent),
		Oldest: d.oldest, Newest: d.newest, Gone: f.gone,
	}
	if d.untimed {
		p.Oldest, p.Newest = eventtime.None, eventtime.None
	}
	return p
}

// told begins the deltas anew that a progress, a wide one or not, has told of.
func (f *File) told(wide bool) {
	fresh := delta{from: f.sent, oldest: eventtime.None, newest: eventtime.None}
	f.deltas[sinceLast] = fresh
	if wide {
		f.deltas[sinceWide2], f.deltas[sinceWide] = f.deltas[sinceWide], fresh
	}
}
