// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"hash/maphash"
	"sync"
	"time"
)

// maxLastLines bounds the last lines that are remembered.
const maxLastLines = 4096

// lastLines knows how long the last lines without a newline have been that
// way. A split function is not told which file it reads, so lines are told
// apart by their content: two files that end in the same bytes share a clock,
// which only means that the later one is read a little early.
type lastLines struct {
	period time.Duration
	// gone is how long a last line can be out of sight before it is forgotten:
	// it got its newline, or its file is not polled any more.
	gone time.Duration
	now  func() time.Time
	seed maphash.Seed

	mu sync.Mutex
	// mu guards everything declared below.
	seen map[uint64]lastLine
}

type lastLine struct {
	since, last time.Time
}

func newLastLines(period, poll time.Duration, now func() time.Time) *lastLines {
	return &lastLines{
		period: period,
		gone:   max(time.Minute, 10*poll),
		now:    now,
		seed:   maphash.MakeSeed(),
		seen:   make(map[uint64]lastLine),
	}
}

// due tells whether the data has been the end of a file for the whole period.
func (l *lastLines) due(data []byte) bool {
	if l.period <= 0 {
		return false
	}
	key := maphash.Bytes(l.seed, data)
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.seen[key]
	switch {
	case !ok:
		l.makeRoom(now)
		s.since = now
	case now.Sub(s.since) > l.period:
		delete(l.seen, key)
		return true
	}
	s.last = now
	l.seen[key] = s
	return false
}

func (l *lastLines) makeRoom(now time.Time) {
	for key, s := range l.seen {
		if now.Sub(s.last) > l.gone {
			delete(l.seen, key)
		}
	}
	if len(l.seen) >= maxLastLines {
		clear(l.seen) // their time begins anew, nothing is lost
	}
}
