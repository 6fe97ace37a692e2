// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// maxHold bounds how long the watermark stands still, so that a source which
// for ever looks as if it were catching up cannot keep windows open for ever.
const maxHold = 24 * time.Hour

// clock derives the watermark: the event time before which no record is
// expected any more. All times are nanoseconds since the Unix epoch.
//
//   - Each source (a log file of a server) stands at its newest record minus
//     the allowed lateness; the watermark is the minimum over the sources.
//   - A source that was silent for the idle timeout is forgotten. When none is
//     left, the watermark follows the wall clock minus the lateness.
//   - While old files are read (a source begins further behind the wall clock
//     than the idle timeout, or comes closer to it by as much), the watermark
//     stands still: other old files may not have been opened yet, and their
//     records would be late. The same while the next consumer refuses data.
//
// It never goes back.
type clock struct {
	lateness int64
	idle     int64

	sources   map[rule.Key]*source
	slowest   rule.Key // the source that holds the minimum
	watermark int64    // math.MinInt64 before the first record
	seen      bool     // a record was ever seen
	holdUntil int64    // wall clock
	holdSince int64    // wall clock; 0 when the watermark is not held
}

// source is one stream of records that is roughly in order of time.
type source struct {
	newest  int64 // event time of its newest record
	last    int64 // event time of its latest record, in arrival order
	timed   bool  // it had a record with a time
	active  int64 // wall clock of its last sign of life
	lag     int64 // the largest distance to the wall clock since it last shrank
	pending bool  // a line after its last record was lost
	changed bool  // it is among the changes
}

func newClock(lateness, idle time.Duration) clock {
	return clock{lateness: int64(lateness), idle: int64(idle), sources: map[rule.Key]*source{}, watermark: math.MinInt64}
}

// observe takes the oldest, newest and last event time of a batch from one source.
func (c *clock) observe(k rule.Key, now, oldest, newest, last int64) {
	s := c.touch(k, now)
	if !s.timed {
		s.timed, s.newest, s.lag = true, oldest, now-oldest
		if s.lag > c.idle {
			c.hold(now)
		}
	}
	s.newest, s.last = max(s.newest, newest), last
	s.lag = max(s.lag, now-oldest)
	if lag := now - s.newest; s.lag-lag > c.idle {
		s.lag = lag
		c.hold(now)
	}
	c.seen = true
}

// touch is a sign of life without a time.
func (c *clock) touch(k rule.Key, now int64) *source {
	s := c.sources[k]
	if s == nil {
		s = &source{newest: math.MinInt64}
		c.sources[k] = s
	}
	s.active = now
	return s
}

// hold keeps the watermark where it is for an idle timeout.
func (c *clock) hold(now int64) {
	if c.holdSince == 0 {
		c.holdSince = now
	}
	c.holdUntil = now + c.idle
}

// advance moves the watermark and reports whether it moved. With all set it
// looks at every source, else only if the slowest one may have moved.
func (c *clock) advance(now int64, all bool) bool {
	if now < c.holdUntil && now-c.holdSince < int64(maxHold) {
		return false
	}
	if now >= c.holdUntil {
		c.holdSince = 0
	}
	if !c.seen {
		return false
	}
	if s := c.sources[c.slowest]; !all && s != nil && s.timed && s.newest-c.lateness <= c.watermark {
		return false
	}
	w := c.minimum(now)
	if w <= c.watermark {
		return false
	}
	c.watermark = w
	return true
}

func (c *clock) minimum(now int64) int64 {
	w, found := int64(math.MaxInt64), false
	for k, s := range c.sources {
		if now-s.active >= c.idle {
			delete(c.sources, k)
			continue
		}
		if s.timed && s.newest < w {
			w, found, c.slowest = s.newest, true, k
		}
	}
	if !found {
		w = now
	}
	return w - c.lateness
}

func (s *source) append(b []byte, k rule.Key) []byte {
	b = appendKey(b, k)
	b = codec.AppendInt(codec.AppendInt(b, s.newest), s.last)
	return codec.AppendBool(codec.AppendBool(b, s.timed), s.pending)
}
