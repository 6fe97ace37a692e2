// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import "time"

// suppression remembers when a finding was last given out, in event time. It
// is bounded: when full it forgets the oldest, which then repeats once.
type suppression struct {
	period int64
	bound  int
	until  map[Key]int64 // event time from which it may be given out again
	order  []given       // in order of time
}

type given struct {
	key   Key
	until int64
}

func newSuppression(period time.Duration, bound int) suppression {
	return suppression{period: int64(period), bound: bound, until: map[Key]int64{}}
}

// suppress reports whether the finding of a window that ends at t repeats one
// that was given out less than the period before; else it remembers it.
// t must not go back.
func (s *suppression) suppress(k Key, t int64) bool {
	if s.period == 0 {
		return false
	}
	for len(s.order) > 0 && (s.order[0].until <= t || len(s.order) >= s.bound) {
		if s.until[s.order[0].key] == s.order[0].until {
			delete(s.until, s.order[0].key)
		}
		s.order = s.order[1:]
	}
	if until, ok := s.until[k]; ok && t < until {
		return true
	}
	s.until[k] = t + s.period
	s.order = append(s.order, given{k, t + s.period})
	return false
}
