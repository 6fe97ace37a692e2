// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"fmt"
	"slices"
	"time"
)

func (s *sim) sendAll(m *machine, parts []*Progress) {
	for _, p := range parts {
		s.send(message{machine: m, progress: p})
	}
}

// send gives a message to the network.
func (s *sim) send(m message) {
	m.due = max(s.now+s.rnd.Int64N(int64(15*time.Second)), m.machine.refused)
	switch {
	case s.chance(s.faults.drop, 80):
		s.say("lost: %s", m)
		return
	case s.chance(s.faults.delay, 40):
		m.due += s.rnd.Int64N(int64(4 * time.Minute))
	case s.chance(s.faults.delay, 300):
		m.due += s.rnd.Int64N(int64(40 * time.Minute))
		s.say("on its way until %ds: %s", s.seconds(m.due), m)
	}
	s.net = append(s.net, m)
	if s.chance(s.faults.repeat, 20) {
		m.due += s.rnd.Int64N(int64(10 * time.Minute))
		s.net = append(s.net, m)
	}
	if s.chance(s.faults.replay, 100) {
		m.due += s.rnd.Int64N(int64(time.Hour))
		s.net = append(s.net, m)
	}
}

func (m message) String() string {
	if p := m.progress; p != nil {
		return fmt.Sprintf("progress of %s run %d seq %d base %d part %d", p.Host, p.Run[2], p.Seq, p.Base, p.Part)
	}
	return fmt.Sprintf("lines of web%d file %d, %d to %d", m.machine.index, m.file.ID, m.records[0].from, m.records[len(m.records)-1].to)
}

// receive takes the messages that are due, in any order.
func (s *sim) receive() {
	var due []message
	s.net = slices.DeleteFunc(s.net, func(m message) bool {
		if m.due > s.now {
			return false
		}
		due = append(due, m)
		return true
	})
	s.rnd.Shuffle(len(due), func(i, k int) { due[i], due[k] = due[k], due[i] })
	for _, m := range due {
		if p := m.progress; p != nil {
			s.hearing(p.Sender)
			if err := s.t.Hear(p, s.moment()); err != nil {
				panic(err)
			}
			continue
		}
		s.hearing(m.file.Sender)
		s.commit(m)
	}
}

// hearing notes that somebody was heard. One who is new, or was away, begins the
// time that windows are waited for.
func (s *sim) hearing(id ID) {
	if at, ok := s.heard[id]; !ok || s.running-at > int64(time.Minute) {
		s.resumed = s.running
	}
	s.heard[id] = s.running
}

func (s *sim) commit(m message) {
	whole := Range{m.file, m.records[0].from, m.records[len(m.records)-1].to}
	if s.rnd.IntN(2) == 0 {
		switch s.t.Covered(whole, s.moment()) {
		case Fresh:
			s.count(m, m.records)
			return
		case Repeated:
			return
		case Mixed:
		}
	}
	var fresh []record
	for _, r := range m.records {
		if s.t.Cover(Range{m.file, r.from, r.to}, s.moment()) {
			fresh = append(fresh, r)
			continue
		}
		s.count(m, fresh)
		fresh = nil
	}
	s.count(m, fresh)
}

// count takes records that are new and follow each other, as the engine does.
func (s *sim) count(m message, records []record) {
	if len(records) == 0 {
		return
	}
	b := Span{Oldest: None, Newest: None}
	for _, r := range records {
		if r.bad {
			b.LostFirst = b.LostFirst || !b.Timed
			b.LostLast = true
			continue
		}
		if b.LostLast && b.Timed { // between two of this batch
			s.marks = append(s.marks, Mark{min(b.Last, r.event), max(b.Last, r.event), ReasonParseError})
		}
		if !b.Timed {
			b.First, b.Timed = r.event, true
		}
		b.LostLast, b.Last = false, r.event
		b.Oldest, b.Newest = earlier(b.Oldest, r.event), max(b.Newest, r.event)
		if id, ok := s.have[r.line]; ok && id == m.file.Sender {
			s.doubled = r.line
		}
		s.have[r.line] = m.file.Sender
	}
	s.t.ObserveFile(Range{m.file, records[0].from, records[len(records)-1].to}, &b, s.moment())
}
