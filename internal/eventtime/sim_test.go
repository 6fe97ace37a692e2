// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// A simulation of readers, a network and the component that hears them, in
// virtual time. What the network does to messages, and what becomes of readers
// and of the component, is drawn at random.

const (
	simTick     = int64(10 * time.Second)
	simWindow   = int64(5 * time.Minute)
	simLateness = time.Minute
	simTimeout  = 5 * time.Minute
	simLength   = int64(90 * time.Minute)
	simStart    = int64(1_772_445_600_000_000_000) // 2026-03-02T10:00:00Z
)

func simConfig() Config {
	return Config{
		AllowedLateness: simLateness, IdleTimeout: 2 * time.Minute, SenderTimeout: simTimeout, CatchUpTimeout: time.Hour,
		ForgetSenderAfter: 24 * time.Hour, WrittenWithin: time.Hour, MaxSenders: 100, Account: true,
	}
}

// faults are what may happen in a schedule.
type faults struct {
	drop, repeat, delay     bool // by the network
	crash, silence          bool // of readers
	skew                    bool // of their clocks
	restart, older, amnesia bool // of the component: with its state, with an older copy, without
	pause                   bool // of the component, suspended
	join                    bool // the component starts in the middle of the readers' runs
}

func (f faults) any() bool { return f != faults{} }

// line is one line of a file.
type line struct {
	event    int64 // as logged, by the reader's machine
	from, to int64
	reader   int
	fresh    int // how often it was counted
}

// message is a batch of records, or a progress.
type message struct {
	due      int64
	lines    []*line
	file     File
	progress *Progress
}

// reader reads one file, which grows.
type reader struct {
	index           int
	sender          ID
	run             byte
	started         int64
	skew            int64
	file            ID
	lines           []*line
	size            int64
	next            int // line to be read
	sent, told      int64
	seq             int64
	tolds           []int64 // what was told, by seq
	until, lastLook int64
	checkpoint      int
	silentUntil     int64
	oldest, newest  int64
}

// sim is one schedule.
type sim struct {
	rnd     *rand.Rand
	faults  faults
	now     int64
	running int64
	readers []*reader
	net     []message
	t       *Tracker
	marks   []Mark
	closed  int64 // windows that end at or before it are closed
	began   int64 // since when the component has its state
	copies  [][]byte
	counted []map[*line]bool // what was counted when each copy was made
	marked  [][]Mark         // and what was marked: the engine stores both together
	knew    []map[ID]bool    // and who had been heard
	have    map[*line]bool   // counted by the component, as far as it remembers
	heard   map[ID]bool
	paused  int64
	log     []string
	late    int64 // the largest time from the end of a window to its closing, running
	ends    map[int64]int64
	windows int // closed
	whole   int // of these, complete
}

func newSim(seed uint64, f faults) *sim {
	s := &sim{
		rnd: rand.New(rand.NewPCG(seed, 7)), faults: f, now: simStart,
		have: map[*line]bool{}, heard: map[ID]bool{}, ends: map[int64]int64{},
	}
	for i := range 1 + s.rnd.IntN(3) {
		r := &reader{index: i, sender: ID(100 + i), file: ID(1000 + i), run: 1, started: s.now, lastLook: s.now, oldest: None, newest: None}
		if f.skew && s.rnd.IntN(2) == 0 {
			r.skew = (s.rnd.Int64N(20) - 10) * int64(time.Minute)
		}
		s.readers = append(s.readers, r)
	}
	if !f.join {
		s.begin(nil)
	}
	return s
}

func (s *sim) say(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf("%6ds ", (s.now-simStart)/1e9)+fmt.Sprintf(format, args...))
}

func (s *sim) moment() Now { return Now{s.now, s.running} }

// begin starts the component, with a state or without.
func (s *sim) begin(state []byte) {
	s.t = New(simConfig(), s.moment())
	if state != nil {
		if err := s.t.Apply(state); err != nil {
			panic(err)
		}
		s.t.Restored(s.moment())
	} else {
		s.began, s.have, s.heard, s.marks = s.now, map[*line]bool{}, map[ID]bool{}, nil
		s.closed = floor(s.now, simWindow)
	}
	s.t.Follow()
}

func floor(t, step int64) int64 { return t - ((t%step)+step)%step }

func (s *sim) chance(on bool, n int) bool { return on && s.rnd.IntN(n) == 0 }

// step is one tick of everything.
func (s *sim) step() {
	s.now += simTick
	quiet := s.now > simStart+simLength // nothing new happens at the end
	for _, r := range s.readers {
		if !quiet || s.rnd.IntN(3) == 0 {
			s.write(r)
		}
		if !quiet {
			s.trouble(r)
		}
		if s.now >= r.silentUntil {
			s.read(r)
		}
	}
	if s.now < s.paused {
		return // suspended: its running time stands still
	}
	s.running += simTick
	if s.t == nil {
		if s.now > simStart+simLength/4 {
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

func (s *sim) componentTrouble() {
	if s.chance(true, 20) {
		s.copies = append(s.copies, s.t.Append(nil))
		s.counted = append(s.counted, maps.Clone(s.have))
		s.marked = append(s.marked, slices.Clone(s.marks))
		s.knew = append(s.knew, maps.Clone(s.heard))
	}
	switch {
	case s.chance(s.faults.pause, 150):
		s.paused = s.now + s.rnd.Int64N(int64(20*time.Minute))
		s.say("the component is suspended until %ds", (s.paused-simStart)/1e9)
	case s.chance(s.faults.restart, 60):
		s.say("the component restarts")
		s.begin(s.t.Append(nil))
	case s.chance(s.faults.amnesia, 300):
		s.say("the component restarts without state")
		s.begin(nil)
	case len(s.copies) > 0 && s.chance(s.faults.older, 200):
		i := s.rnd.IntN(len(s.copies))
		s.say("the component restarts with copy %d of its state", i)
		s.begin(s.copies[i])
		s.marks, s.heard = slices.Clone(s.marked[i]), maps.Clone(s.knew[i])
		s.have = maps.Clone(s.counted[i])
	}
}

// write appends lines to the file of a reader.
func (s *sim) write(r *reader) {
	for range s.rnd.IntN(4) {
		n := 50 + s.rnd.Int64N(100)
		l := &line{event: s.now + r.skew - s.rnd.Int64N(int64(40*time.Second)), from: r.size, to: r.size + n, reader: r.index}
		r.size += n
		r.lines = append(r.lines, l)
	}
}

// trouble is what becomes of a reader.
func (s *sim) trouble(r *reader) {
	switch {
	case s.chance(s.faults.silence, 200):
		r.silentUntil = s.now + s.rnd.Int64N(int64(20*time.Minute))
		s.say("reader %d is silent until %ds", r.index, (r.silentUntil-simStart)/1e9)
	case s.chance(s.faults.crash, 120):
		s.say("reader %d crashes: reads again from line %d of %d", r.index, r.checkpoint, r.next)
		r.next = r.checkpoint
		r.run++
		r.started, r.seq, r.tolds = s.now+r.skew, 0, nil
		r.sent = 0
		if r.next > 0 {
			r.sent = r.lines[r.next-1].to
		}
		r.told, r.until, r.lastLook = r.sent, 0, s.now
	}
}

// read is a look at the file, and perhaps a progress.
func (s *sim) read(r *reader) {
	if r.seq == 0 {
		s.tell(r)
	}
	r.checkpoint = r.next
	for r.next < len(r.lines) {
		n := min(1+s.rnd.IntN(5), len(r.lines)-r.next)
		batch := r.lines[r.next : r.next+n]
		r.next += n
		r.sent = batch[n-1].to
		for _, l := range batch {
			r.oldest, r.newest = earlier(r.oldest, l.event), max(r.newest, l.event)
		}
		s.send(message{lines: batch, file: File{r.sender, r.file}})
	}
	r.until, r.lastLook = r.lastLook, s.now
	if s.rnd.IntN(2) == 0 {
		s.tell(r)
	}
}

// tell makes the next progress. Each sixth is a wide one.
func (s *sim) tell(r *reader) {
	r.seq++
	base := r.seq - 1
	from := r.told
	if r.seq%6 == 0 {
		base = max(0, r.seq-12)
	}
	if base < int64(len(r.tolds)) {
		from = r.tolds[base]
	}
	if len(r.tolds) == 0 {
		r.tolds = []int64{r.sent}
	}
	p := &Progress{
		Sender: r.sender, Run: Run{r.run}, Host: fmt.Sprint("web", r.index), Component: "iis_log", Seq: r.seq, Base: base, Part: 1, Parts: 1,
		Started: r.started, Sent: s.now + r.skew, ReadUntil: None, Since: None, OldestUnread: None,
		Files: []FileProgress{{ID: r.file, Name: "u_ex.log", From: min(from, r.sent), Sent: r.sent, Read: r.sent, Oldest: None, Newest: None}},
	}
	if r.until > 0 {
		p.ReadUntil = r.until + r.skew
	}
	if r.seq%6 != 0 {
		p.Files[0].Oldest, p.Files[0].Newest = r.oldest, r.newest
	}
	r.oldest, r.newest = None, None
	r.told = r.sent
	r.tolds = append(r.tolds, r.sent)
	s.send(message{progress: p})
}

// send gives a message to the network.
func (s *sim) send(m message) {
	m.due = s.now + s.rnd.Int64N(int64(15*time.Second))
	switch {
	case s.chance(s.faults.drop, 60):
		s.say("lost: %s", m)
		return
	case s.chance(s.faults.delay, 30):
		m.due += s.rnd.Int64N(int64(4 * time.Minute))
	case s.chance(s.faults.delay, 300):
		m.due += s.rnd.Int64N(int64(40 * time.Minute))
		s.say("on its way until %ds: %s", (m.due-simStart)/1e9, m)
	}
	s.net = append(s.net, m)
	if s.chance(s.faults.repeat, 20) {
		m.due += s.rnd.Int64N(int64(10 * time.Minute))
		s.net = append(s.net, m)
	}
}

func (m message) String() string {
	if p := m.progress; p != nil {
		return fmt.Sprintf("progress %s run %d seq %d base %d sent %d", p.Host, p.Run[0], p.Seq, p.Base, p.Files[0].Sent)
	}
	return fmt.Sprintf("lines of reader %d, %d to %d", m.lines[0].reader, m.lines[0].from, m.lines[len(m.lines)-1].to)
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
		if m.progress != nil {
			s.heard[m.progress.Sender] = true
			if err := s.t.Hear(m.progress, s.moment()); err != nil {
				panic(err)
			}
			continue
		}
		s.commit(m)
	}
}

func (s *sim) commit(m message) {
	s.heard[m.file.Sender] = true
	whole := Range{m.file, m.lines[0].from, m.lines[len(m.lines)-1].to}
	if s.rnd.IntN(2) == 0 && s.t.Covered(whole, s.moment()) == Fresh {
		for _, l := range m.lines {
			s.count(l)
		}
		return
	}
	for _, l := range m.lines {
		if s.t.Cover(Range{m.file, l.from, l.to}, s.moment()) {
			s.count(l)
		}
	}
}

func (s *sim) count(l *line) {
	if s.have[l] {
		l.fresh = math.MaxInt32 // counted twice by a component that remembers it
	}
	s.have[l] = true
}
