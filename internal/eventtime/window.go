// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"slices"
)

// ClosedBy says what closed a window.
type ClosedBy uint8

// What closes windows.
const (
	// ByProgress: every sender told that it has read up to its end.
	ByProgress ClosedBy = iota
	// ByTimeout: a sender was not waited for any longer.
	ByTimeout
	// ByFinished: every sender told that it has read all there is.
	ByFinished
	// ByIdle: silent sources were idle or further on.
	ByIdle
	// ByShutdown: the component was shut down.
	ByShutdown
	numClosedBy
)

var closedByNames = [numClosedBy]string{"progress", "timeout", "finished", "idle", "shutdown"}

func (c ClosedBy) String() string { return closedByNames[c] }

// maxNames bounds the senders that are named.
const maxNames = 3

// Account is what is known of a window when it is closed.
type Account struct {
	Reasons  Reasons
	ClosedBy ClosedBy
	// Senders stand behind the window: they vouch for all of it.
	Senders int
	// Behind are names of senders that do not, three at most, of Missing.
	Behind  []string
	Missing int
}

// Window says what is known of the event times [start, end), to be called when
// the watermark has passed the end.
func (t *Tracker) Window(start, end int64, now Now) Account {
	a := Account{ClosedBy: ByProgress}
	if len(t.senders) == 0 {
		a.ClosedBy = ByIdle
	}
	if t.released {
		a.ClosedBy = ByFinished
	}
	for _, s := range t.senders {
		t.account(s, start, end, now, &a)
	}
	for host, heard := range t.hosts {
		if !heard {
			a.miss(host, ReasonSenderSilent)
		}
	}
	for _, src := range t.sources {
		if src.pending && (!src.timed || src.last < end) && src.lostBy >= start {
			a.Reasons = a.Reasons.With(ReasonParseError)
		}
	}
	if a.Missing > 0 {
		a.ClosedBy = ByTimeout
	}
	slices.Sort(a.Behind)
	return a
}

func (a *Account) miss(name string, r Reason) {
	a.Reasons = a.Reasons.With(r)
	if a.Missing++; len(a.Behind) < maxNames {
		a.Behind = append(a.Behind, name)
	}
}

// account adds what one sender says of a window.
func (t *Tracker) account(s *sender, start, end int64, now Now, a *Account) {
	w := s.watermark(&t.cfg)
	switch {
	case w >= end:
		a.Senders++
	case s.clockBehind(t, now):
		a.miss(s.name(), ReasonClockBehind)
	default:
		a.miss(s.name(), ReasonSenderSilent)
	}
	if s.since > start {
		a.Reasons = a.Reasons.With(ReasonSenderBegan)
	}
	if s.behind > int64(t.cfg.WrittenWithin) && !s.finished() && s.readUntil != None && s.readUntil-s.behind < end {
		a.Reasons = a.Reasons.With(ReasonLateFiles)
	}
	if s.duplicateSince != None && end > s.duplicateSince {
		a.Reasons = a.Reasons.With(ReasonDuplicateSender)
	}
	for i := range s.unread {
		u := &s.unread[i]
		if (u.From == None || u.From < end) && (u.To == None || u.To >= start) {
			a.Reasons = a.Reasons.With(u.Reason)
		}
	}
	for _, f := range s.files {
		if f.pending && (!f.timed || f.last < end) && f.lostBy >= start {
			a.Reasons = a.Reasons.With(ReasonParseError)
		}
	}
}

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
		st.Senders = append(st.Senders, SenderStats{s.name(), s.state, s.readUntil, s.finished() || s.waited(&t.cfg, now), len(s.unread)})
	}
	slices.SortFunc(st.Senders, func(a, b SenderStats) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	for _, src := range t.sources {
		if !src.idle(t, now) {
			st.Sources++
		}
	}
	return st
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
