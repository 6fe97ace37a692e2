// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// clockTest drives a clock with lateness 5m and idle timeout 2m; times are
// minutes since the tests' midnight.
type clockTest struct {
	t *testing.T
	clock
}

func newClockTest(t *testing.T) *clockTest {
	return &clockTest{t, newClock(5*time.Minute, 2*time.Minute)}
}

func minute(m float64) int64 { return day.UnixNano() + int64(m*float64(time.Minute)) }

func (c *clockTest) record(now float64, source uint64, event float64) {
	c.observe(rule.Key{source}, minute(now), minute(event), minute(event), minute(event))
	c.clock.advance(minute(now), false)
}

func (c *clockTest) want(now, watermark float64, why string) {
	c.t.Helper()
	c.clock.advance(minute(now), true)
	if c.watermark != minute(watermark) {
		c.t.Errorf("at %g the watermark is at %g, want %g: %s", now,
			float64(c.watermark-minute(0))/float64(time.Minute), watermark, why)
	}
}

func TestWatermarkIsTheSlowestSourceMinusTheLateness(t *testing.T) {
	c := newClockTest(t)
	if c.clock.advance(minute(0), true) || c.watermark != math.MinInt64 {
		t.Error("there is no watermark before the first record")
	}
	c.record(100, 1, 100)
	c.record(100.5, 2, 99)
	c.want(100.5, 95, "set by the first source; it never goes back")
	c.record(101, 1, 101)
	c.want(101, 95, "the second source stands at 99")
	c.record(101.5, 2, 101.5)
	c.want(101.5, 96, "now the first is the slowest")
}

func TestAnIdleSourceHoldsNothing(t *testing.T) {
	c := newClockTest(t)
	c.record(100, 1, 100)
	c.record(101, 2, 101)
	c.want(101, 95, "both are alive")
	c.record(102, 2, 102)
	c.want(102, 97, "the first was silent for two minutes")
	c.want(103.9, 97, "the second is alive still")
	c.want(104, 99, "all are idle: wall clock minus lateness")
	c.want(110, 105, "and it follows the wall clock")
	c.record(110.5, 1, 110)
	c.want(110.5, 105, "a source that comes back is the minimum again")
}

func TestTheWatermarkStandsStillWhileOldFilesAreRead(t *testing.T) {
	c := newClockTest(t)
	c.record(1000, 1, 100) // 15 hours old: other old files may follow
	c.want(1000, c.now(), "held from the first record on")
	c.record(1001, 1, 300)
	c.record(1002, 1, 990)
	c.want(1003, c.now(), "it came 690 minutes closer to the wall clock a minute ago")
	c.record(1003.5, 2, 100)
	c.want(1005.4, c.now(), "an older file was opened: no record of it is late")
	c.want(1005.5, 1000.5, "two minutes of silence: all has been read")
}

// now is the watermark where it stands, for steps that must not move it.
func (c *clockTest) now() float64 {
	if c.watermark == math.MinInt64 {
		return float64(math.MinInt64-minute(0)) / float64(time.Minute)
	}
	return float64(c.watermark-minute(0)) / float64(time.Minute)
}

func TestASourceThatIsAlwaysBehindHoldsOnlyAtItsBeginning(t *testing.T) {
	c := newClockTest(t)
	for m := 100.0; m <= 160; m++ {
		c.record(m, 1, m)
		c.record(m, 2, m-60) // its clock is an hour slow
	}
	c.want(160, 95, "an hour behind, minus the lateness, and moving")
}

func TestAHoldEnds(t *testing.T) {
	c := newClockTest(t)
	c.record(0, 1, 0)
	c.want(0.5, -5, "")
	for m := 1.0; m < 24*60; m++ {
		c.hold(minute(m))
	}
	c.want(24*60, -5, "held for a day, as while the next consumer refuses")
	c.hold(minute(24*60 + 1))
	c.want(24*60+1, 24*60+1-5, "but not longer: windows must close some day")
}

func TestHoldKeepsWindowsOpenWhileTheNextConsumerRefuses(t *testing.T) {
	e := New(hourly(), "rule", rule.NewSeed())
	now := day.Add(59 * time.Minute).UnixNano()
	commitLines(e, now, lines(1, ptr(at(59*time.Minute, "/a.aspx", "203.0.113.1"))))
	for m := range 60 { // the record of a second client is refused again and again
		e.Hold(now + int64(m)*int64(time.Minute))
		if e.Tick(now + int64(m)*int64(time.Minute)) {
			t.Fatalf("a window was evaluated after %d minutes", m)
		}
	}
	now += int64(time.Hour)
	commitLines(e, now, lines(1, ptr(at(59*time.Minute, "/a.aspx", "203.0.113.2"))))
	e.Tick(now + int64(time.Hour))
	if got := windows(e); len(got) != 0 {
		t.Errorf("%q: the second client was not waited for", got)
	}
}

func TestFutureTimesAreClamped(t *testing.T) {
	e := New(hourly(), "rule", rule.NewSeed())
	now := day.UnixNano()
	commitLines(e, now, lines(1, ptr(at(24*365*time.Hour, "/a.aspx", "203.0.113.1")), ptr(at(4*time.Minute, "/b.aspx", "203.0.113.1"))))
	e.Tick(now)
	if w := e.Stats().Watermark; w.After(day) {
		t.Errorf("a record from next year moved the watermark to %s", w)
	}
	if n := e.Stats().Future; n != 1 {
		t.Errorf("%d clamped, want 1: four minutes ahead are within the lateness", n)
	}
	e.Tick(now + int64(2*time.Hour))
	if got := evaluateAll(e); len(got) != 2 || got[0].FirstSeen != now {
		t.Errorf("%+v", got)
	}
}
