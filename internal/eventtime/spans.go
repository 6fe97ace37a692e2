// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "slices"

// span is a stretch [from, to) of bytes.
type span struct{ from, to int64 }

// spans is a set of bytes.
//
//	s[i].from < s[i].to < s[i+1].from
//
// Nearly always it is one span, because files are read from their beginning on.
type spans []span

// after returns the index of the first span that ends behind x.
func (s spans) after(x int64) int {
	if n := len(s); n == 0 || s[n-1].to <= x {
		return n
	}
	i, _ := slices.BinarySearchFunc(s, x, func(e span, x int64) int {
		if e.to <= x {
			return -1
		}
		return 1
	})
	return i
}

// has reports whether x is in the set.
func (s spans) has(x int64) bool {
	i := s.after(x)
	return i < len(s) && s[i].from <= x
}

// add returns the set with [from, to) in it.
func (s spans) add(from, to int64) spans {
	if from >= to {
		return s
	}
	if n := len(s); n > 0 && s[n-1].from <= from && from <= s[n-1].to {
		s[n-1].to = max(s[n-1].to, to) // the usual case: it continues the last span
		return s
	}
	i := s.after(from - 1) // a span that ends where this one begins is joined
	j := i
	for ; j < len(s) && s[j].from <= to; j++ {
		from, to = min(from, s[j].from), max(to, s[j].to)
	}
	return slices.Replace(s, i, j, span{from, to})
}

// remove returns the set without [from, to).
func (s spans) remove(from, to int64) spans {
	i := s.after(from)
	if from >= to || i == len(s) || s[i].from >= to {
		return s
	}
	var keep [2]span
	n := 0
	if s[i].from < from {
		keep[n], n = span{s[i].from, from}, n+1
	}
	j := i
	for ; j < len(s) && s[j].from < to; j++ {
		if s[j].to > to {
			keep[n], n = span{to, s[j].to}, n+1
		}
	}
	return slices.Replace(s, i, j, keep[:n]...)
}

// gap returns the first stretch of [from, to) that is not in the set.
func (s spans) gap(from, to int64) (span, bool) {
	for i := s.after(from); from < to; i++ {
		switch {
		case i == len(s) || s[i].from >= to:
			return span{from, to}, true
		case s[i].from > from:
			return span{from, s[i].from}, true
		}
		from = s[i].to
	}
	return span{}, false
}
