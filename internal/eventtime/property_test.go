// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var (
	schedules = flag.Int("schedules", 100, "random schedules of machines, network and component")
	first     = flag.Uint64("seed", 0, "of the first schedule")
)

const (
	simLength = 90 * time.Minute
	// simBound is how long a window may be open, see Tracker: the slowest clock
	// that is drawn is 4 minutes behind, steps make it 5 more each.
	simLate   = int64(time.Hour) // written_within, where files are late
	simSkew   = int64(10 * time.Minute)
	simBound  = 2*int64(simTimeout) + int64(simLateness) + simSkew
	simLonger = int64(simCatchUp) + int64(simTimeout)
)

// verdict is what the Tracker and the marks that it gave say of a window.
func (s *sim) verdict(start, end int64) Account {
	a := s.t.Window(start, end, s.moment())
	for _, m := range s.marks {
		if m.From < end && m.To >= start {
			a.Reasons = a.Reasons.With(m.Reason)
		}
	}
	return a
}

// closeWindows looks at each window that the watermark has passed.
func (s *sim) closeWindows() error {
	if s.t == nil || s.now < s.paused {
		return nil
	}
	if l := s.doubled; l != nil {
		return fmt.Errorf("the line %d to %d of web%d was counted twice", l.from, l.to, l.machine.index)
	}
	for end := floor(s.now, simWindow); s.ends[end] == 0 && end > simStart; end -= simWindow {
		s.ends[end] = s.running
	}
	for s.closed+simWindow <= s.t.Watermark() {
		start := s.closed
		s.closed += simWindow
		a := s.verdict(start, s.closed)
		s.windows++
		for r := range NumReasons {
			if a.Reasons.Has(r) {
				s.reasonCounts[r]++
			}
		}
		if at, ended := s.ends[s.closed]; ended || s.closed <= simStart { // else a clock is ahead
			s.late = max(s.late, s.running-max(at, s.resumed))
		}
		if a.Reasons != 0 {
			s.say("window %d to %ds: %v %v", s.seconds(start), s.seconds(s.closed), a.Reasons.Strings(), a.Behind)
			if s.faults.harmless() {
				return fmt.Errorf("nothing happened, and the window %d to %ds is marked: %v", s.seconds(start), s.seconds(s.closed), a.Reasons.Strings())
			}
			continue
		}
		s.whole++
		if err := s.whether(start, s.closed); err != nil {
			return err
		}
	}
	return nil
}

// whether the window that is said to be complete is complete: every line of every
// machine that was ever heard was counted. What was written after its machine's
// clock had gone back, or later than lines may be written, is excused.
func (s *sim) whether(start, end int64) error {
	for _, m := range s.machines {
		if !m.heardAs(s.heard) {
			continue
		}
		for _, f := range m.files {
			for _, l := range f.lines {
				if l.event < start || l.event >= end || l.dropped || l.excused {
					continue
				}
				if _, counted := s.have[l]; l.bad || !counted {
					return fmt.Errorf("the window %d to %ds is complete, but lacks the line %d to %d (bad %v) of file %d of web%d, of %ds",
						s.seconds(start), s.seconds(end), l.from, l.to, l.bad, f.id, m.index, s.seconds(l.event))
				}
			}
		}
	}
	return nil
}

// run runs a schedule to its end, and some time longer so that everything closes.
func (s *sim) run() error {
	bound := simBound + simLonger
	late := int64(0)
	if s.faults.late || s.faults.refusal || s.faults.suspension || s.faults.silence || s.faults.slow || s.faults.locked {
		late = simLate // lines that were written long ago
	}
	for s.now < simStart+s.length+bound+late+simSkew {
		s.step()
		if err := s.closeWindows(); err != nil {
			return err
		}
	}
	if s.late > bound+late {
		return fmt.Errorf("a window was open for %v of running time", time.Duration(s.late))
	}
	if s.closed < simStart+s.length-int64(simLateness)-simSkew {
		return fmt.Errorf("windows from %ds on never closed", s.seconds(s.closed))
	}
	return nil
}

func randomFaults(seed uint64) faults {
	r := rand.New(rand.NewPCG(seed, 99))
	var f faults
	list := f.list()
	harmful := len(list) - 5
	for i, p := range list {
		*p = r.IntN(4) == 0 && (i >= harmful || seed%6 != 0)
	}
	if seed%2 == 1 { // one fault alone is seen more clearly
		keep := r.IntN(harmful)
		for i, p := range list[:harmful] {
			*p = i == keep
		}
	}
	return f
}

// shrink looks for fewer faults and a shorter schedule that still fail.
func shrink(seed uint64, f faults, length time.Duration) (*sim, error) {
	var s *sim
	var last error
	try := func(f faults, length time.Duration) bool {
		for range 3 { // maps are in no order
			again := newSim(seed, f, length)
			if err := again.run(); err != nil {
				s, last = again, err
				return true
			}
		}
		return false
	}
	try(f, length)
	for i := range f.list() {
		g := f
		if p := g.list()[i]; *p {
			if *p = false; try(g, length) {
				f = g
			}
		}
	}
	for short := length / 2; short >= 10*time.Minute && try(f, short); {
		short /= 2
	}
	return s, last
}

// TestWhatIsCompleteIsTrue runs random schedules: a window told as complete has
// every line of the machines ever heard, each counted once; where nothing goes
// wrong nothing is marked; and windows close in time.
func TestWhatIsCompleteIsTrue(t *testing.T) {
	wrong, windows, whole := 0, 0, 0
	var reasons [NumReasons]int
	for seed := *first; seed < *first+uint64(*schedules); seed++ {
		f := randomFaults(seed)
		s := newSim(seed, f, simLength)
		if err := s.run(); err != nil {
			if wrong++; wrong <= 3 {
				if small, again := shrink(seed, f, simLength); again != nil {
					s, err = small, again
				}
				t.Errorf("schedule -seed %d, %v, %+v: %v\n%s", seed, time.Duration(s.length), s.faults, err, strings.Join(s.log[max(0, len(s.log)-40):], "\n"))
			}
		}
		windows, whole = windows+s.windows, whole+s.whole
		for r, n := range s.reasonCounts {
			reasons[r] += n
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d schedules are wrong", wrong, *schedules)
	}
	t.Logf("%d windows closed, %d complete", windows, whole)
	for r, n := range reasons {
		if n > 0 {
			t.Logf("%8d %s", n, Reason(r))
		}
	}
	if windows < 10**schedules || whole < windows/4 {
		t.Errorf("%d windows closed, %d complete: the schedules show nothing", windows, whole)
	}
}
