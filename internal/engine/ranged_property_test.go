// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

var schedules = flag.Int("schedules", 300, "random schedules of TestWhatIsToldAsCompleteIsTrue")

// truthLine is a line that was written.
type truthLine struct {
	at           int64
	path, client string
	from, to     int64
}

// message is on its way: lines of a file, then a progress.
type message struct {
	due   int64
	file  eventtime.File
	lines []truthLine
	told  *eventtime.Progress
}

// simSender reads one file of one server and tells what it has read.
type simSender struct {
	p      eventtime.Progress
	file   eventtime.FileProgress
	lines  []truthLine // all
	sent   int         // of lines
	silent int64       // until then it does nothing
	told   int         // of lines, with the last progress
}

func newSimSender(id int, now int64) *simSender {
	return &simSender{
		p: eventtime.Progress{
			Sender: eventtime.ID(id), Run: eventtime.Run{byte(id)}, Host: fmt.Sprint("web", id), Component: "iis_log", Part: 1, Parts: 1,
			Started: now, Since: eventtime.None, ReadUntil: eventtime.None, OldestUnread: eventtime.None,
		},
		file: eventtime.FileProgress{ID: 100, Name: "u_ex.log"},
	}
}

// end is where a line ends.
func (s *simSender) end(lines int) int64 {
	if lines == 0 {
		return 0
	}
	return s.lines[lines-1].to
}

// send returns all lines that were written and not sent.
func (s *simSender) send() []truthLine {
	out := s.lines[s.sent:]
	s.sent = len(s.lines)
	return out
}

// tell returns a progress about all since the one before, or since the beginning.
func (s *simSender) tell(now int64, state eventtime.State, whole bool) *eventtime.Progress {
	s.p.Seq++
	s.p.Base, s.p.State, s.p.Sent, s.p.ReadUntil = s.p.Seq-1, state, now, now
	from := s.told
	if whole {
		s.p.Base, from = 0, 0
	}
	f := s.file
	f.From, f.Sent, f.Read = s.end(from), s.end(s.sent), s.end(s.sent)
	f.Oldest, f.Newest = eventtime.None, eventtime.None
	for _, l := range s.lines[from:s.sent] {
		if f.Oldest == eventtime.None {
			f.Oldest = l.at
		}
		f.Oldest, f.Newest = min(f.Oldest, l.at), max(f.Newest, l.at)
	}
	s.told = s.sent
	p := s.p
	p.Files = []eventtime.FileProgress{f}
	return &p
}

// rangedSim is an engine behind a network, with what it gave out.
type rangedSim struct {
	*corrector
	r       *rand.Rand
	senders []*simSender
	way     []message
	found   map[string]*Finding
	rough   bool // messages are late, repeated and overtaken; engine and senders pause
	lossy   bool // and are dropped
}

func (s *rangedSim) step() {
	s.now += int64(30 * time.Second)
	for _, c := range s.senders {
		s.write(c)
		if s.now < c.silent {
			continue
		}
		if s.rough && s.r.IntN(200) == 0 {
			c.silent = s.now + s.r.Int64N(int64(40*time.Minute))
		}
		m := message{file: eventtime.File{Sender: c.p.Sender, ID: c.file.ID}, lines: c.send()}
		if s.r.IntN(2) == 0 || !s.rough {
			m.told = c.tell(s.now, eventtime.Reading, s.r.IntN(5) == 0)
		}
		s.put(m)
	}
	s.deliver()
	s.collect()
	if s.rough && s.r.IntN(60) == 0 {
		s.crash(s.r.IntN(2) == 0)
	}
}

// write lets the server log a few requests of the last minute.
func (s *rangedSim) write(c *simSender) {
	for range s.r.IntN(3) {
		from := c.end(len(c.lines))
		c.lines = append(c.lines, truthLine{
			s.now - s.r.Int64N(int64(time.Minute)), fmt.Sprintf("/page%d.aspx", s.r.IntN(40)), fmt.Sprintf("203.0.113.%d", 1+s.r.IntN(3)),
			from, from + 50 + s.r.Int64N(100),
		})
	}
}

func (s *rangedSim) put(m message) {
	m.due = s.now
	if s.rough {
		if s.r.IntN(5) == 0 {
			m.due += s.r.Int64N(int64(4 * time.Minute))
		}
		if s.r.IntN(10) == 0 {
			again := m
			again.due += s.r.Int64N(int64(10 * time.Minute))
			s.way = append(s.way, again)
		}
	}
	if !s.lossy || s.r.IntN(40) > 0 {
		s.way = append(s.way, m)
	}
}

// deliver commits what has arrived.
func (s *rangedSim) deliver() {
	kept := s.way[:0]
	for _, m := range s.way {
		if m.due > s.now {
			kept = append(kept, m)
			continue
		}
		b := s.NewBatch()
		b.Reset(s.now)
		for _, l := range m.lines {
			b.Answers(eventtime.Range{File: m.file, From: l.from, To: l.to})
			r := rule.Request{Time: l.at, Path: l.path, UserAgent: ua, Client: l.client, Status: 200}
			b.Add(&r, []string{l.path})
		}
		if m.told != nil {
			told := *m.told
			b.Tell(&told)
		}
		s.Commit(b, s.now)
		s.store()
	}
	s.way = kept
	s.Tick(s.now)
}

// collect evaluates, and takes back what corrections withdraw.
func (s *rangedSim) collect() {
	for {
		w, ok := s.Next()
		if !ok {
			break
		}
		findings, _ := s.Evaluate(&w)
		for _, f := range findings {
			s.found[f.ID] = f
		}
		s.store()
	}
	for _, c := range s.Corrections(1000) {
		if c.Withdrawn {
			delete(s.found, c.ID)
		}
	}
	s.Corrected(len(s.Corrections(1000)))
	s.store()
}

// finish lets everybody say all that there is to say.
func (s *rangedSim) finish() {
	s.lossy = false
	for _, c := range s.senders {
		m := message{file: eventtime.File{Sender: c.p.Sender, ID: c.file.ID}, lines: c.send()}
		m.told = c.tell(s.now, eventtime.Finished, true)
		s.put(m)
	}
	for range 240 {
		s.now += int64(30 * time.Second)
		s.deliver()
		s.collect()
	}
}

// truth are the clients of a page in a window, and its requests, over all senders.
func (s *rangedSim) truth(path string, start, end int64) (clients []string, requests uint64) {
	for _, c := range s.senders {
		for _, l := range c.lines {
			if l.path == path && l.at >= start && l.at < end {
				requests++
				if !slices.Contains(clients, l.client) {
					clients = append(clients, l.client)
				}
			}
		}
	}
	return clients, requests
}

// A finding that is told as complete, and not taken back, is true over all lines of
// all senders, requests counted exactly, whatever the network does, and wherever the
// engine dies. Where nothing is disturbed, nothing is marked, and nothing is missed.
func TestWhatIsToldAsCompleteIsTrue(t *testing.T) {
	complete, marked := 0, 0
	for seed := range uint64(*schedules) {
		cfg := correctable()
		cfg.SuppressFor = 0
		s := &rangedSim{corrector: newCorrector(t, cfg), r: rand.New(rand.NewPCG(seed, 9)), found: map[string]*Finding{}}
		s.rough, s.lossy = seed%3 > 0, seed%3 == 2
		for id := range 1 + s.r.IntN(3) {
			s.senders = append(s.senders, newSimSender(id+1, s.now))
		}
		for range 300 {
			s.step()
		}
		s.finish()
		for _, f := range s.found {
			clients, requests := s.truth(f.Values[0], f.WindowStart, f.WindowEnd)
			switch {
			case f.Reasons != 0:
				marked++
				if !s.rough {
					t.Fatalf("seed %d: %s is marked, and nothing was disturbed: %v", seed, f.Values[0], f.Reasons.Strings())
				}
			case len(clients) != 1 || requests != f.Requests:
				t.Fatalf("seed %d: %s is told as complete with %d requests of %v; there are %d of %v", seed, f.Values[0], f.Requests, f.Clients, requests, clients)
			default:
				complete++
			}
		}
		if !s.rough {
			s.nothingMissed(t, seed)
		}
	}
	if complete == 0 || marked == 0 {
		t.Errorf("%d complete, %d marked: the schedules prove nothing", complete, marked)
	}
	t.Logf("%d complete, all true; %d marked", complete, marked)
}

func (s *rangedSim) nothingMissed(t *testing.T, seed uint64) {
	told := map[string]bool{}
	for _, f := range s.found {
		told[fmt.Sprint(f.WindowStart, f.Values[0])] = true
	}
	hour := int64(time.Hour)
	for start := day.UnixNano() - hour; start < s.now; start += hour {
		for i := range 40 {
			path := fmt.Sprintf("/page%d.aspx", i)
			if clients, _ := s.truth(path, start, start+hour); len(clients) == 1 && !told[fmt.Sprint(start, path)] {
				t.Fatalf("seed %d: %s of %s is not told", seed, path, time.Unix(0, start).UTC())
			}
		}
	}
}
