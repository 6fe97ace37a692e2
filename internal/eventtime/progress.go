// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// None stands for a time that is not known.
const None = math.MinInt64

// Run names one run of a sender, from a start to a stop.
type Run [16]byte

// State says what a sender is doing.
type State uint8

// The states.
const (
	// Reading: every file is read to its end, again and again.
	Reading State = iota
	// CatchingUp: files have lines that were there before and are not read yet.
	CatchingUp
	// Stopped: the last word of a sender whose files may go on growing.
	Stopped
	// Finished: the last word of a sender that has read all there is to read.
	Finished
	numStates
)

var stateNames = [numStates]string{"reading", "catching_up", "stopped", "finished"}

func (s State) String() string { return stateNames[s] }

// ParseState is the inverse of State.String.
func ParseState(s string) (State, bool) {
	i := slices.Index(stateNames[:], s)
	return State(max(0, i)), i >= 0
}

// Progress is what a sender tells of its reading. Times are nanoseconds since
// the Unix epoch or None, offsets are bytes of a file.
type Progress struct {
	Sender    ID
	Run       Run
	Host      string // of the sender
	Component string // its id in its Collector
	// Seq counts the progress records of a run from 1. Files and Lost have all
	// that changed since the one numbered Base.
	//
	//	0 <= Base < Seq
	Seq, Base int64
	// Part of Parts: one progress may come as several records.
	//
	//	1 <= Part <= Parts
	Part, Parts int
	State       State
	Started     int64 // wall clock of the sender at which the run began
	Sent        int64 // wall clock of the sender at which it said this
	// ReadUntil: all that was written before this wall clock of the sender has
	// been read. None before the first time.
	ReadUntil int64
	// Since: the sender vouches for event times from here on. None: for all.
	Since int64
	// OldestUnread: no line that is still to be read is known to be older.
	// None: unknown.
	OldestUnread int64
	// Behind is how far the lines read since Base lay behind the ReadUntil
	// before them at most, in nanoseconds.
	Behind int64
	Match  string // the receiver's match block, "" for none
	Files  []FileProgress
	Unread []Loss // what cannot be read now; in every progress while it is so
	Lost   []Loss // what was lost for good since Base
}

// FileProgress is how far a file was read.
type FileProgress struct {
	ID   ID
	Name string
	// From is where it stood at Base, or where this run began to read it. Sent is
	// the end of the last record that was sent, Read the place up to which it
	// was read: [Sent, Read) has nothing that becomes a record.
	//
	//	0 <= From <= Sent <= Read < 2^62
	From, Sent, Read int64
	// Oldest and Newest event time of what was read since Base, or None.
	Oldest, Newest int64
}

// Loss is something that is missing, within [From, To] of event time. From None
// is without beginning, To None without end.
type Loss struct {
	Name   string // of a file or a folder
	Why    string
	Reason Reason
	Count  int64 // of lines, 0 if unknown
	From   int64
	To     int64
}

const (
	maxParts = 1 << 10
	// maxTime bounds event times and wall clocks, in nanoseconds: sums of two do
	// not overflow.
	maxTime = math.MaxInt64 / 4
)

func validTime(t int64) bool { return t == None || t > -maxTime && t < maxTime }

// ErrProgress is the error of a progress that contradicts itself.
var ErrProgress = errors.New("progress that contradicts itself")

// check returns what is wrong with a progress. It comes from the network.
func (p *Progress) check() error {
	switch {
	case p.Sender == 0 || p.Run == Run{}:
		return fmt.Errorf("%w: no sender or run", ErrProgress)
	case p.Seq < 1 || p.Base < 0 || p.Base >= p.Seq || p.Seq >= maxOffset:
		return fmt.Errorf("%w: seq %d, base %d", ErrProgress, p.Seq, p.Base)
	case p.Parts < 1 || p.Parts > maxParts || p.Part < 1 || p.Part > p.Parts:
		return fmt.Errorf("%w: part %d of %d", ErrProgress, p.Part, p.Parts)
	case p.State >= numStates || p.Behind < 0 || p.Behind >= maxTime:
		return fmt.Errorf("%w: state or distance", ErrProgress)
	}
	for _, t := range [...]int64{p.Started, p.Sent, p.ReadUntil, p.Since, p.OldestUnread} {
		if !validTime(t) {
			return fmt.Errorf("%w: time %d", ErrProgress, t)
		}
	}
	for i := range p.Files {
		f := &p.Files[i]
		if f.ID == 0 || f.From < 0 || f.From > f.Sent || f.Sent > f.Read || f.Read >= maxOffset || !validTime(f.Oldest) || !validTime(f.Newest) {
			return fmt.Errorf("%w: file %s", ErrProgress, f.Name)
		}
	}
	for _, list := range [...][]Loss{p.Unread, p.Lost} {
		for i := range list {
			if l := &list[i]; !validTime(l.From) || !validTime(l.To) || l.Reason >= NumReasons {
				return fmt.Errorf("%w: loss of %s", ErrProgress, l.Name)
			}
		}
	}
	return nil
}

// pending is a progress that is not in effect yet: a part, a progress before it
// or a range that it speaks of has not come.
type pending struct {
	Progress
	heard int64 // running time at which the first of it came
	parts int   // that came
	seen  [maxParts / 64]uint64
	// join: the first that is heard of a run which began before anybody listened.
	join bool
	next int // files before this index are covered
}

// add takes a part. It returns false for one that is there already.
func (p *pending) add(part *Progress) bool {
	bit := part.Part - 1
	if p.seen[bit/64]&(1<<(bit%64)) != 0 || part.Parts != p.Parts {
		return false
	}
	p.seen[bit/64] |= 1 << (bit % 64)
	p.parts++
	p.Files = append(p.Files, part.Files...)
	p.Unread = append(p.Unread, part.Unread...)
	p.Lost = append(p.Lost, part.Lost...)
	return true
}

func (p *pending) complete() bool { return p.parts == p.Parts }

// absorb makes p stand for an earlier progress o of the same run, too.
func (p *pending) absorb(o *pending) {
	p.Base, p.heard, p.join = min(p.Base, o.Base), min(p.heard, o.heard), p.join || o.join
	p.Behind, p.Lost, p.next = max(p.Behind, o.Behind), append(o.Lost, p.Lost...), 0
	at := make(map[ID]int, len(p.Files))
	for i := range p.Files {
		at[p.Files[i].ID] = i
	}
	for i := range o.Files {
		f := &o.Files[i]
		j, ok := at[f.ID]
		if !ok {
			p.Files = append(p.Files, *f)
			continue
		}
		g := &p.Files[j]
		g.From, g.Sent, g.Read = min(g.From, f.From), max(g.Sent, f.Sent), max(g.Read, f.Read)
		g.Oldest, g.Newest = earlier(g.Oldest, f.Oldest), max(g.Newest, f.Newest)
	}
}

// earlier is the smaller of two times, either of which may be None.
func earlier(a, b int64) int64 {
	if a == None || b != None && b < a {
		return b
	}
	return a
}
