// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"hash/maphash"
	"sync"
	"time"
)

// maxLastLines bounds the last lines that are remembered.
const maxLastLines = 4096

// lastLines knows how long the last lines without a newline have been that
// way. A split function is not told which file it reads, so lines are told
// apart by their content: files that end in the same bytes share a clock, so
// that they are read together, those that came later a little early.
type lastLines struct {
	period time.Duration
	// gone is how long a last line can be out of sight before it is forgotten:
	// it got its newline, or its file is not polled any more. No poll should
	// take that long.
	gone time.Duration
	// goneDue is the same for one that was read. Within it the other files that
	// end in it are asked for; what comes later is another line.
	goneDue time.Duration
	now     func() time.Time
	seed    maphash.Seed

	mu sync.Mutex
	// mu guards everything declared below.
	seen map[uint64]lastLine
}

type lastLine struct {
	since, last time.Time
	due         bool
}

func newLastLines(period, poll time.Duration, now func() time.Time) *lastLines {
	return &lastLines{
		period:  period,
		gone:    max(time.Minute, period, 10*poll),
		goneDue: max(time.Second, 2*poll),
		now:     now,
		seed:    maphash.MakeSeed(),
		seen:    make(map[uint64]lastLine),
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
	if !ok {
		l.makeRoom(now)
	}
	if !ok || l.isGone(s, now) {
		s = lastLine{since: now}
	}
	s.last, s.due = now, now.Sub(s.since) > l.period
	l.seen[key] = s
	return s.due
}

func (l *lastLines) isGone(s lastLine, now time.Time) bool {
	if s.due {
		return now.Sub(s.last) > l.goneDue
	}
	return now.Sub(s.last) > l.gone
}

func (l *lastLines) makeRoom(now time.Time) {
	for key, s := range l.seen {
		if l.isGone(s, now) {
			delete(l.seen, key)
		}
	}
	if len(l.seen) >= maxLastLines {
		clear(l.seen) // their time begins anew, nothing is lost
	}
}
