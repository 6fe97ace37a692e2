// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// line is one line of a log file.
type line struct {
	event    int64 // by the clock of its machine
	from, to int64
	machine  *machine
	dropped  bool // the receiver's match drops it: it is no record
	bad      bool // it cannot be read, so its time is not known to anybody
	excused  bool // written after the clock went back, or later than lines may be
}

// logFile is a file of a machine.
type logFile struct {
	id       ID
	lines    []*line
	size     int64
	born     int64 // by the clock of the machine
	next     int   // line to be read
	sent     int64 // end of the last record
	start    int64 // sent, when this run began
	saved    int   // next, at the checkpoint
	savedTo  int64 // sent, at the checkpoint
	locked   int64 // it cannot be read until then
	named    bool  // by this run
	gone     bool
	vanished bool
}

// machine is a server with a receiver that reads its files.
type machine struct {
	rnd         *rand.Rand
	index       int
	sender      ID
	starts      int64 // of the machine's receivers that had no storage
	run         byte
	skew        int64
	latest      int64 // the latest that its clock ever showed
	started     int64
	since       int64
	files       []*logFile
	storage     bool
	slow        int // lines in a look at most
	asleep      int64
	down        int64
	refused     int64
	seq         int64
	told        []map[ID]int64 // where each file was sent to, by seq
	lost        []Loss
	lostAt      []int64 // the seq that tells of it first
	behind      int64
	until, look int64
	stopped     bool
	everRead    bool // this run has read everything once
}

func (m *machine) clock(now int64) int64 { return now + m.skew }

// begin begins a run.
func (m *machine) begin(now int64) {
	if m.sender == 0 || !m.storage {
		m.starts++
		m.sender, m.run = ID(1+1000*int64(m.index)+m.starts), 0
		for i, f := range m.files {
			f.id, f.saved, f.savedTo = m.sender*100+ID(i)+1, 0, 0
		}
		m.lost, m.lostAt = nil, nil
	}
	m.run++
	m.started, m.seq, m.told = m.clock(now), 0, nil
	m.until, m.look, m.everRead, m.stopped, m.behind = None, m.clock(now), false, false, 0
	for i := range m.lostAt {
		m.lostAt[i] = 0 // what was lost is told again
	}
	for _, f := range m.files {
		f.next, f.sent, f.start, f.named = f.saved, f.savedTo, f.savedTo, false
	}
}

func (m *machine) newFile(now int64) *logFile {
	f := &logFile{id: m.sender*100 + ID(len(m.files)) + 1, born: m.clock(now)}
	m.files = append(m.files, f)
	return f
}

// write appends a line that is of the age before the clock of the machine.
func (m *machine) write(f *logFile, now, age int64, faults *faults) {
	n := 50 + m.rnd.Int64N(100)
	event := m.clock(now) - age
	back := m.clock(now) < m.latest
	if k := len(f.lines); k > 0 && !back {
		event = max(event, f.lines[k-1].event) // a log is in order
	}
	l := &line{
		event: event, from: f.size, to: f.size + n, machine: m, excused: back || age > int64(simLateness),
		dropped: m.rnd.IntN(6) == 0, bad: faults.bad && m.rnd.IntN(40) == 0,
	}
	f.born = min(f.born, event)
	f.size += n
	f.lines = append(f.lines, l)
}

// readFiles is a look at all files. It gives the records to send.
func (m *machine) readFiles(now int64, drops bool, send func(*logFile, []record)) {
	room := m.slow
	if room == 0 {
		room = 1 << 30
	}
	all := true
	for _, f := range m.files {
		f.saved, f.savedTo = f.next, f.sent
		if f.gone || f.locked > now {
			continue
		}
		if !f.named {
			f.named = true
		}
		var batch []record
		for ; f.next < len(f.lines) && room > 0; f.next++ {
			l := f.lines[f.next]
			room--
			if m.until != None && m.everRead {
				m.behind = max(m.behind, m.until-l.event)
			}
			switch {
			case l.dropped:
			case l.bad && drops:
				m.lose(f, f.next, now)
			default:
				batch = append(batch, record{l, f.sent, l.to})
				f.sent = l.to
			}
		}
		all = all && f.next == len(f.lines)
		for len(batch) > 0 {
			n := min(1+m.rnd.IntN(5), len(batch))
			send(f, batch[:n])
			batch = batch[n:]
		}
	}
	if all {
		m.until, m.everRead = max(m.until, m.look), true // a clock that goes back takes nothing back
	}
	m.look = m.clock(now)
}

// lose tells that line i of a file could not be read.
func (m *machine) lose(f *logFile, i int, now int64) {
	l := Loss{Name: "u_ex.log", Reason: ReasonParseError, Count: 1, From: f.born, To: m.clock(now)}
	if i > 0 {
		l.From = f.lines[i-1].event
	}
	m.lost, m.lostAt = append(m.lost, l), append(m.lostAt, m.seq+1)
}

// tell makes the next progress, in parts.
func (m *machine) tell(now int64, state State) []*Progress {
	m.seq++
	base := m.seq - 1
	if m.seq%6 == 0 {
		base = max(0, m.seq-12)
	}
	if state == Stopped {
		base = 0
	}
	if len(m.told) == 0 {
		m.told = append(m.told, map[ID]int64{})
	}
	p := &Progress{
		Sender: m.sender, Run: Run{byte(m.index + 1), byte(m.starts), m.run}, Host: fmt.Sprint("web", m.index), Component: "iis_log",
		Seq: m.seq, Base: base, Part: 1, Parts: 1, State: state,
		Resumed: m.storage && m.run > 1, Started: m.started, Sent: m.clock(now), ReadUntil: m.until, Since: m.since, OldestUnread: None, Behind: m.behind,
	}
	if m.storage {
		p.RunNumber = int64(m.run)
	}
	if state == Reading && m.until == None && m.seq > 1 {
		p.State, p.OldestUnread = CatchingUp, m.oldestUnread()
	}
	told := map[ID]int64{}
	for _, f := range m.files {
		if f.named {
			told[f.id] = f.sent
			m.tellFile(p, f, m.told[base])
		}
		if f.locked > now && !f.gone {
			p.Unread = append(p.Unread, Loss{Name: "u_ex.log", Reason: ReasonFileUnreadable, From: f.born, To: None})
		}
	}
	for i := range m.lost {
		if m.lostAt[i] > base {
			p.Lost = append(p.Lost, m.lost[i])
		} else if m.lostAt[i] == 0 {
			m.lostAt[i] = m.seq
			p.Lost = append(p.Lost, m.lost[i])
		}
	}
	if base != m.seq-1 {
		m.behind = 0
	}
	m.told = append(m.told, told)
	return m.split(p)
}

func (m *machine) tellFile(p *Progress, f *logFile, before map[ID]int64) {
	from, known := before[f.id]
	if !known {
		from = f.start
	}
	if known && from == f.sent && !f.gone {
		return
	}
	c := FileProgress{ID: f.id, Name: "u_ex.log", From: from, Sent: f.sent, Read: f.sent, Oldest: None, Newest: None, Gone: f.gone}
	whole := true
	for _, l := range f.lines[:f.next] {
		if l.from >= from && l.to <= f.sent {
			whole = whole && !l.bad
			c.Oldest, c.Newest = earlier(c.Oldest, l.event), max(c.Newest, l.event)
		}
	}
	if !whole || m.rnd.IntN(5) == 0 {
		c.Oldest, c.Newest = None, None
	}
	p.Files = append(p.Files, c)
}

// split tells a progress in two parts, sometimes.
func (m *machine) split(p *Progress) []*Progress {
	if len(p.Files) < 2 || m.rnd.IntN(2) == 0 {
		return []*Progress{p}
	}
	q := *p
	p.Parts, q.Parts, q.Part = 2, 2, 2
	q.Files, p.Files = slices.Clone(p.Files[1:]), slices.Clone(p.Files[:1])
	q.Lost, q.Unread = nil, nil
	return []*Progress{p, &q}
}

func (m *machine) oldestUnread() int64 {
	oldest := int64(None)
	for _, f := range m.files {
		if f.next < len(f.lines) && !f.gone {
			oldest = earlier(oldest, f.lines[f.next].event)
		}
	}
	return oldest
}

func (m *machine) heardAs(heard map[ID]int64) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(heard)), func(id ID) bool { return int64(id)/1000 == int64(m.index) })
}
