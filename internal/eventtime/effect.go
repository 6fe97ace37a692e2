// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

// takeEffect makes true what a progress says.
func (t *Tracker) takeEffect(s *sender, p *pending, now Now) {
	if s.joined == p.Seq { // what was sent before, and lost, nobody will ask for
		s.since = max(s.since, p.until())
	}
	if p.Resumed && !s.inEffect { // and nobody was there when the others were told
		s.since = max(s.since, s.started)
	}
	s.known, s.inEffect, s.spoke = p.Seq, true, true
	s.since = max(s.since, p.Since)
	moved := t.moveReadUntil(s, p)
	if p.State != CatchingUp && moved || s.further && !s.heir || p.OldestUnread > s.best {
		s.catching = now.Running
	}
	s.further, s.best = false, max(s.best, p.OldestUnread)
	s.state, s.oldestUnread = p.State, p.OldestUnread
	t.noteBehind(s, p, now)
	s.unread = p.Unread
	for i := range p.Lost {
		t.lose(&p.Lost[i], p.until())
	}
	for i := range p.Files {
		t.settleFile(s, &p.Files[i], p.until(), now)
	}
	if moved {
		s.note(now, now.Wall-s.readUntil, int64(t.cfg.SenderTimeout), int64(t.cfg.CatchUpTimeout))
	}
	t.senderChanged(s)
}

// settleFile is for a file that a progress in effect speaks of: all that was read
// of it has come, a lost line at its end too.
func (t *Tracker) settleFile(s *sender, c *FileProgress, until int64, now Now) {
	f := s.files[c.ID]
	if f == nil { // others needed its room
		return
	}
	f.touched = now.Running
	if f.gone != c.Gone {
		f.gone = c.Gone
		t.fileChanged(s, f)
	}
	t.settleLines(s, f, c, until)
}

func (t *Tracker) noteBehind(s *sender, p *pending, now Now) {
	if p.Behind >= s.behind || now.Running-s.behindAt >= int64(t.cfg.ForgetSenderAfter) && len(p.Files) > 0 {
		s.behind, s.behindAt = p.Behind, now.Running
	}
	if s.behind > int64(t.cfg.WrittenWithin) {
		t.warn(s, WarnLateFiles, "Lines of a server are written or copied much later than their requests were. "+
			"Windows that they can be in are marked late_files; raise written_within if this is usual")
	}
}

// moveReadUntil reports whether the sender has read further.
func (t *Tracker) moveReadUntil(s *sender, p *pending) bool {
	switch {
	case p.ReadUntil == None:
		return false
	case s.readUntil != None && p.ReadUntil < s.readUntil:
		// Windows wait for the lateness: less than that closes nothing too early.
		if s.readUntil-p.ReadUntil > max(int64(clockStep), s.late(&t.cfg)) {
			t.mark(p.ReadUntil, s.readUntil, ReasonClockStepped)
		}
		s.readUntil = p.ReadUntil
		return true
	default:
		moved := s.readUntil == None || p.ReadUntil > s.readUntil
		s.readUntil = p.ReadUntil
		return moved
	}
}
