// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"slices"
	"time"
)

// trouble is what becomes of a machine in a tick.
func (s *sim) trouble(m *machine) {
	after := func(most time.Duration) int64 { return s.now + s.rnd.Int64N(int64(most)) }
	down := s.now < m.down || s.now < m.asleep
	switch {
	case !down && s.chance(s.faults.silence, 250):
		m.down = after(20 * time.Minute)
		m.stopped = true
		s.say("web%d is silent until %ds", m.index, s.seconds(m.down))
		if s.rnd.IntN(2) == 0 {
			s.sendAll(m, m.tell(s.now, Stopped))
		}
	case !down && s.chance(s.faults.suspension, 250):
		m.asleep = after(20 * time.Minute)
		s.say("web%d is suspended until %ds", m.index, s.seconds(m.asleep))
	case s.chance(s.faults.refusal, 200):
		m.refused = after(8 * time.Minute)
		s.say("web%d is refused until %ds", m.index, s.seconds(m.refused))
		for i := range s.net {
			if s.net[i].machine == m {
				s.net[i].due = max(s.net[i].due, m.refused)
			}
		}
	case !down && s.chance(s.faults.crash, 150):
		s.crash(m)
	case s.chance(s.faults.step, 200):
		m.skew += s.rnd.Int64N(int64(10*time.Minute)) - int64(5*time.Minute)
		s.say("the clock of web%d steps to %v", m.index, time.Duration(m.skew))
	case s.chance(s.faults.locked, 150):
		f := m.files[s.rnd.IntN(len(m.files))]
		f.locked = after(15 * time.Minute)
		s.say("a file of web%d cannot be read until %ds", m.index, s.seconds(f.locked))
	case s.chance(s.faults.vanish, 200):
		s.vanish(m, m.files[s.rnd.IntN(len(m.files))])
	case s.chance(true, 60) && len(m.files) < 6:
		s.say("web%d has a new file", m.index)
		m.newFile(s.now)
	case !down && s.chance(s.faults.late, 200) && len(m.files) < 6:
		s.say("web%d gets a copy of an old file", m.index)
		f := m.newFile(s.now)
		for age := int64(50 * time.Minute); age > int64(10*time.Minute); age -= int64(5 * time.Minute) {
			m.write(f, s.now, age, &s.faults)
		}
	}
}

// crash ends a run. What was handed on and not sent may be lost with it, and the
// places that are stored may be behind it or not.
func (s *sim) crash(m *machine) {
	if s.rnd.IntN(2) == 0 {
		n := len(s.net)
		s.net = slices.DeleteFunc(s.net, func(g message) bool { return g.machine == m && g.due > s.now && s.rnd.IntN(2) == 0 })
		s.say("web%d crashes, and loses %d messages", m.index, n-len(s.net))
		if s.rnd.IntN(2) == 0 {
			for _, f := range m.files {
				f.saved, f.savedTo = f.next, f.sent
			}
		}
	} else {
		s.say("web%d crashes", m.index)
	}
	m.since = None
	if !m.storage && s.rnd.IntN(2) == 0 {
		m.begin(s.now)
		m.since = m.started
		for _, f := range m.files { // start_at: end
			f.next, f.sent, f.start = len(f.lines), f.size, f.size
		}
		return
	}
	m.begin(s.now)
}

// vanish removes a file, which may not have been read to its end.
func (s *sim) vanish(m *machine, f *logFile) {
	if f.gone {
		return
	}
	f.gone = true
	s.say("a file of web%d is gone", m.index)
	if f.next == len(f.lines) {
		return
	}
	f.vanished = true
	m.lost = append(m.lost, Loss{Name: "u_ex.log", Reason: ReasonFileVanished, From: f.born, To: max(m.latest, m.clock(s.now))})
	m.lostAt = append(m.lostAt, m.seq+1)
}
