// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// suppression remembers when a finding was last given out, in event time. It
// is bounded: when full it forgets the oldest, which then repeats once.
type suppression struct {
	period int64 // nanoseconds of event time
	bound  int   // findings
	last   map[rule.Key]silence
	told   map[rule.Key]told // what was said of them
	order  []expiry          // in order of time
	// lifted: something that was to be kept quiet is not any more.
	lifted bool
}

// silence says until when a finding is not repeated. One that was given out as
// incomplete does not keep a complete one quiet: that it was confirmed is news.
type silence struct {
	until    int64 // event time
	complete bool
}

// expiry is when a key may be forgotten.
type expiry struct {
	key   rule.Key
	until int64 // event time
}

func newSuppression(period time.Duration, bound int) suppression {
	return suppression{period: int64(period), bound: bound, last: map[rule.Key]silence{}, told: map[rule.Key]told{}}
}

// suppress reports whether the finding of a window that ends at t repeats one
// that was given out less than the period before; else it remembers it.
// t must not go back.
func (s *suppression) suppress(k rule.Key, t int64, complete bool) bool {
	if s.period == 0 {
		return false
	}
	if s.quiet(k, t, complete) {
		return true
	}
	for len(s.order) > 0 && (s.order[0].until <= t || len(s.order) >= s.bound) {
		if k := s.order[0].key; s.last[k].until <= s.order[0].until {
			s.lifted = s.lifted || s.order[0].until > t
			delete(s.last, k)
			delete(s.told, k)
		}
		s.order = s.order[1:]
	}
	s.last[k] = silence{t + s.period, complete}
	delete(s.told, k)
	s.order = append(s.order, expiry{k, t + s.period})
	return false
}

// quiet is suppress without remembering.
func (s *suppression) quiet(k rule.Key, t int64, complete bool) bool {
	g, ok := s.last[k]
	return ok && t < g.until && (g.complete || !complete)
}

// forget lets a finding be given out again.
func (s *suppression) forget(k rule.Key) {
	s.lifted = true
	delete(s.last, k)
	delete(s.told, k)
}

func (s *suppression) applyForgotten(d *decoder) {
	for range d.Count(16) {
		if k := d.key(); d.Err == nil {
			s.forget(k)
		}
	}
}

func (s *suppression) snapshot(size int, write func([]byte) error) error {
	order := slices.DeleteFunc(slices.Clone(s.order), func(t expiry) bool {
		_, known := s.last[t.key]
		return !known
	})
	for part := range slices.Chunk(order, size/quietSize+1) {
		b := codec.AppendUint([]byte{sectionSuppressed}, uint64(len(part)))
		for _, t := range part {
			b = codec.AppendInt(appendKey(b, t.key), min(t.until, s.last[t.key].until))
			b = codec.AppendBool(b, s.last[t.key].complete)
		}
		keys := make([]rule.Key, 0, len(part))
		for _, t := range part {
			keys = append(keys, t.key)
		}
		b = s.appendTold(b, keys)
		if err := write(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *suppression) apply(d *decoder) {
	for range d.Count(18) {
		t, complete := expiry{d.key(), d.Int()}, d.Bool()
		if d.Err != nil {
			return
		}
		s.last[t.key] = silence{t.until, complete}
		s.order = append(s.order, t)
	}
}
