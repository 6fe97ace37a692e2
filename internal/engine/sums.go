// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

// sums keep the sums of a long series such that neither a pane that comes nor one
// that leaves costs a sum over all of them: two stacks, as is usual for windows
// that slide. One sum is kept over what came since they were made, and for each
// stride-th entry of before, one from there up to then.
type sums struct {
	marks []*tally // of the entries from i*stride on, up to turn
	turn  int      // entries that there were at first
	gone  int      // of these, that have left; less than turn
	since *tally   // of those that came since; nil where none did
}

// stride is the number of entries that are summed anew each time.
const stride = 8

func newSums(entries []entry, b *bounds) *sums {
	s := &sums{turn: len(entries), marks: make([]*tally, len(entries)/stride)}
	var sum *tally
	for i := len(entries) - 1; i >= 0; i-- {
		if sum == nil {
			sum = entries[i].read().clone()
		} else {
			sum.merge(entries[i].read(), b)
		}
		if i%stride == 0 && i/stride < len(s.marks) {
			s.marks[i/stride] = sum.clone()
		}
	}
	return s
}

// push adds an entry. What has no sums gets them when they are asked for.
func (s *sums) push(t *tally, b *bounds) {
	switch {
	case s == nil:
	case s.since == nil:
		s.since = t.clone()
	case !s.since.merge(t, b): // more clients than a finding has: series.add puts up a wall
		s.turn = 0
	}
}

// pop takes out the first n entries. It returns nil when the sums have to be made anew.
func (s *sums) pop(n int) *sums {
	if s == nil || s.gone+n >= s.turn {
		return nil
	}
	s.gone += n
	return s
}

// total sums up the entries.
func (s *sums) total(entries []entry, b *bounds) *tally {
	sum := entries[0].read().clone()
	if s == nil {
		for i := range entries[1:] {
			sum.merge(entries[1+i].read(), b)
		}
		return sum
	}
	at := s.gone + 1
	for ; at < s.turn; at++ {
		if at%stride == 0 && at/stride < len(s.marks) {
			sum.merge(s.marks[at/stride], b)
			break
		}
		sum.merge(entries[at-s.gone].read(), b)
	}
	if s.since != nil {
		sum.merge(s.since, b)
	}
	return sum
}
