// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"time"
)

const (
	// clockStep is how far back a sender's wall clock must go to be told of.
	clockStep = time.Second
	// unaccountedDelay is how long after its arrival a progress takes effect
	// where ranges are not accounted for, in nanoseconds of running time.
	unaccountedDelay = int64(time.Minute)
	// settleDelay is how long nobody new must have spoken before "all have
	// finished" is believed, in nanoseconds of running time: receivers of one
	// Collector start one after the other.
	settleDelay = int64(2 * time.Second)
	// sweepEvery is how often senders, files and sources that are over are
	// looked for, in nanoseconds of running time.
	sweepEvery = int64(time.Minute)
)

// Config says how long is waited for whom.
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
	// MaxSenders bounds the senders, and the silent sources.
	MaxSenders int
	// Account: ranges that do not come are missed. False for pipelines that drop
	// records on purpose.
	Account bool
}

// Tracker derives the watermark: the event time before which nothing is expected
// any more. It is not safe for concurrent use.
//
//   - A sender stands where its progress in effect says that it has read
//     everything, less the lateness. The time of its records moves nothing.
//   - A silent source, which tells no progress, stands at its newest record less
//     the lateness, until it is idle.
//   - The watermark is the minimum over those that are waited for, and follows
//     the wall clock where there is none. It never goes back.
//
// A window [start, end) closes when watermark >= end. While records come, that is
// at the latest
//
//	max(SenderTimeout, IdleTimeout) + max(AllowedLateness, min(behind, WrittenWithin))
//
// of running time after the wall clock has passed its end, or CatchUpTimeout if
// somebody is catching up.
type Tracker struct {
	cfg       Config
	began     int64 // wall clock at which the state began
	startedAt int64 // running time of the start
	fresh     bool  // it began without state, and that still holds windows
	watermark int64
	released  bool // everybody has finished
	senders   map[ID]*sender
	sources   map[Source]*source
	silent    silentClock
	marks     []Mark
	warnings  []Warning
	orphans   []orphan
	hosts     map[string]bool // of cfg.Senders: heard
	newest    int64           // running time at which somebody new spoke
	swept     int64
	gaps      uint64 // ranges given up
	overflow  bool   // more than MaxSenders
	changes   changes
}

// Mark says that something was lost within [From, To] of event time; both may be
// at the end of the integers.
type Mark struct {
	From, To int64
	Reason   Reason
}

// orphan is a claim of a former run whose bytes have not come.
type orphan struct {
	file  File
	claim FileProgress
	heard int64 // running time
}

// New returns a Tracker without state.
func New(cfg Config, now Now) *Tracker {
	t := &Tracker{
		cfg: cfg, began: now.Wall, startedAt: now.Running, fresh: true, watermark: None,
		senders: map[ID]*sender{}, sources: map[Source]*source{}, hosts: map[string]bool{}, newest: now.Running, swept: now.Running,
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
	t.watermark = max(t.watermark, w)
	t.changes.watermark = true
}

func (t *Tracker) mark(from, to int64, r Reason) {
	t.marks = append(t.marks, Mark{min(from, to), max(from, to), r})
}

func (t *Tracker) lose(l *Loss) {
	to := l.To
	if to == None {
		to = math.MaxInt64
	}
	t.mark(l.From, to, l.Reason)
}

// TakeMarks returns what was found lost since the last call.
func (t *Tracker) TakeMarks() []Mark {
	m := t.marks
	t.marks = nil
	return m
}

// sender returns a sender; nil if there are too many.
func (t *Tracker) sender(id ID, now Now) *sender {
	s := t.senders[id]
	if s == nil {
		if len(t.senders) >= t.cfg.MaxSenders {
			t.tooMany(now)
			return nil
		}
		s = newSender(id, now)
		t.senders[id] = s
		t.newest = now.Running
		t.senderChanged(s)
	}
	return s
}

func (t *Tracker) tooMany(now Now) {
	if !t.overflow {
		t.overflow = true
		t.warn(nil, WarnMaxSenders, "There are more senders or sources than max_senders. Those above it are not followed, and windows are marked max_senders; raise max_senders")
	}
	t.mark(now.Wall-int64(t.cfg.ForgetSenderAfter), math.MaxInt64, ReasonMaxSenders)
}

// Cover takes the range of a record that is committed, and reports whether the
// record is new.
func (t *Tracker) Cover(r Range, now Now) (fresh bool) {
	s := t.sender(r.File.Sender, now)
	if s == nil {
		return true
	}
	s.ranges = true
	f := s.file(r.File.ID)
	f.touched = now.Running
	if !f.cover(r.From, r.To) {
		return false
	}
	if len(f.covered)+len(f.lost) > maxSpans {
		f.covered, f.lost = spans{{f.covered[0].from, f.covered[len(f.covered)-1].to}}, nil
		t.mark(None, math.MaxInt64, ReasonLostInTransit)
	}
	t.fileChanged(s, f)
	return true
}

// Covered is Cover for records that follow each other, the last of which ends at
// r.To: fresh if all of them are new. Else nothing was taken, and each must be
// asked for with Cover.
func (t *Tracker) Covered(r Range, now Now) (fresh bool) {
	if s := t.senders[r.File.Sender]; s != nil {
		if f := s.files[r.File.ID]; f != nil {
			if g, ok := f.covered.gap(r.From, r.To); !ok || g != (span{r.From, r.To}) {
				return false
			}
		}
	}
	return t.Cover(r, now)
}

// Hear takes a progress. Its error says what is wrong with it; it is as if it
// had not come.
func (t *Tracker) Hear(p *Progress, now Now) error {
	if err := p.check(); err != nil {
		return err
	}
	s := t.sender(p.Sender, now)
	if s == nil {
		return nil
	}
	if _, listed := t.hosts[p.Host]; listed {
		t.hosts[p.Host] = true
	}
	t.hear(s, p, now)
	t.settle(s, now)
	return nil
}

// succeed forgets the senders in whose place s has come.
func (t *Tracker) succeed(s *sender, now Now) {
	for id, o := range t.senders {
		if o != s && o.heard && o.host == s.host && o.component == s.component && o.started < s.started &&
			(o.state == Stopped || !o.waited(&t.cfg, now)) {
			t.forget(id, o)
		}
	}
}

func (t *Tracker) forget(id ID, s *sender) {
	t.giveUpPending(s)
	t.loseOrphans(func(o *orphan) bool { return o.file.Sender == id })
	for _, f := range s.files {
		if f.pending {
			t.settleLost(&f.neighbour, math.MaxInt64)
		}
	}
	delete(t.senders, id)
	t.changes.forgotten = append(t.changes.forgotten, id)
}

// loseOrphans gives up those whose time has come.
func (t *Tracker) loseOrphans(over func(*orphan) bool) {
	kept := t.orphans[:0]
	for i := range t.orphans {
		o := &t.orphans[i]
		s := t.senders[o.file.Sender]
		if s == nil {
			continue
		}
		f := s.file(o.file.ID)
		if _, missing := f.gap(o.claim.Sent); !missing {
			continue
		}
		if !over(o) {
			kept = append(kept, *o)
			continue
		}
		t.loseGaps(s, f, &o.claim, None)
	}
	t.orphans = kept
}

// Advance moves the watermark and reports whether it moved.
func (t *Tracker) Advance(now Now) bool {
	for _, s := range t.senders {
		if len(s.pending) > 0 {
			t.settle(s, now)
		}
	}
	t.loseOrphans(func(o *orphan) bool { return now.Running-o.heard >= t.gapPatience() })
	if now.Running-t.swept >= sweepEvery {
		t.swept = now.Running
		t.sweep(now)
	}
	if t.finished(now) {
		moved := !t.released
		t.released = true
		return moved
	}
	t.released = false
	if t.held(now) {
		return false
	}
	w := min(t.reported(now), t.silentWatermark(now))
	if w == math.MaxInt64 || w <= t.watermark {
		return false
	}
	t.watermark = w
	t.changes.watermark = true
	return true
}

// finished reports whether everybody who was ever heard has finished.
func (t *Tracker) finished(now Now) bool {
	if len(t.senders) == 0 || t.speaking(now) || now.Running-t.newest < settleDelay {
		return false
	}
	for _, s := range t.senders {
		if !s.finished() {
			return false
		}
	}
	for _, heard := range t.hosts {
		if !heard {
			return false
		}
	}
	return len(t.orphans) == 0
}

// held reports whether windows wait because the state is young: other senders
// may not have spoken yet, or old messages are coming that others follow.
func (t *Tracker) held(now Now) bool {
	waiting := now.Running-t.startedAt < int64(t.cfg.SenderTimeout)
	for _, heard := range t.hosts {
		if !heard && waiting {
			return true
		}
	}
	if !t.fresh || len(t.senders) == 0 {
		return false
	}
	if waiting {
		return true
	}
	youngest := int64(math.MinInt64)
	replay := false
	for _, s := range t.senders {
		youngest = max(youngest, s.readUntil)
		replay = replay || s.waited(&t.cfg, now) && s.inEffect
	}
	if replay && youngest != None && now.Wall-youngest > int64(t.cfg.SenderTimeout) {
		return true
	}
	t.fresh = false
	return false
}

// reported is the watermark of the senders.
func (t *Tracker) reported(now Now) int64 {
	w := int64(math.MaxInt64)
	followed := false
	for _, s := range t.senders {
		if s.finished() {
			continue
		}
		followed = true
		if s.waited(&t.cfg, now) {
			w = min(w, s.watermark(&t.cfg))
		} else {
			t.warnSilent(s, now)
		}
	}
	if followed && w == math.MaxInt64 {
		w = now.Wall - int64(t.cfg.AllowedLateness)
	}
	return w
}

// sweep forgets what is over, and looks for what should have come.
func (t *Tracker) sweep(now Now) {
	forget := int64(t.cfg.ForgetSenderAfter)
	for id, s := range t.senders {
		t.warnContradiction(s, now)
		if now.Running-max(s.improved, s.lastHeard) >= forget+int64(t.cfg.SenderTimeout) {
			t.forget(id, s)
			continue
		}
		for fid, f := range s.files {
			if now.Running-f.touched >= forget && !f.pending && len(s.pending) == 0 {
				delete(s.files, fid)
				t.changes.files = append(t.changes.files, File{id, fid})
			}
		}
	}
	t.sweepSilent(now)
}
