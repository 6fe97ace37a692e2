// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "math"

// gapPatience is how long a missing range or progress is waited for. It is
// shorter than SenderTimeout, so that its sender is not given up for it.
func (t *Tracker) gapPatience() int64 { return int64(t.cfg.SenderTimeout) / 3 * 2 }

func (t *Tracker) gaveUp(p *pending, now Now) bool { return now.Running-p.heard >= t.gapPatience() }

// settle puts into effect what can be.
func (t *Tracker) settle(s *sender, now Now) {
	s.due = false
	for len(s.pending) > 0 && s.asking == 0 {
		i := s.head()
		if i < 0 {
			p := s.pending[0]
			if !t.gaveUp(p, now) {
				return
			}
			// A progress is missing, and with it perhaps what it told of.
			t.markUntold(s, p.until())
			s.known, i = p.Seq-1, 0
			p.Base, p.Parts = s.known, p.parts
		}
		p := s.pending[i]
		if !t.arrived(s, p, now) {
			return
		}
		t.takeEffect(s, p, now)
		clear(s.pending[:i+1])
		s.pending = s.pending[i+1:]
	}
	if len(s.pending) == 0 {
		s.pending = nil
	}
}

// arrived reports whether every range that p speaks of has come, or was given up.
func (t *Tracker) arrived(s *sender, p *pending, now Now) bool {
	if p.next == 0 {
		t.loseBytes(s, p, now)
	}
	for ; p.next < len(p.Files); p.next++ {
		c := &p.Files[p.next]
		f := t.file(s, c.ID, now)
		t.setBase(s, f, c, p)
		if _, missing := f.gap(c); !missing {
			continue
		}
		if t.cfg.Account && !t.gaveUp(p, now) || !t.cfg.Account && now.Running-p.heard < max(unaccountedDelay, s.transit) {
			return false
		}
		t.loseGaps(s, f, c, s.untold(&t.cfg), p.until())
	}
	return true
}

// loseBytes: nobody waits for what the sender itself knows to be lost.
func (t *Tracker) loseBytes(s *sender, p *pending, now Now) {
	for i := range p.Lost {
		l := &p.Lost[i]
		if l.File == 0 || l.Start == l.Stop {
			continue
		}
		f := t.file(s, l.File, now)
		for from := l.Start; ; {
			g, ok := f.covered.gap(from, l.Stop)
			if !ok {
				break
			}
			f.lost = f.lost.add(g.from, g.to)
			from = g.to
		}
		t.boundSpans(s, f, p.until())
		t.fileChanged(s, f)
	}
}

// setBase decides from where on the bytes of a file are asked for.
//
// A file that appears with From == 0 is asked for all of its bytes. With From > 0
// somebody read it before, and nothing is known of those bytes: the sender vouches
// only from then on for what it did not tell us of, which is
//
//   - the start of the run, if all of the run was heard;
//   - this progress, if it speaks of changes from before we listened.
func (t *Tracker) setBase(s *sender, f *file, c *FileProgress, p *pending) {
	if f.base >= 0 {
		return
	}
	_, unheard := f.covered.gap(0, c.From)
	switch {
	case p.Base < s.joined:
		f.base = c.Sent
		if len(f.covered) > 0 {
			f.base = min(c.Sent, f.covered[0].from)
		}
		if c.Sent > 0 {
			s.since = max(s.since, p.until(), c.Newest) // the clock may have gone back since
		}
	case unheard:
		f.base = c.From
		s.since = max(s.since, s.started)
	default:
		f.base = 0
	}
	t.fileChanged(s, f)
}

// loseGaps gives up the ranges of a file that have not come. Those behind c.From
// are of the event times that c tells; of others only that they are within [from,
// until].
func (t *Tracker) loseGaps(s *sender, f *file, c *FileProgress, from, until int64) {
	known := c.Oldest != None && c.Newest != None
	for {
		g, missing := f.gap(c)
		if !missing {
			break
		}
		known = known && g.from >= c.From
		f.lost = f.lost.add(g.from, g.to)
		t.gaps++
		t.boundSpans(s, f, until)
	}
	t.fileChanged(s, f)
	if !t.cfg.Account {
		return
	}
	if known {
		t.mark(c.Oldest, c.Newest, ReasonLostInTransit)
	} else {
		t.markBetween(s, from, until)
	}
	t.warn(s, WarnLost, "Records were lost on their way from a server: a component between drops them, or refused them for good (for their size, for instance). "+
		"The windows that they can have been in are marked lost_in_transit")
}

// boundSpans closes the oldest holes of a file that has too many. Records that
// come for them are taken for repetitions, so what they can be of is marked.
func (t *Tracker) boundSpans(s *sender, f *file, until int64) {
	for len(f.covered)+len(f.lost) > maxSpans && f.fill() {
		if t.cfg.Account {
			t.markUntold(s, until)
		}
	}
}

// markUntold marks all that a sender has not vouched for up to a wall clock of it.
func (t *Tracker) markUntold(s *sender, until int64) {
	t.markBetween(s, s.untold(&t.cfg), until)
}

func (t *Tracker) markBetween(s *sender, from, until int64) {
	if from != None && until < s.readUntil { // its clock went back, nobody knows how far
		from, until = None, s.readUntil
	}
	t.mark(from, until, ReasonLostInTransit)
}

// loseFormer gives up what a former run said it had sent.
func (t *Tracker) loseFormer(s *sender, f *file) {
	o := f.former
	s.settleFormer(f)
	if _, missing := f.gap(&o.FileProgress); missing {
		t.loseGaps(s, f, &o.FileProgress, o.from, o.until)
	}
	t.fileChanged(s, f)
}

// settleAsked looks at the files that former runs spoke of.
func (t *Tracker) settleAsked(now Now) {
	kept := t.asked[:0]
	for _, id := range t.asked {
		s := t.senders[id.Sender]
		if s == nil || s.files[id.ID] == nil || s.files[id.ID].former == nil {
			continue
		}
		f := s.files[id.ID]
		if _, missing := f.gap(&f.former.FileProgress); !missing {
			s.settleFormer(f)
			t.fileChanged(s, f)
			continue
		}
		if now.Running-f.former.heard >= t.gapPatience() {
			t.loseFormer(s, f)
			continue
		}
		kept = append(kept, id)
	}
	t.asked = kept
}

// farAhead bounds the time of a record that has come but of which nothing is
// known, in nanoseconds ahead of the wall clock: what is further ahead is a loss
// of its own, which the engine tells.
const farAhead = 24 * 3600 * 1e9

func aheadOf(now Now) int64 { return min(now.Wall, math.MaxInt64-farAhead) + farAhead }
