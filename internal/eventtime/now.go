// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "time"

// Now is the moment of a call. Wall is the wall clock, in nanoseconds since the
// Unix epoch. Running counts the nanoseconds for which the process was running:
// a suspended machine, a stopped process or a step of the wall clock does not
// move it, so no sender is given up because nobody listened.
type Now struct{ Wall, Running int64 }

// Stopwatch makes Now. It is read at least once a tick.
type Stopwatch struct {
	tick    time.Duration
	last    time.Time
	running int64
}

// NewStopwatch returns a Stopwatch that is to be read at least once each tick.
func NewStopwatch(tick time.Duration, now time.Time) *Stopwatch {
	return &Stopwatch{tick: tick, last: now}
}

// Now reads the Stopwatch. Of a pause that is longer than two ticks, two ticks
// count. late tells that there was one, or that the wall clock and the
// monotonic clock of now do not agree about the time since the last call: then
// the caller must Hold, because what was sent meanwhile has not come.
func (s *Stopwatch) Now(now time.Time) (n Now, late bool) {
	mono := max(0, now.Sub(s.last))
	wall := now.Round(0).Sub(s.last.Round(0))
	late = mono > 2*s.tick || (wall-mono).Abs() > s.tick
	s.running += int64(min(mono, 2*s.tick))
	s.last = now
	return Now{now.UnixNano(), s.running}, late
}

// Running returns the running time at now, between two calls of Now.
func (s *Stopwatch) Running(now time.Time) int64 {
	return s.running + int64(min(max(0, now.Sub(s.last)), 2*s.tick))
}
