// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"cmp"
	"math"
	"slices"
)

const (
	// maxPending bounds the progress records of a sender that are not in effect.
	maxPending = 64
	maxFormer  = 4   // runs of a sender that are remembered
	maxUnread  = 256 // entries of Unread that are kept
	// cloneSlack is how much later than the start of its successor a run may
	// have said something, in nanoseconds: clocks are set by small steps.
	cloneSlack = 5e9
)

// sender is a reader that tells what it has read.
//
// Its progress records take effect in their order: number Seq once all before
// it, or one that covers the same changes, is in effect and every range that it
// speaks of was committed or given up.
//
//	pending[i].Seq < pending[i+1].Seq, of the current run known < pending[0].Seq
type sender struct {
	id              ID
	host, component string
	match           string
	run             Run
	started         int64 // wall clock of the sender
	former          []Run
	heard           bool // a progress was ever heard, not only data
	inEffect        bool // and one took effect
	known           int64
	state           State
	readUntil       int64
	since           int64
	oldestUnread    int64
	behind          int64 // the largest that was told lately
	behindAt        int64 // running time of that
	unread          []Loss
	duplicateSince  int64 // sender's wall clock from which on two speak; None if one does
	files           map[ID]*file
	pending         []*pending
	patience
	lastHeard int64 // running time of the last progress
	catching  int64 // running time since which it has been catching up
	ranges    bool  // a range was ever heard
	claims    bool  // a progress ever told of records
	born      int64 // running time
	warned    [numWarnings]bool
	changed   bool // it is among the changes
}

func newSender(id ID, now Now) *sender {
	return &sender{
		id: id, started: None, readUntil: None, since: None, oldestUnread: None, duplicateSince: None,
		files: map[ID]*file{}, patience: patience{improved: now.Running}, lastHeard: now.Running, catching: now.Running, born: now.Running,
	}
}

func (s *sender) file(id ID) *file {
	f := s.files[id]
	if f == nil {
		f = newFile(id)
		s.files[id] = f
	}
	return f
}

func (s *sender) name() string {
	if s.host == "" {
		return "sender " + s.id.String()
	}
	return s.host
}

// hear takes a progress that was checked.
func (t *Tracker) hear(s *sender, p *Progress, now Now) {
	if p.Run != s.run && !t.changeRun(s, p, now) {
		return
	}
	s.heard, s.lastHeard = true, now.Running
	if p.Seq <= s.known {
		return // a repetition
	}
	i, found := slices.BinarySearchFunc(s.pending, p.Seq, func(q *pending, seq int64) int { return cmp.Compare(q.Seq, seq) })
	if !found {
		q := &pending{Progress: *p, heard: now.Running}
		q.Files, q.Unread, q.Lost = nil, nil, nil
		q.join = !s.inEffect && len(s.pending) == 0 && p.Base > 0 && p.Started < t.began
		if q.join {
			s.known = p.Base
		}
		s.pending = slices.Insert(s.pending, i, q)
	}
	if q := s.pending[i]; q.add(p) && len(q.Files) > 0 {
		s.claims = true
	}
	s.bound()
}

// changeRun is for a progress of another run than the current one. It returns
// false if the progress has nothing to tell any more.
func (t *Tracker) changeRun(s *sender, p *Progress, now Now) bool {
	if slices.Contains(s.former, p.Run) || s.heard && p.Started < s.started {
		if p.Sent > s.started+cloneSlack && p.State != Stopped {
			t.duplicate(s, p)
		}
		return false
	}
	if s.heard {
		if s.match != p.Match && s.inEffect {
			t.mark(earlier(s.readUntil, p.Started), p.Started, ReasonConfigChanged)
		}
		s.former = append(s.former, s.run)
		if len(s.former) > maxFormer {
			s.former = s.former[1:]
		}
		t.giveUpPending(s)
	}
	s.run, s.started, s.host, s.component, s.match, s.known = p.Run, p.Started, p.Host, p.Component, p.Match, 0
	s.improved, s.state, s.duplicateSince = now.Running, Reading, None
	s.catching = now.Running
	t.senderChanged(s)
	t.succeed(s, now)
	return true
}

// duplicate is for a run that speaks on although another took its place.
func (t *Tracker) duplicate(s *sender, p *Progress) {
	if s.duplicateSince == None {
		s.duplicateSince = s.started
		t.senderChanged(s)
	}
	t.mark(s.duplicateSince, max(p.Sent, s.duplicateSince), ReasonDuplicateSender)
	t.warn(s, WarnDuplicate, "Two receivers speak with one identity, as those of a copied machine do, so that their records cannot be told apart. "+
		"Delete the storage of one of them")
}

// giveUpPending turns what a run said before it ended into questions of its
// files: the next run is asked for their bytes.
func (t *Tracker) giveUpPending(s *sender) {
	for _, p := range s.pending {
		for i := range p.Files {
			c := &p.Files[i]
			f := s.file(c.ID)
			t.setBase(s, f, c, p.join)
			if g, missing := f.gap(c.Sent); missing && g.from < c.Sent {
				t.orphans = append(t.orphans, orphan{File{s.id, c.ID}, *c, p.heard})
			}
		}
		for i := range p.Lost {
			t.lose(&p.Lost[i])
		}
	}
	s.pending = nil
}

// bound merges progress records when there are too many: what they tell stays.
func (s *sender) bound() {
	for len(s.pending) > maxPending {
		i := len(s.pending) - 2 // the head keeps its own time
		a, b := s.pending[i], s.pending[i+1]
		if a.complete() && b.complete() {
			b.absorb(a)
		}
		s.pending = slices.Delete(s.pending, i, i+1)
	}
}

// settle puts into effect what can be.
func (t *Tracker) settle(s *sender, now Now) {
	for len(s.pending) > 0 {
		i := s.head()
		if i < 0 {
			p := s.pending[0]
			if !t.gaveUp(p, now) {
				return
			}
			// A progress is missing, and with it perhaps what it told of.
			t.markUntold(s, max(p.ReadUntil, p.Sent), ReasonLostInTransit)
			s.known, i = p.Seq-1, 0
			p.Parts = p.parts
		}
		p := s.pending[i]
		if !t.arrived(s, p, now) {
			return
		}
		t.takeEffect(s, p, now)
		s.pending = slices.Delete(s.pending, 0, i+1)
	}
}

// head returns the first progress that continues what is known, -1 if there is
// none.
func (s *sender) head() int {
	return slices.IndexFunc(s.pending, func(p *pending) bool { return p.Base <= s.known && p.complete() })
}

func (t *Tracker) gaveUp(p *pending, now Now) bool { return now.Running-p.heard >= t.gapPatience() }

// gapPatience is how long a missing range is waited for. It is shorter than
// SenderTimeout, so that its sender is not given up for it.
func (t *Tracker) gapPatience() int64 { return int64(t.cfg.SenderTimeout) / 3 * 2 }

// arrived reports whether every range that p speaks of has come, or was given up.
func (t *Tracker) arrived(s *sender, p *pending, now Now) bool {
	for ; p.next < len(p.Files); p.next++ {
		c := &p.Files[p.next]
		f := s.file(c.ID)
		t.setBase(s, f, c, p.join)
		if _, missing := f.gap(c.Sent); !missing {
			continue
		}
		if t.cfg.Account && !t.gaveUp(p, now) || !t.cfg.Account && now.Running-p.heard < unaccountedDelay {
			return false
		}
		t.loseGaps(s, f, c, max(p.ReadUntil, p.Sent))
	}
	return true
}

// setBase decides from where on the bytes of a file are asked for: from where
// the run began to read it, or, if it was running before anybody listened, from
// the first that was heard.
func (t *Tracker) setBase(s *sender, f *file, c *FileProgress, join bool) {
	if f.base >= 0 {
		return
	}
	f.base = c.From
	if join {
		f.base = c.Sent
		if len(f.covered) > 0 {
			f.base = min(c.Sent, f.covered[0].from)
		}
	}
	t.fileChanged(s, f)
}

// loseGaps gives up the ranges of a file that have not come. Those behind c.From
// are of the event times that c tells; of others nothing is known.
func (t *Tracker) loseGaps(s *sender, f *file, c *FileProgress, until int64) {
	known := c.Oldest != None && c.Newest != None
	for {
		g, missing := f.gap(c.Sent)
		if !missing {
			break
		}
		known = known && g.from >= c.From
		f.lost = f.lost.add(g.from, g.to)
		t.gaps++
	}
	t.fileChanged(s, f)
	if !t.cfg.Account {
		return
	}
	if known {
		t.mark(c.Oldest, c.Newest, ReasonLostInTransit)
	} else {
		t.markUntold(s, until, ReasonLostInTransit)
	}
	t.warn(s, WarnLost, "Records were lost on their way from a server: a component between drops them, or refused them for good (for their size, for instance). "+
		"The windows that they can have been in are marked lost_in_transit")
}

// markUntold marks all that a sender has not vouched for up to a wall clock of it.
func (t *Tracker) markUntold(s *sender, until int64, r Reason) {
	from := int64(None)
	if s.readUntil != None {
		from = s.readUntil - max(int64(t.cfg.AllowedLateness), s.behind)
	}
	if until == None {
		until = math.MaxInt64
	}
	t.mark(from, until, r)
}

func (t *Tracker) takeEffect(s *sender, p *pending, now Now) {
	first := !s.inEffect
	s.known, s.inEffect = p.Seq, true
	if p.join { // what was sent before, and lost, nobody will ask for
		s.since = max(s.since, p.Sent)
	}
	if first && !p.join {
		s.sinceStart(p)
	}
	s.since = max(s.since, p.Since)
	moved := t.moveReadUntil(s, p)
	if p.State == CatchingUp && s.state != CatchingUp {
		s.catching = now.Running
	}
	if p.State == CatchingUp && len(p.Files) > 0 {
		moved = true
	}
	s.state, s.oldestUnread = p.State, p.OldestUnread
	if p.Behind >= s.behind || now.Running-s.behindAt >= int64(t.cfg.ForgetSenderAfter) {
		s.behind, s.behindAt = p.Behind, now.Running
	}
	if s.behind > int64(t.cfg.WrittenWithin) {
		t.warn(s, WarnLateFiles, "Lines of a server are written or copied much later than their requests were. "+
			"Windows that they can be in are marked late_files; raise written_within if this is usual")
	}
	s.unread = p.Unread[:min(len(p.Unread), maxUnread)]
	for i := range p.Lost {
		t.lose(&p.Lost[i])
	}
	for i := range p.Files {
		c := &p.Files[i]
		f := s.file(c.ID)
		f.touched = now.Running
		if f.pending {
			t.settleLost(&f.neighbour, s.readUntil)
			t.fileChanged(s, f)
		}
	}
	switch {
	case s.readUntil == None && (moved || first):
		s.improved = now.Running
	case moved:
		s.note(now, now.Wall-s.readUntil, int64(t.cfg.SenderTimeout))
	}
	t.senderChanged(s)
}

// sinceStart is for the first progress of a sender that has stored places from a
// run before, of which nobody has heard: it vouches from its start on.
func (s *sender) sinceStart(p *pending) {
	for i := range p.Files {
		c := &p.Files[i]
		if _, unheard := s.file(c.ID).covered.gap(0, c.From); unheard {
			s.since = max(s.since, p.Started)
		}
	}
}

// moveReadUntil reports whether the sender has read further.
func (t *Tracker) moveReadUntil(s *sender, p *pending) bool {
	switch {
	case p.ReadUntil == None:
		return false
	case s.readUntil != None && p.ReadUntil < s.readUntil:
		if s.readUntil-p.ReadUntil > int64(clockStep) {
			t.mark(p.ReadUntil, s.readUntil, ReasonClockStepped)
			s.readUntil = p.ReadUntil
		}
		return true
	default:
		moved := s.readUntil == None || p.ReadUntil > s.readUntil
		s.readUntil = p.ReadUntil
		return moved
	}
}

// watermark is the event time up to which the sender has told everything.
func (s *sender) watermark(cfg *Config) int64 {
	lateness := int64(cfg.AllowedLateness)
	switch {
	case s.finished():
		return math.MaxInt64
	case s.readUntil != None && s.state != CatchingUp:
		return s.readUntil - max(lateness, min(s.behind, int64(cfg.WrittenWithin)))
	case s.oldestUnread != None && s.readUntil != None:
		return min(s.readUntil, s.oldestUnread) - lateness
	case s.oldestUnread != None:
		return s.oldestUnread - lateness
	case s.readUntil != None:
		return s.readUntil - max(lateness, min(s.behind, int64(cfg.WrittenWithin)))
	default:
		return math.MinInt64
	}
}

func (s *sender) finished() bool { return s.inEffect && s.state == Finished && len(s.pending) == 0 }

// waited reports whether windows wait for the sender.
func (s *sender) waited(cfg *Config, now Now) bool {
	if s.state == CatchingUp && s.inEffect {
		return now.Running-s.lastHeard < int64(cfg.SenderTimeout) && now.Running-s.catching < int64(cfg.CatchUpTimeout)
	}
	return !s.over(now, int64(cfg.SenderTimeout))
}
