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

var schedules = flag.Int("schedules", 300, "random schedules of readers, network and component")

// complete reports whether the Tracker, and the marks it gave, say that nothing
// of a window can be missing.
func (s *sim) complete(start, end int64) (Account, bool) {
	a := s.t.Window(start, end, s.moment())
	reasons := a.Reasons
	for _, m := range s.marks {
		if m.From < end && m.To >= start {
			reasons = reasons.With(m.Reason)
		}
	}
	a.Reasons = reasons
	return a, reasons == 0
}

// closeWindows looks at each window that the watermark has passed: one that is
// said to be complete has every line of every reader ever heard.
func (s *sim) closeWindows() error {
	if s.t == nil || s.now < s.paused {
		return nil
	}
	for end := s.closed + simWindow; end <= s.now; end += simWindow {
		if _, ok := s.ends[end]; !ok {
			s.ends[end] = s.running
		}
	}
	for s.closed+simWindow <= s.t.Watermark() {
		start := s.closed
		s.closed += simWindow
		a, complete := s.complete(start, s.closed)
		s.windows++
		if complete {
			s.whole++
		}
		if at, ok := s.ends[s.closed]; ok {
			s.late = max(s.late, s.running-at)
		}
		if !complete {
			s.say("window %d to %ds: %v %v", (start-simStart)/1e9, (s.closed-simStart)/1e9, a.Reasons.Strings(), a.Behind)
			if !s.faults.any() {
				return fmt.Errorf("nothing happened, and a window is marked: %v", a.Reasons.Strings())
			}
			continue
		}
		for _, r := range s.readers {
			if !s.heard[r.sender] {
				continue
			}
			for _, l := range r.lines {
				if start <= l.event && l.event < s.closed && !s.have[l] {
					return fmt.Errorf("the window %d to %ds is complete, but lacks the line %d to %d of reader %d",
						(start-simStart)/1e9, (s.closed-simStart)/1e9, l.from, l.to, r.index)
				}
			}
		}
	}
	for _, r := range s.readers {
		for _, l := range r.lines {
			if l.fresh > 1 {
				return fmt.Errorf("the line %d to %d of reader %d was counted twice", l.from, l.to, r.index)
			}
		}
	}
	return nil
}

// run runs a schedule to its end, and some time longer so that everything closes.
func (s *sim) run() error {
	for s.now < simStart+simLength+int64(40*time.Minute) {
		s.step()
		if err := s.closeWindows(); err != nil {
			return err
		}
	}
	// Skewed clocks tell up to ten minutes more or less.
	if bound := int64(2*simTimeout+simLateness) + int64(11*time.Minute); s.late > bound && !s.faults.pause && !s.faults.delay && !s.faults.amnesia && !s.faults.older && !s.faults.restart && !s.faults.join {
		return fmt.Errorf("a window was open for %v of running time", time.Duration(s.late))
	}
	return nil
}

func randomFaults(seed uint64) faults {
	r := rand.New(rand.NewPCG(seed, 99))
	on := func() bool { return r.IntN(3) == 0 }
	if seed%10 == 0 {
		return faults{}
	}
	return faults{
		drop: on(), repeat: on(), delay: on(), crash: on(), silence: on(), skew: on(),
		restart: on(), older: on(), amnesia: on(), pause: on(), join: r.IntN(6) == 0,
	}
}

// TestWhatIsCompleteIsTrue runs random schedules: a window told as complete has
// every line of the readers ever heard, each counted once; where nothing goes
// wrong nothing is marked; and windows close.
func TestWhatIsCompleteIsTrue(t *testing.T) {
	wrong, windows, whole := 0, 0, 0
	for seed := range uint64(*schedules) {
		s := newSim(seed, randomFaults(seed))
		if err := s.run(); err != nil {
			if wrong++; wrong <= 3 {
				t.Errorf("schedule %d (%+v): %v\n%s", seed, s.faults, err, strings.Join(s.log[max(0, len(s.log)-25):], "\n"))
			}
		}
		windows, whole = windows+s.windows, whole+s.whole
	}
	if wrong > 0 {
		t.Errorf("%d of %d schedules are wrong", wrong, *schedules)
	}
	t.Logf("%d windows closed, %d complete", windows, whole)
	if windows < 10**schedules || whole < windows/4 {
		t.Errorf("%d windows closed, %d complete: the schedules show nothing", windows, whole)
	}
}
