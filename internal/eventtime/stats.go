// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"cmp"
	"math"
	"slices"
)

// SenderStats is a sender as it is now.
type SenderStats struct {
	Name      string
	State     State
	ReadUntil int64 // or None
	Waited    bool  // windows wait for it
	Unread    int   // files and folders that it cannot read
}

// Stats are counts of a Tracker as it is now.
type Stats struct {
	Senders []SenderStats // in order of their names
	Sources int           // silent ones that are not idle
	Gaps    uint64        // ranges given up since the start
}

// Stats returns counts.
func (t *Tracker) Stats(now Now) Stats {
	st := Stats{Gaps: t.gaps}
	for _, s := range t.senders {
		if s.retired != None {
			continue
		}
		st.Senders = append(st.Senders, SenderStats{s.name(), s.state, s.readUntil, s.finished() || s.waited(&t.cfg, now), len(s.unread)})
	}
	slices.SortFunc(st.Senders, func(a, b SenderStats) int { return cmp.Compare(a.Name, b.Name) })
	st.Sources = t.Sources(now)
	return st
}

// Senders returns how many are followed.
func (t *Tracker) Senders() int { return len(t.senders) }

// Heard reports whether anybody was ever heard, of those who are remembered.
func (t *Tracker) Heard() bool { return len(t.senders)+len(t.sources) > 0 }

// Gaps returns how many ranges were given up since the start.
func (t *Tracker) Gaps() uint64 { return t.gaps }

// Sources returns how many silent sources are not idle.
func (t *Tracker) Sources(now Now) int {
	n := 0
	for _, src := range t.sources {
		if !src.idle(t, now) {
			n++
		}
	}
	return n
}

// Oldest returns the smallest watermark of the senders that are waited for; None
// if one of them has told nothing yet, math.MaxInt64 if there is none.
func (t *Tracker) Oldest(now Now) int64 {
	w := int64(math.MaxInt64)
	for _, s := range t.senders {
		if !s.finished() && s.waited(&t.cfg, now) {
			w = min(w, s.watermark(&t.cfg))
		}
	}
	return w
}
