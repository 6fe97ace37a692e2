// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
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
	Sender ID
	Run    Run
	Host   string // of the sender
	// Component tells receivers of one host apart: its id in its Collector, and
	// what it reads. One takes the place of another with the same Component only.
	Component string
	// RunNumber counts the starts of a sender that has storage; 0 without. It
	// orders runs where wall clocks do not.
	RunNumber int64
	// Resumed: this run reads on at places that an earlier one has stored.
	Resumed bool
	// Process is random for each start of a process, and Receivers how many
	// senders it has; 0 where that is not known.
	Process   Run
	Receivers int
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
	Gone           bool // it is not there any more
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
	// File, Start and Stop: the bytes [Start, Stop) of a file will not come.
	// File 0 where nothing was sent.
	File        ID
	Start, Stop int64
}

const (
	maxParts = 1 << 10
	// maxTime bounds event times and wall clocks, in nanoseconds: sums of two do
	// not overflow.
	maxTime = math.MaxInt64 / 2
	// maxName bounds a text that came from the network, in bytes.
	maxName = 256
	// maxMatch is the same of a match block.
	maxMatch = 4096
)

// short cuts a text that is kept; the copy does not hold the message it is from.
func short(s string, most int) string { return strings.Clone(s[:min(len(s), most)]) }

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
	case p.State >= numStates || p.Behind < 0 || p.Behind >= maxTime || p.RunNumber < 0 || p.RunNumber >= maxOffset || p.Receivers < 0:
		return fmt.Errorf("%w: state or distance", ErrProgress)
	}
	if p.Started == None || p.Sent == None {
		return fmt.Errorf("%w: no wall clock", ErrProgress)
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
			if l := &list[i]; !validTime(l.From) || !validTime(l.To) || l.Reason >= NumReasons || l.Count < 0 ||
				l.Start < 0 || l.Start > l.Stop || l.Stop >= maxOffset {
				return fmt.Errorf("%w: loss of %s", ErrProgress, l.Name)
			}
		}
	}
	return nil
}
