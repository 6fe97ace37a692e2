// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"time"
)

// Nanoseconds of running time.
const (
	// unaccountedDelay is how long after its arrival a progress takes effect
	// where ranges are not accounted for.
	unaccountedDelay = int64(time.Minute)
	// settleDelay is how long nobody new must have spoken before "all have
	// finished" is believed: receivers of one Collector start one after the other.
	settleDelay = int64(2 * time.Second)
	// sweepEvery is how often senders, files and sources that are over are looked
	// for.
	sweepEvery = int64(time.Minute)
	// advanceEvery is how often everybody is looked at where there are more than a
	// few.
	advanceEvery = int64(time.Second)
	few          = 64
	// clockStep is how far back a sender's wall clock must go to be told of.
	clockStep = time.Second
)

// Advance moves the watermark and reports whether it moved. It may be called for
// each batch, and must be called once a tick.
func (t *Tracker) Advance(now Now) bool {
	for _, s := range t.due {
		if t.senders[s.id] == s {
			t.settle(s, now)
		}
	}
	clear(t.due)
	t.due = t.due[:0]
	if len(t.senders)+len(t.sources) > few && now.Running-t.advanced < advanceEvery {
		return false
	}
	t.advanced = now.Running
	t.settleAsked(now)
	for _, s := range t.senders {
		if len(s.pending) > 0 {
			t.settle(s, now)
		}
	}
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
	if w == math.MaxInt64 {
		return false
	}
	// A clock that is ahead, or set forward for a moment, closes nothing that has
	// not ended.
	if w = min(w, now.Wall); w <= t.watermark {
		return false
	}
	t.watermark, t.changes.moved = w, true
	return true
}

// finished reports whether everybody who was ever heard has finished. Hosts that
// are listed and never spoke are waited for like others. That all had finished
// before a restart says little: others may be about to speak.
func (t *Tracker) finished(now Now) bool {
	if len(t.senders) == 0 || t.speaking(now) || now.Running-t.newest < settleDelay || len(t.asked) > 0 {
		return false
	}
	spoke := now.Running-t.startedAt >= int64(t.cfg.SenderTimeout)
	for _, s := range t.senders {
		if !s.finished() && s.retired == None {
			return false
		}
		spoke = spoke || s.spoke
	}
	return spoke && !t.awaited(now) && (!t.missing() || now.Running-t.newest >= int64(t.cfg.SenderTimeout))
}

// awaited reports whether a listed host has not spoken since the start and may
// still do so.
func (t *Tracker) awaited(now Now) bool {
	if now.Running-t.startedAt >= int64(t.cfg.SenderTimeout) {
		return false
	}
	for _, heard := range t.hosts {
		if !heard {
			return true
		}
	}
	return false
}

// held reports whether windows wait because the state is young: other senders
// may not have spoken yet, or old messages are coming that others follow.
func (t *Tracker) held(now Now) bool {
	if t.awaited(now) {
		return true
	}
	if !t.fresh || len(t.senders) == 0 {
		return false
	}
	if now.Running-t.startedAt < int64(t.cfg.SenderTimeout) {
		return true
	}
	youngest := int64(None)
	replay := false
	for _, s := range t.senders {
		youngest = max(youngest, s.readUntil)
		replay = replay || s.inEffect && s.waited(&t.cfg, now)
	}
	if replay && youngest != None && now.Wall-youngest > int64(t.cfg.SenderTimeout) {
		return true
	}
	t.fresh, t.changes.watermark = false, true
	return false
}

// reported is the watermark of the senders; math.MaxInt64 where there are none.
func (t *Tracker) reported(now Now) int64 {
	told, untold, catching := int64(math.MaxInt64), false, false
	followed := false
	for _, s := range t.senders {
		if s.finished() || s.retired != None {
			continue
		}
		followed = true
		if !s.waited(&t.cfg, now) {
			t.warnSilent(s, now)
			continue
		}
		s.warned[WarnSilent], s.warned[WarnClockBehind] = false, false
		if w := s.watermark(&t.cfg); w == math.MinInt64 {
			untold, catching = true, catching || s.state == CatchingUp
		} else {
			told = min(told, w)
		}
	}
	if untold && t.block(now, catching) {
		return math.MinInt64
	}
	if !untold {
		t.blocked = -1
	}
	if followed && told == math.MaxInt64 {
		return now.Wall - int64(t.cfg.AllowedLateness)
	}
	return told
}

// block reports whether those who have told nothing yet still hold everything.
// Each of them has its own time; together they have no more than one, so that
// senders that come and go cannot hold windows for ever.
func (t *Tracker) block(now Now, catching bool) bool {
	if t.blocked < 0 {
		t.blocked = now.Running
	}
	most := t.cfg.SenderTimeout
	if catching {
		most = t.cfg.CatchUpTimeout
	}
	return now.Running-t.blocked < int64(most)
}

// missing reports whether a process has senders that were not heard yet.
func (t *Tracker) missing() bool {
	heard := map[Run]int{}
	for _, s := range t.senders {
		heard[s.process]++
	}
	for _, s := range t.senders {
		if s.receivers > heard[s.process] && s.process != (Run{}) && s.retired == None {
			return true
		}
	}
	return false
}

// sweep forgets what is over, and looks for what should have come.
func (t *Tracker) sweep(now Now) {
	forget, timeout := int64(t.cfg.ForgetSenderAfter), int64(t.cfg.SenderTimeout)
	for id, s := range t.senders {
		t.warnContradiction(s, now)
		if s.duplicateSince != None && now.Running-s.duplicateAt >= timeout {
			s.duplicateSince = None
			t.senderChanged(s)
		}
		if now.Running-max(s.improved, s.lastHeard) >= forget+timeout {
			t.forget(id, s, now)
			continue
		}
		for _, f := range s.files {
			if f.gone && f.former == nil && len(s.pending) == 0 && now.Running-f.touched >= forget {
				t.forgetFile(s, f)
			}
		}
	}
	if t.crowded != None && now.Running-t.crowdedAt >= forget && now.Wall-t.crowded >= forget {
		t.crowded, t.changes.watermark = None, true
	}
	t.sweepSilent(now)
}
