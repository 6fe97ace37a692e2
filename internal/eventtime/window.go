// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "slices"

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

// Known reports whether c is one of the above.
func (c ClosedBy) Known() bool { return c < numClosedBy }

func (c ClosedBy) String() string { return closedByNames[c] }

// maxNames bounds the senders that are named.
const maxNames = 3

// Account is what is known of a window when it is closed.
type Account struct {
	Reasons  Reasons
	ClosedBy ClosedBy
	// Senders stand behind the window: they vouch for all of it.
	Senders int
	// Behind are names of senders that do not, the first three of Missing in
	// order.
	Behind  []string
	Missing int
}

// Window says what is known of the event times [start, end). It is called when
// an Advance has passed the end, before anything else is heard: a sender that
// comes back a moment later was not waited for all the same. The marks that were
// taken up to then belong to the window, too.
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
		if src.touches(end) && src.lostBy >= start {
			a.Reasons = a.Reasons.With(ReasonParseError)
		}
	}
	if t.crowded != None && start <= t.crowded+int64(t.cfg.ForgetSenderAfter) {
		a.Reasons = a.Reasons.With(ReasonMaxSenders)
	}
	if a.Missing > 0 {
		a.ClosedBy = ByTimeout
	}
	return a
}

func (a *Account) miss(name string, r Reason) {
	a.Reasons = a.Reasons.With(r)
	a.Missing++
	i, _ := slices.BinarySearch(a.Behind, name)
	if a.Behind = slices.Insert(a.Behind, i, name); len(a.Behind) > maxNames {
		a.Behind = a.Behind[:maxNames]
	}
}

// account adds what one sender says of a window.
func (t *Tracker) account(s *sender, start, end int64, now Now, a *Account) {
	w := s.watermark(&t.cfg)
	switch {
	case s.retired != None: // another stands in its place
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
		if f.touches(end) {
			a.Reasons = a.Reasons.With(ReasonParseError)
		}
	}
}
