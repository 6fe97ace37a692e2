// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"cmp"
	"slices"
	"strings"
)

// cloneSlack is how much later than the start of its successor a run may have
// said something, in nanoseconds: clocks are set by small steps.
const cloneSlack = 5e9

// changeRun is for a progress of another run than the current one. It returns
// false if that run is over: then only what it asks of files counts.
func (t *Tracker) changeRun(s *sender, p *Progress, now Now) bool {
	if s.heard && p.RunNumber > 0 && p.RunNumber == s.number && !slices.Contains(s.former, p.Run) {
		t.duplicate(s, p, now) // two have begun with the same storage
	}
	if slices.Contains(s.former, p.Run) || s.heard && s.after(p) {
		if p.Sent > s.started+cloneSlack && p.State != Stopped {
			t.duplicate(s, p, now)
		}
		t.askFormer(s, p, now)
		return false
	}
	match := short(p.Match, maxMatch)
	if s.heard {
		if s.match != match {
			t.mark(s.untold(&t.cfg), p.Started, ReasonConfigChanged)
		}
		s.former = append(s.former, s.run)
		if len(s.former) > maxFormer {
			s.former = slices.Delete(s.former, 0, 1)
		}
		t.giveUpPending(s, now)
	}
	former := s.former
	t.unrelate(s)
	s.runState = runState{
		run: p.Run, started: p.Started, former: former, heard: true,
		number: p.RunNumber, process: p.Process, receivers: p.Receivers,
		host: short(p.Host, maxName), component: short(p.Component, maxName), match: match,
	}
	// That it speaks again is no improvement: a sender that starts again and
	// again without ever reading to the end is given up like one that hangs.
	if s.state == Stopped || s.state == Finished {
		s.state = Reading
	}
	t.senderChanged(s)
	t.hearHost(s.host)
	t.succeed(s, now)
	return true
}

// after reports whether the current run began after that of p.
func (s *sender) after(p *Progress) bool {
	if p.RunNumber > 0 && s.number > 0 {
		return p.RunNumber < s.number
	}
	return p.Started < s.started
}

// hearHost notes that a listed host has spoken. One may be named with its domain
// and the other without.
func (t *Tracker) hearHost(host string) {
	short, _, long := strings.Cut(host, ".")
	for listed := range t.hosts {
		first, _, domain := strings.Cut(listed, ".")
		if strings.EqualFold(listed, host) || long != domain && strings.EqualFold(first, short) {
			t.hosts[listed] = true
		}
	}
}

// duplicate is for a run that speaks on although another took its place.
func (t *Tracker) duplicate(s *sender, p *Progress, now Now) {
	if s.duplicateSince == None {
		s.duplicateSince = s.started
		t.senderChanged(s)
	}
	s.duplicateAt = now.Running
	t.mark(s.duplicateSince, min(max(p.Sent, s.duplicateSince), aheadOf(now)), ReasonDuplicateSender)
	t.warn(s, WarnDuplicate, "Two receivers speak with one identity, as those of a copied machine do, so that their records cannot be told apart. "+
		"Delete the storage of one of them")
}

// askFormer takes what a run says that is over, or whose successor was heard
// first. Its ReadUntil is old, but what it sent must come, and what it lost is
// lost.
func (t *Tracker) askFormer(s *sender, p *Progress, now Now) {
	until := min(p.until(), aheadOf(now))
	for i := range p.Files {
		t.askFile(s, &p.Files[i], until, now)
	}
	for i := range p.Lost {
		t.lose(&p.Lost[i], until)
	}
}

func (t *Tracker) askFile(s *sender, c *FileProgress, until int64, now Now) {
	f := s.files[c.ID]
	if f == nil && c.Sent == 0 {
		return
	}
	if f == nil {
		f = t.file(s, c.ID, now)
	}
	if _, missing := f.gap(c); !missing {
		return
	}
	if f.former == nil {
		t.asked = append(t.asked, File{s.id, f.id})
	}
	f.ask(c, until, now)
	t.fileChanged(s, f)
}

// giveUpPending turns what a run said before it ended into questions of its
// files: the next run is asked for their bytes. Of what was said in a progress
// that did not come nothing is known.
func (t *Tracker) giveUpPending(s *sender, now Now) {
	for _, p := range s.pending {
		if p.Base > s.known || !p.complete() {
			t.markUntold(s, p.until())
			s.known = p.Seq - 1
		}
		if p.complete() {
			s.known = p.Seq
		}
		t.askFormer(s, &p.Progress, now)
	}
	s.pending = nil
}

// kin is what a sender and its successor have in common.
type kin struct{ host, component string }

func (s *sender) kin() kin { return kin{s.host, s.component} }

// unrelate takes a sender out of its kin.
func (t *Tracker) unrelate(s *sender) {
	k := s.kin()
	left := slices.DeleteFunc(t.kin[k], func(id ID) bool { return id == s.id })
	if t.kin[k] = left; len(left) == 0 {
		delete(t.kin, k)
	}
}

// succeed retires the senders in whose place s has come.
func (t *Tracker) succeed(s *sender, now Now) {
	kin := t.kin[s.kin()]
	if !slices.Contains(kin, s.id) {
		t.kin[s.kin()] = append(kin, s.id)
	}
	for _, id := range kin {
		o := t.senders[id]
		if o == s || o.retired != None || o.kin() != s.kin() || o.started >= s.started {
			continue
		}
		if o.readUntil == None && !s.inEffect {
			// A receiver without storage that never reads to the end before it
			// starts again is one that hangs.
			s.improved = min(s.improved, o.improved)
			s.catching, s.best, s.heir = min(s.catching, o.catching), max(s.best, o.best), true
		}
		if o.state == Stopped || o.readUntil == None || !o.waited(&t.cfg, now) {
			t.giveUpPending(o, now)
			if o.inEffect { // what it had not read yet may be gone
				t.mark(o.untold(&t.cfg), s.started, ReasonSenderBegan)
			}
			o.retired = s.started
			t.senderChanged(o)
		}
	}
}

// revive is for a progress of a retired sender. It returns false if that was on
// its way when the successor began: then only what it asks of files counts.
func (t *Tracker) revive(s *sender, p *Progress, now Now) bool {
	if p.Sent <= s.retired+cloneSlack || p.State == Stopped {
		t.askFormer(s, p, now)
		return false
	}
	s.retired, s.patience = None, newPatience(now)
	return true
}

// room forgets the sender that was not heard for longest, of those that nobody
// waits for because they are retired, or have only sent data.
func (t *Tracker) room(now Now) bool {
	var oldest *sender
	for _, s := range t.senders {
		if (s.retired != None || !s.heard && !s.waited(&t.cfg, now)) && (oldest == nil || cmp.Or(cmp.Compare(s.lastHeard, oldest.lastHeard), cmp.Compare(s.id, oldest.id)) < 0) {
			oldest = s
		}
	}
	if oldest != nil {
		t.forget(oldest.id, oldest, now)
	}
	return oldest != nil
}

// forget marks what a sender still owes, and forgets it.
func (t *Tracker) forget(id ID, s *sender, now Now) {
	t.giveUpPending(s, now)
	for _, f := range s.files {
		if f.former != nil {
			t.loseFormer(s, f)
		}
		if f.pending {
			t.settleLost(&f.neighbour, max(f.lostBy, s.readUntil))
		}
	}
	t.files -= len(s.files)
	delete(t.senders, id)
	t.unrelate(s)
	if t.changes.on {
		t.changes.forgotten = append(t.changes.forgotten, id)
	}
}
