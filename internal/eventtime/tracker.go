// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"time"
)

// Config says how long is waited for whom. All durations but AllowedLateness are
// positive.
type Config struct {
	// AllowedLateness is how much later than its event time a line may be
	// written, and for silent sources, how far behind the newest record of its
	// source a record may be.
	AllowedLateness time.Duration
	// IdleTimeout is the time without a record after which a silent source no
	// longer holds windows.
	IdleTimeout time.Duration
	// SenderTimeout is how long windows wait for a sender that says nothing new.
	SenderTimeout time.Duration
	// CatchUpTimeout is the same for one that is catching up.
	CatchUpTimeout time.Duration
	// ForgetSenderAfter is when a sender that is not waited for no longer marks
	// windows.
	ForgetSenderAfter time.Duration
	// WrittenWithin bounds how long windows wait for lines that a sender found
	// to be written late.
	WrittenWithin time.Duration
	// Senders are hosts that must have spoken.
	Senders []string
	// MaxSenders bounds the senders, and with it their files and the silent
	// sources.
	MaxSenders int
	// Account: ranges that do not come are missed. False for pipelines that drop
	// records on purpose.
	Account bool
}

// Tracker derives the watermark: the event time before which nothing is expected
// any more. It is not safe for concurrent use: the engine's lock guards it.
//
//   - A sender stands where its progress in effect says that it has read
//     everything, less the lateness. The time of its records moves nothing.
//   - A silent source, which tells no progress, stands at its newest record less
//     the lateness, until it is idle.
//   - The watermark is the minimum over those that are waited for, and follows
//     the wall clock where there is none. It never goes back, and never passes the
//     wall clock.
//
// A window [start, end) closes when watermark >= end. With
//
//	late = max(AllowedLateness, min(behind, WrittenWithin))
//	skew = how far the slowest clock of a sender is behind, at most SenderTimeout
//
// that is, in running time after the wall clock has passed its end, at the latest
//
//	2*SenderTimeout + skew + late                    while nobody catches up
//	CatchUpTimeout + 2*SenderTimeout + skew + late   after the last sender was heard
//	                                                 for the first time, or the last
//	                                                 one came back, in any case
//
// because a sender that is less than SenderTimeout behind is waited for
// SenderTimeout. IdleTimeout takes the place of SenderTimeout where it is longer
// and there are silent sources. A start without state adds SenderTimeout.
type Tracker struct {
	cfg       Config
	began     int64 // wall clock at which the state began
	startedAt int64 // running time of the start
	fresh     bool  // it began without state, and that still holds windows
	watermark int64
	released  bool // everybody has finished
	senders   map[ID]*sender
	files     int // of all senders
	// kin: whose ids have the same host and component. Those that were heard are in it.
	kin      map[kin][]ID
	sources  map[Source]*source
	silent   silentClock
	marks    []Mark
	warnings []Warning
	asked    []File          // files that a former run spoke of
	due      []*sender       // that have ranges which a pending progress may wait for
	hosts    map[string]bool // of cfg.Senders: heard
	newest   int64           // running time at which somebody new spoke
	advanced int64           // running time at which the watermark was looked at
	swept    int64           // running time
	blocked  int64           // running time since which somebody who told nothing yet holds everything; -1 if nobody does
	gaps     uint64          // ranges given up
	// crowded is the wall clock at which somebody was not followed, because there
	// are too many; None if that never happened.
	crowded   int64
	crowdedAt int64 // running time of that
	changes   changes
}

// Mark says that something was lost within [From, To] of event time, both
// included; both may be at the end of the integers.
type Mark struct {
	From, To int64
	Reason   Reason
}

// never is a running time that is long past.
const never = math.MinInt64 / 2

// New returns a Tracker without state.
func New(cfg Config, now Now) *Tracker {
	t := &Tracker{
		cfg: cfg, began: now.Wall, startedAt: now.Running, fresh: true, watermark: None, crowded: None,
		senders: map[ID]*sender{}, sources: map[Source]*source{}, kin: map[kin][]ID{}, hosts: map[string]bool{},
		newest: now.Running, swept: now.Running, advanced: never, blocked: -1,
	}
	for _, h := range cfg.Senders {
		t.hosts[h] = false
	}
	return t
}

// Watermark returns the watermark; None while there is none.
func (t *Tracker) Watermark() int64 { return t.watermark }

// Released reports whether everybody has finished, so that nothing more comes.
// The caller then moves the watermark to the end of its last window.
func (t *Tracker) Released() bool { return t.released }

// MoveTo moves the watermark, if it is before w.
func (t *Tracker) MoveTo(w int64) {
	if w = min(w, maxTime-1); w > t.watermark {
		t.watermark, t.changes.watermark = w, true
	}
}

// mark keeps a mark. One that continues the last is joined with it, so that
// repeated ones take no room.
func (t *Tracker) mark(from, to int64, r Reason) {
	from, to = min(from, to), max(from, to)
	if n := len(t.marks); n > 0 {
		if m := &t.marks[n-1]; m.Reason == r && m.From <= from && from <= m.To {
			m.To = max(m.To, to)
			return
		}
	}
	t.marks = append(t.marks, Mark{from, to, r})
}

// lose marks a loss. It was written before until, even if it tells no end.
func (t *Tracker) lose(l *Loss, until int64) {
	to := until
	if l.To != None {
		to = min(l.To, max(until, l.From))
	}
	t.mark(l.From, to, l.Reason)
}

// TakeMarks returns what was found lost since the last call. It is taken after
// each Advance, before the windows that closed are looked at, and whenever
// records are committed.
func (t *Tracker) TakeMarks() []Mark {
	m := t.marks
	t.marks = nil
	return m
}

// sender returns a sender; nil if there are too many.
func (t *Tracker) sender(id ID, now Now) *sender {
	s := t.senders[id]
	if s == nil {
		if len(t.senders) >= t.cfg.MaxSenders && !t.room(now) {
			t.crowd(now)
			return nil
		}
		s = newSender(id, now)
		t.senders[id] = s
		t.newest = now.Running
		t.released = false
		t.senderChanged(s)
	}
	return s
}

// crowd is for somebody who is not followed: nothing is known of its lines, and
// the windows are told so for as long as it would have been remembered.
func (t *Tracker) crowd(now Now) {
	if t.crowded == None || now.Wall-t.crowded >= int64(time.Second) {
		t.changes.watermark = true // once a second is often enough
		t.crowded = now.Wall
	}
	t.crowdedAt = now.Running
	t.warn(nil, WarnMaxSenders, "There are more senders or sources than max_senders. Those above it are not followed, and windows are marked max_senders; raise max_senders")
}

// Cover takes the range of a record that is committed, and reports whether the
// record is new. A record that is not was counted before. A range that was given
// up is new when it comes after all.
func (t *Tracker) Cover(r Range, now Now) (fresh bool) {
	s := t.sender(r.File.Sender, now)
	if s == nil {
		return true
	}
	s.ranges = true
	f := t.file(s, r.File.ID, now)
	if !f.cover(r.From, r.To) {
		return false
	}
	s.further = true
	t.boundSpans(s, f, aheadOf(now))
	if len(s.pending) > 0 && !s.due {
		s.due = true
		t.due = append(t.due, s)
	}
	t.fileChanged(s, f)
	return true
}

// Coverage is what Covered finds.
type Coverage uint8

// What the records of a run of ranges can be.
const (
	// Fresh: all of them are new, and were taken.
	Fresh Coverage = iota
	// Repeated: all of them were counted before.
	Repeated
	// Mixed: nothing was taken, and each must be asked for with Cover.
	Mixed
)

// Covered is Cover for records that follow each other without a hole, from the
// beginning of the first to the end of the last.
func (t *Tracker) Covered(r Range, now Now) Coverage {
	if s := t.senders[r.File.Sender]; s != nil {
		if f := s.files[r.File.ID]; f != nil {
			g, missing := f.covered.gap(r.From, r.To)
			switch {
			case !missing:
				return Repeated
			case g != (span{r.From, r.To}):
				return Mixed
			}
		}
	}
	t.Cover(r, now)
	return Fresh
}

// Hear takes a progress, which it keeps nothing of. Its error says what is wrong
// with it; it is as if it had not come.
func (t *Tracker) Hear(p *Progress, now Now) error {
	if err := p.check(); err != nil {
		return err
	}
	s := t.sender(p.Sender, now)
	if s == nil {
		return nil
	}
	if s.retired != None && !t.revive(s, p, now) || p.Run != s.run && !t.changeRun(s, p, now) {
		return nil
	}
	s.hear(p, now, t.began)
	t.settle(s, now)
	t.senderChanged(s)
	return nil
}
