// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// sender is a reader that tells what it has read.
//
// Its progress records take effect in their order: number Seq once all before
// it, or one that covers the same changes, is in effect and every range that it
// speaks of was committed or given up.
//
//	pending[i].Seq < pending[i+1].Seq, and known < pending[0].Seq
type sender struct {
	id ID
	runState
	since          int64 // it vouches for event times from here on; None: for all
	readUntil      int64 // in effect; None before the first
	oldestUnread   int64
	state          State
	behind         int64 // the largest that was told lately
	behindAt       int64 // running time of that
	unread         []Loss
	inEffect       bool  // a progress of any run took effect
	spoke          bool  // and one did since the start of this process
	duplicateSince int64 // sender's wall clock from which on two speak; None if one does
	duplicateAt    int64 // running time at which the second was heard last
	// retired is the Started of the sender that came in its place; None if none
	// did. Nobody waits for a retired one, but what it still sends must not be
	// counted twice.
	retired int64
	files   map[ID]*file
	pending []*pending
	patience
	lastHeard int64 // running time of the last progress
	transit   int64 // the longest that a progress was on its way, as far as clocks tell
	// catching is the running time at which it last came further while it was
	// catching up, or had read all. best is its largest OldestUnread; further tells
	// that new ranges came since.
	catching int64
	best     int64
	further  bool
	heir     bool  // of one that never read to the end: what it reads may be the same again
	born     int64 // running time
	ranges   bool  // a range was ever heard
	claims   bool  // a progress ever told of records
	warned   [numWarnings]bool
	due      bool // a range came that a pending progress may have waited for
	changed  bool // it is among the changes
}

// runState is what is known of the current run of a sender.
type runState struct {
	run                    Run
	host, component, match string
	started                int64 // wall clock of the sender
	number                 int64 // of the run, 0 if unknown
	process                Run
	receivers              int
	former                 []Run // runs before it, the latest last
	heard                  bool  // a progress was ever heard, not only data
	// known: every change up to the progress of this number is in effect.
	known int64
	// joined is the number of the first progress that was heard of a run that had
	// begun before anybody listened; 0 if all of the run was heard.
	joined int64
}

// maxTransit bounds what is believed of the time that messages take.
const maxTransit = int64(10 * time.Minute)

// maxFormer bounds the runs of a sender that are remembered.
const maxFormer = 4

func newSender(id ID, now Now) *sender {
	return &sender{
		id: id, runState: runState{started: None}, readUntil: None, since: None, oldestUnread: None, best: None, duplicateSince: None, retired: None,
		files: map[ID]*file{}, patience: newPatience(now), lastHeard: now.Running, catching: now.Running, born: now.Running,
	}
}

func (s *sender) name() string {
	if s.host == "" {
		return "sender " + s.id.String()
	}
	return s.host
}

// hear takes a progress of the current run.
func (s *sender) hear(p *Progress, now Now, began int64) {
	s.heard, s.lastHeard = true, now.Running
	s.transit = max(s.transit, min(now.Wall-p.Sent, maxTransit))
	if p.Seq <= s.known {
		return // a repetition
	}
	i, found := slices.BinarySearchFunc(s.pending, p.Seq, func(q *pending, seq int64) int { return cmp.Compare(q.Seq, seq) })
	if !found {
		if s.known == 0 && len(s.pending) == 0 && !s.inEffect && p.Base > 0 && p.Started < began {
			s.known, s.joined = p.Base, p.Seq
		}
		s.pending = slices.Insert(s.pending, i, newPending(p, now))
	}
	s.pending[i].add(p)
	s.claims = s.claims || slices.ContainsFunc(p.Files, func(f FileProgress) bool { return f.Sent > f.From })
	s.bound()
}

// bound merges progress records when there are too many. What does not continue
// another is dropped: the hole in the numbers stays, and is told.
func (s *sender) bound() {
	for len(s.pending) > maxPending {
		i := len(s.pending) - 2 // the head keeps its own time
		a, b := s.pending[i], s.pending[i+1]
		if a.complete() && b.complete() && b.Base <= a.Seq && len(a.Files)+len(b.Files) <= maxClaims {
			b.absorb(a)
		}
		s.pending = slices.Delete(s.pending, i, i+1)
	}
}

// head returns the first progress that continues what is known, -1 if there is
// none.
func (s *sender) head() int {
	return slices.IndexFunc(s.pending, func(p *pending) bool { return p.Base <= s.known && p.complete() })
}

// watermark is the event time up to which the sender has told everything.
func (s *sender) watermark(cfg *Config) int64 {
	late := s.late(cfg)
	switch {
	case s.finished():
		return math.MaxInt64
	case s.state == CatchingUp && s.oldestUnread != None:
		return s.oldestUnread - late
	case s.readUntil != None:
		return s.readUntil - late
	default:
		return math.MinInt64
	}
}

// late is how far behind the wall clock its lines may be.
func (s *sender) late(cfg *Config) int64 {
	return max(int64(cfg.AllowedLateness), min(s.behind, int64(cfg.WrittenWithin)))
}

func (s *sender) finished() bool { return s.inEffect && s.state == Finished && len(s.pending) == 0 }

// waited reports whether windows wait for the sender.
func (s *sender) waited(cfg *Config, now Now) bool {
	if s.retired != None {
		return false
	}
	if s.state == CatchingUp && s.inEffect {
		return now.Running-s.lastHeard < int64(cfg.SenderTimeout) && now.Running-s.catching < int64(cfg.CatchUpTimeout)
	}
	return !s.over(now, int64(cfg.SenderTimeout))
}

// untold is from which event time on lines of the sender can be missing that
// nothing in effect speaks of.
func (s *sender) untold(cfg *Config) int64 {
	if s.readUntil == None {
		return None
	}
	return s.readUntil - max(int64(cfg.AllowedLateness), s.behind)
}

// file returns a file, and makes it.
func (t *Tracker) file(s *sender, id ID, now Now) *file {
	f := s.files[id]
	if f == nil {
		if len(s.files) >= maxFiles || t.files >= filesPerSender*t.cfg.MaxSenders {
			t.forgetOldest(s)
		}
		f = newFile(id)
		s.files[id] = f
		t.files++
	}
	f.touched = now.Running
	return f
}

// forgetOldest forgets the file of a sender that nothing was heard of for longest,
// to make room. What it may still owe is marked.
func (t *Tracker) forgetOldest(s *sender) {
	var oldest *file
	for _, f := range s.files {
		if oldest == nil || cmp.Or(cmp.Compare(f.touched, oldest.touched), cmp.Compare(f.id, oldest.id)) < 0 {
			oldest = f
		}
	}
	if oldest == nil {
		return
	}
	if oldest.former != nil || len(s.pending) > 0 || len(oldest.covered) > 1 || oldest.base < 0 {
		t.mark(s.untold(&t.cfg), math.MaxInt64, ReasonMaxSenders)
	}
	t.forgetFile(s, oldest)
}

// forgetFile marks what the file has pending, and forgets it.
func (t *Tracker) forgetFile(s *sender, f *file) {
	if f.pending {
		t.settleLost(&f.neighbour, max(f.lostBy, s.readUntil))
	}
	delete(s.files, f.id)
	t.files--
	if t.changes.on {
		t.changes.files = append(t.changes.files, File{s.id, f.id})
	}
}
