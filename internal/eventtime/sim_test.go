// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// A simulation of machines, a network and the component that hears them, in
// virtual time. What the network does to messages, and what becomes of machines
// and of the component, is drawn at random.

const (
	simTick     = int64(10 * time.Second)
	simWindow   = int64(5 * time.Minute)
	simLateness = time.Minute
	simTimeout  = 5 * time.Minute
	simCatchUp  = 30 * time.Minute
	simStart    = int64(1_772_445_600_000_000_000) // 2026-03-02T10:00:00Z
	simBacklog  = int64(3 * time.Hour)
)

func simConfig() Config {
	return Config{
		AllowedLateness: simLateness, IdleTimeout: 2 * time.Minute, SenderTimeout: simTimeout, CatchUpTimeout: simCatchUp,
		ForgetSenderAfter: 24 * time.Hour, WrittenWithin: time.Hour, MaxSenders: 100, Account: true,
	}
}

// faults are what may happen in a schedule.
type faults struct {
	drop, delay, replay                    bool // by the network
	crash, silence, suspension, refusal    bool // of machines
	skew, step                             bool // of their clocks
	locked, vanish, late, bad              bool // of their files
	older, amnesia, pause, join            bool // of the component
	repeat, restart, backlog, slow, bursts bool // nothing is marked for one of these
}

// harmless reports whether nothing of it may mark a window.
func (f faults) harmless() bool {
	f.repeat, f.restart, f.backlog, f.slow, f.bursts = false, false, false, false, false
	return f == faults{}
}

// list gives pointers to all faults, to turn off one at a time.
func (f *faults) list() []*bool {
	return []*bool{
		&f.drop, &f.delay, &f.replay, &f.crash, &f.silence, &f.suspension, &f.refusal, &f.skew, &f.step, &f.locked, &f.vanish,
		&f.late, &f.bad, &f.older, &f.amnesia, &f.pause, &f.join, &f.repeat, &f.restart, &f.backlog, &f.slow, &f.bursts,
	}
}

// record is a line and the bytes that it answers for.
type record struct {
	*line
	from, to int64
}

// message is a batch of records of a file, or a progress.
type message struct {
	due      int64
	machine  *machine
	file     File
	records  []record
	progress *Progress
}

// memory is what the component remembers, and stores together.
type memory struct {
	state   []byte
	have    map[*line]ID // as the record of which sender it was counted
	heard   map[ID]int64
	marks   []Mark
	closed  int64 // windows that end at or before it are closed
	resumed int64 // running time of the last start, or of the last newcomer
}

// sim is one schedule.
type sim struct {
	rnd      *rand.Rand
	faults   faults
	length   int64
	now      int64
	running  int64
	machines []*machine
	net      []message
	t        *Tracker
	memory
	copies []memory
	paused int64
	// restarted is the running time of the last restart. What is pending is not
	// stored, so wide progress records need some time between two to heal that.
	restarted    int64
	log          []string
	ends         map[int64]int64 // running time at which windows ended
	windows      int             // closed
	whole        int             // of these, complete
	late         int64           // the largest time that a window was open
	doubled      *line
	reasonCounts [NumReasons]int
}

func newSim(seed uint64, f faults, length time.Duration) *sim {
	s := &sim{rnd: rand.New(rand.NewPCG(seed, 7)), faults: f, now: simStart, length: int64(length), ends: map[int64]int64{}}
	for i := range 1 + s.rnd.IntN(4) {
		m := &machine{rnd: s.rnd, index: i, storage: s.rnd.IntN(3) > 0, since: None}
		if f.skew && s.rnd.IntN(2) == 0 {
			m.skew = (s.rnd.Int64N(8) - 4) * int64(time.Minute)
		}
		if f.slow && s.rnd.IntN(2) == 0 {
			m.slow = 12
		}
		m.begin(s.now)
		for range 1 + s.rnd.IntN(3) {
			m.newFile(s.now)
		}
		if f.backlog && s.rnd.IntN(2) == 0 {
			for age := simBacklog; age > 0; age -= s.rnd.Int64N(int64(2 * time.Minute)) {
				m.write(m.files[0], s.now, age, &faults{bad: f.bad})
			}
			for _, l := range m.files[0].lines {
				l.excused = false // they are there from the beginning
			}
		}
		s.machines = append(s.machines, m)
	}
	if !f.join {
		s.begin(nil)
	}
	return s
}

func (s *sim) seconds(t int64) int64 { return (t - simStart) / 1e9 }

func (s *sim) say(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf("%6ds ", s.seconds(s.now))+fmt.Sprintf(format, args...))
}

func (s *sim) moment() Now { return Now{s.now, s.running} }

func (s *sim) chance(on bool, n int) bool { return on && s.rnd.IntN(n) == 0 }

// begin starts the component, with what it stored or without.
func (s *sim) begin(m *memory) {
	s.t = New(simConfig(), s.moment())
	if m == nil {
		closed := floor(s.now-simBacklog, simWindow)
		s.memory = memory{have: map[*line]ID{}, heard: map[ID]int64{}, closed: closed, resumed: s.running}
	} else {
		if err := s.t.Apply(m.state); err != nil {
			panic(err)
		}
		s.t.Restored(s.moment())
		s.memory = memory{have: maps.Clone(m.have), heard: maps.Clone(m.heard), marks: slices.Clone(m.marks), closed: m.closed, resumed: s.running}
	}
	s.t.Follow()
}

// remember is what is stored now.
func (s *sim) remember() *memory {
	m := s.memory
	m.state = s.t.Append(nil)
	m.have, m.heard, m.marks = maps.Clone(m.have), maps.Clone(m.heard), slices.Clone(m.marks)
	return &m
}

func floor(t, step int64) int64 { return t - ((t%step)+step)%step }

// step is one tick of everything.
func (s *sim) step() {
	s.now += simTick
	quiet := s.now > simStart+s.length // nothing new happens at the end
	for _, m := range s.machines {
		s.live(m, quiet)
	}
	if s.now < s.paused {
		return // suspended: its running time stands still
	}
	s.running += simTick
	if s.t == nil {
		if s.now > simStart+s.length/4 {
			s.say("the component starts in the middle")
			s.begin(nil)
		}
		s.net = slices.DeleteFunc(s.net, func(m message) bool { return m.due <= s.now })
		return
	}
	if !quiet {
		s.componentTrouble()
	}
	s.receive()
	s.t.Advance(s.moment())
	s.marks = append(s.marks, s.t.TakeMarks()...)
}

// live is a tick of a machine.
func (s *sim) live(m *machine, quiet bool) {
	if !quiet {
		s.trouble(m)
	} else {
		m.slow = 0
	}
	if s.now < m.asleep {
		return
	}
	burst := !s.faults.bursts || s.rnd.IntN(8) == 0
	for _, f := range m.files {
		if f.gone || f.vanished || !burst {
			continue
		}
		for range s.rnd.IntN(3) {
			m.write(f, s.now, s.rnd.Int64N(int64(40*time.Second)), &s.faults)
		}
	}
	m.latest = max(m.latest, m.clock(s.now))
	if s.now < m.down {
		return
	}
	if m.stopped {
		m.begin(s.now)
	}
	if m.seq == 0 {
		s.sendAll(m, m.tell(s.now, Reading))
	}
	m.readFiles(s.now, m.index%2 == 0, func(f *logFile, batch []record) {
		s.send(message{machine: m, file: File{m.sender, f.id}, records: batch})
	})
	if s.rnd.IntN(5) > 0 {
		s.sendAll(m, m.tell(s.now, Reading))
	}
}

func (s *sim) componentTrouble() {
	if s.chance(s.faults.older, 20) {
		s.copies = append(s.copies, *s.remember())
	}
	switch {
	case s.chance(s.faults.pause, 150):
		s.paused = s.now + s.rnd.Int64N(int64(20*time.Minute))
		s.say("the component is suspended until %ds", s.seconds(s.paused))
	case s.chance(s.faults.restart, 60) && s.running-s.restarted >= int64(simTimeout):
		s.restarted = s.running
		s.say("the component restarts")
		s.begin(s.remember())
	case s.chance(s.faults.amnesia, 300):
		s.say("the component restarts without state")
		s.begin(nil)
	case len(s.copies) > 0 && s.chance(s.faults.older, 150):
		i := s.rnd.IntN(len(s.copies))
		s.say("the component restarts with copy %d of its state", i)
		s.begin(&s.copies[i])
		s.copies = s.copies[:i+1]
	}
}
