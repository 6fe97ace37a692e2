// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/eventtime"
)

const (
	// wideEvery is how many progress records there are from one wide one to the
	// next, at most.
	wideEvery = 6
	// wideWithin is how long it may take: half of the default of sender_timeout,
	// and some time for the way.
	wideWithin = 5 * time.Minute
)

// Due reports whether it is time for a progress.
func (a *Account) Due() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := a.Now().Sub(a.spoke) >= a.Interval && (a.looks.proven || a.state == eventtime.CatchingUp)
	return a.seq == 0 || due || a.state == eventtime.Finished
}

// Spoke reports whether anything was told in this run.
func (a *Account) Spoke() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seq > 0
}

// Progress returns what is to be told now. state is Stopped for the last word
// before the end; else it is found here. What it tells counts as told.
func (a *Account) Progress(stopped bool) *eventtime.Progress {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	a.seq++
	wide := a.seq == 1 || stopped || a.state == eventtime.Finished || a.since2 >= a.wideAfter()
	p := &eventtime.Progress{
		Sender: a.sender, Run: a.run, RunNumber: a.runNumber, Host: a.Host, Component: a.Component, Resumed: a.resumed,
		Process: a.Process, Receivers: a.Receivers(), Seq: a.seq, Base: a.seq - 1, Part: 1, Parts: 1,
		State: a.state, Started: a.started.UnixNano(), Sent: now.UnixNano(), ReadUntil: a.looks.readUntil,
		Since: a.since, OldestUnread: a.looks.oldestUnread, Behind: int64(a.behind), Match: a.Match,
	}
	if stopped && a.state != eventtime.Finished {
		p.State = eventtime.Stopped
	}
	since := sinceLast
	if wide {
		since, p.Base = sinceWide2, a.wides[1]
	}
	for id, f := range a.files {
		if f.deltas[since].changed {
			p.Files = append(p.Files, f.progress(since))
		}
		f.told(wide)
		if wide && f.gone && !f.deltas[sinceWide2].changed {
			delete(a.files, id) // it was told twice
		}
	}
	slices.SortFunc(p.Files, func(x, y eventtime.FileProgress) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID))
	})
	a.tellLosses(p)
	a.spoke, a.behind = now, 0
	a.since2++
	if wide {
		a.wides, a.since2 = [2]int64{a.seq, a.wides[0]}, 0
	}
	return p
}

// wideAfter is how many progress records come between two wide ones.
func (a *Account) wideAfter() int {
	return int(max(1, min(wideEvery, wideWithin/max(a.Interval, time.Second))))
}

// tellLosses puts what is lost since the base of a progress into it, and what
// cannot be read. Losses are kept until two wide ones have told them.
func (a *Account) tellLosses(p *eventtime.Progress) {
	a.lost = slices.DeleteFunc(a.lost, func(l told) bool { return l.seq > 0 && l.seq <= a.wides[1] && a.wides[1] > 0 })
	for i := range a.lost {
		l := &a.lost[i]
		if l.seq == 0 {
			l.seq = p.Seq
		}
		if l.seq > p.Base {
			p.Lost = append(p.Lost, l.Loss)
		}
	}
	for _, t := range a.unread {
		if t.told {
			p.Unread = append(p.Unread, t.Loss)
		}
	}
	slices.SortFunc(p.Unread, func(x, y eventtime.Loss) int { return cmp.Compare(x.Name, y.Name) })
}

// lateBy notes how far a line of a file that is known for longer lies behind what
// was read before.
func (a *Account) lateBy(f *File, oldest int64) {
	if oldest == eventtime.None || a.looks.readUntil == eventtime.None || f.deltas[sinceWide].from == 0 {
		return // of a new file nobody can say that its lines are written late
	}
	a.behind = max(a.behind, time.Duration(a.looks.readUntil-oldest))
}
