// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "math"

// Source names a stream of records whose sender tells no progress.
type Source [2]uint64

// Span is what a batch brought of one stream, in order of arrival. Times are
// event times.
type Span struct {
	Oldest, Newest, First, Last int64
	Timed                       bool // it brought a record with a time
	LostFirst                   bool // a line before the first record was lost
	LostLast                    bool // a line after the last record was lost
}

// source is a stream of records that are roughly in order of time.
type source struct {
	newest   int64 // event time of its newest record
	active   int64 // running time of its last sign of life
	behind   int64 // the largest distance to the wall clock since it last shrank
	nearest  int64 // the smallest distance to the wall clock, as it is known before it has caught up
	usual    int64 // how far behind the wall clock it is when it ships, in bursts
	caughtUp bool  // it was close to the wall clock once
	neighbour
	patience
	changed bool // it is among the changes
}

// silentClock is what is known of all silent sources together.
//
// While old files are read (a source begins further behind the wall clock than
// the idle timeout, or comes closer to it by as much) the watermark stands still:
// other old files may not have been opened yet. The same for an idle timeout
// after a start, after a pause of this process and while records wait with their
// senders.
type silentClock struct {
	seen      bool  // a record was ever seen
	holdUntil int64 // running time
	holdSince int64 // running time; 0 when it is not held
}

// Observe takes what a batch brought of a silent source. now is the end of the
// call that brought it.
func (t *Tracker) Observe(k Source, b *Span, now Now) {
	src := t.sources[k]
	if src == nil {
		if len(t.sources) >= maxSourcesPerSender*t.cfg.MaxSenders {
			t.crowd(now)
			return
		}
		src = &source{newest: None, neighbour: noNeighbour(), patience: newPatience(now)}
		t.sources[k] = src
	}
	src.active = now.Running
	t.between(&src.neighbour, b, now)
	t.sourceChanged(k, src)
	if !b.Timed {
		return
	}
	if !t.silent.seen {
		t.silent.seen = true
		t.Hold(now)
	}
	t.follow(src, b, now)
}

// maxSourcesPerSender: the files of a silent server are sources of their own.
const maxSourcesPerSender = 16

// follow moves a source, unless the records are of the future.
func (t *Tracker) follow(src *source, b *Span, now Now) {
	newest := b.Newest
	if newest > now.Wall+int64(t.cfg.AllowedLateness) {
		if newest = b.Oldest; newest > now.Wall {
			return
		}
	}
	first := src.newest == None
	src.newest = max(src.newest, newest)
	lag, oldest := now.Wall-src.newest, now.Wall-b.Oldest
	if t.catchesUp(src, first, lag, oldest) {
		t.catchUp(now)
	}
	if !src.caughtUp && lag <= int64(t.cfg.IdleTimeout) {
		src.caughtUp, src.behind = true, lag
	}
	src.note(now, lag, int64(t.cfg.SenderTimeout), int64(t.cfg.CatchUpTimeout))
}

// catchesUp reports whether the source reads old files, so that others may come.
// Who ships in bursts comes closer with each of them and does not catch up: that
// is told by its coming no closer than before, or by its having been close.
func (t *Tracker) catchesUp(src *source, first bool, lag, oldest int64) bool {
	idle := int64(t.cfg.IdleTimeout)
	if first {
		src.behind, src.nearest = oldest, oldest
	}
	src.behind = max(src.behind, oldest)
	if src.caughtUp && src.behind > int64(t.cfg.SenderTimeout) { // no burst is that old
		src.caughtUp, src.nearest = false, src.behind
	}
	if !src.caughtUp {
		closer := first && lag > idle || src.nearest-lag > idle
		if closer {
			src.nearest = lag
		}
		return closer
	}
	if src.behind-lag <= idle {
		return false
	}
	unusual := src.behind > 2*src.usual+idle
	src.usual = max(src.usual, src.behind)
	src.behind = lag
	return unusual
}

// Hold keeps the watermark of silent sources where it is for an idle timeout:
// records are known to exist that were not counted yet, because they were refused
// or wait in a call. It never shortens a hold, and may be repeated without bound.
func (t *Tracker) Hold(now Now) {
	t.silent.holdSince = 0
	t.catchUp(now)
}

// catchUp is Hold for old files that are read: at most CatchUpTimeout at a stretch.
func (t *Tracker) catchUp(now Now) {
	if t.silent.holdSince == 0 {
		t.silent.holdSince = max(1, now.Running)
	}
	t.silent.holdUntil = max(t.silent.holdUntil, now.Running+int64(t.cfg.IdleTimeout))
}

// silentWatermark is the watermark of the silent sources.
func (t *Tracker) silentWatermark(now Now) int64 {
	if !t.silent.seen {
		return math.MaxInt64
	}
	if now.Running < t.silent.holdUntil && now.Running-t.silent.holdSince < int64(t.cfg.CatchUpTimeout) {
		return math.MinInt64
	}
	if now.Running >= t.silent.holdUntil {
		t.silent.holdSince = 0
	}
	w := int64(math.MaxInt64)
	for k, src := range t.sources {
		if src.idle(t, now) {
			if src.pending {
				t.settleLost(&src.neighbour, src.lostBy)
				t.sourceChanged(k, src)
			}
			continue
		}
		if src.newest != None && !src.over(now, int64(t.cfg.SenderTimeout)) {
			w = min(w, src.newest)
		}
	}
	return min(w, now.Wall) - int64(t.cfg.AllowedLateness)
}

func (src *source) idle(t *Tracker, now Now) bool {
	return now.Running-src.active >= int64(t.cfg.IdleTimeout)
}

// sweepSilent forgets the sources that have been idle for long. Until then it is
// remembered in which bursts they ship.
func (t *Tracker) sweepSilent(now Now) {
	for k, src := range t.sources {
		if src.idle(t, now) && now.Running-src.active >= int64(t.cfg.ForgetSenderAfter) {
			delete(t.sources, k)
			t.changes.idle = append(t.changes.idle, k)
		}
	}
}

// speaking reports whether a silent source holds windows.
func (t *Tracker) speaking(now Now) bool {
	for _, src := range t.sources {
		if !src.idle(t, now) {
			return true
		}
	}
	return now.Running < t.silent.holdUntil
}
