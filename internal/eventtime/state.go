// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"

	"github.com/iishunt/iishunt/internal/codec"
)

// What is stored: who was heard and up to where, and what has come of each file.
// Progress records that are not in effect are not: a later one that goes back
// further makes up for them. Nor are running times, which begin anew.

// changes collects what has changed since it was last taken. Each section holds
// the whole new value, so that the order of older ones does not matter.
type changes struct {
	on        bool
	senders   []ID
	touched   []File // files with a new value
	sources   []Source
	forgotten []ID
	files     []File // forgotten
	idle      []Source
	watermark bool
	// moved: the watermark alone has moved. That is written with the next change: a
	// watermark that is restored further back makes nothing late.
	moved bool
}

// The sections. Their numbers are stored.
const (
	sectionSender byte = iota + 1
	sectionFile
	sectionSource
	sectionForgetSender
	sectionForgetFile
	sectionForgetSource
	sectionWatermark
)

func (t *Tracker) senderChanged(s *sender) {
	if t.changes.on && !s.changed {
		s.changed = true
		t.changes.senders = append(t.changes.senders, s.id)
	}
}

func (t *Tracker) fileChanged(s *sender, f *file) {
	if t.changes.on && !f.changed {
		f.changed = true
		t.changes.touched = append(t.changes.touched, File{s.id, f.id})
	}
}

func (t *Tracker) sourceChanged(k Source, src *source) {
	if t.changes.on && !src.changed {
		src.changed = true
		t.changes.sources = append(t.changes.sources, k)
	}
}

// Follow makes the Tracker collect its changes for AppendChanges.
func (t *Tracker) Follow() { t.changes.on = true }

// AppendChanges appends what has changed since the last call, for Apply.
func (t *Tracker) AppendChanges(b []byte) []byte {
	c, before := &t.changes, len(b)
	for _, id := range c.senders {
		if s := t.senders[id]; s != nil && s.changed {
			s.changed = false
			b = s.append(append(b, sectionSender))
		}
	}
	for _, id := range c.touched {
		if s := t.senders[id.Sender]; s != nil {
			if f := s.files[id.ID]; f != nil && f.changed {
				f.changed = false
				b = f.append(append(b, sectionFile), id.Sender)
			}
		}
	}
	for _, k := range c.sources {
		if src := t.sources[k]; src != nil && src.changed {
			src.changed = false
			b = src.append(append(b, sectionSource), k)
		}
	}
	if c.on {
		for _, id := range c.forgotten {
			b = codec.AppendFixed(append(b, sectionForgetSender), uint64(id))
		}
		for _, id := range c.files {
			b = codec.AppendFixed(append(b, sectionForgetFile), uint64(id.Sender))
			b = codec.AppendFixed(b, uint64(id.ID))
		}
		for _, k := range c.idle {
			b = codec.AppendFixed(append(b, sectionForgetSource), k[0])
			b = codec.AppendFixed(b, k[1])
		}
		if c.watermark || c.moved && len(b) > before {
			c.moved = false
			b = t.appendWatermark(b)
		}
	}
	*c = changes{on: c.on, moved: c.moved, senders: c.senders[:0], touched: c.touched[:0], sources: c.sources[:0]}
	return b
}

func (t *Tracker) appendWatermark(b []byte) []byte {
	b = append(b, sectionWatermark)
	for _, v := range [...]int64{t.watermark, t.began, t.crowded} {
		b = codec.AppendInt(b, v)
	}
	return codec.AppendBool(codec.AppendBool(b, t.fresh), t.silent.seen)
}

// Snapshot gives everything to emit, in pieces of about size bytes, for Apply in
// any order before later changes. Changes that were not taken are in it.
func (t *Tracker) Snapshot(size int, emit func([]byte) error) error {
	b := t.appendWatermark(nil)
	flush := func(least int) error {
		if len(b) < least {
			return nil
		}
		piece := b
		b = nil
		return emit(piece)
	}
	for _, s := range t.senders {
		b = s.append(append(b, sectionSender))
		for _, f := range s.files {
			b = f.append(append(b, sectionFile), s.id)
			if err := flush(size); err != nil {
				return err
			}
		}
	}
	for k, src := range t.sources {
		b = src.append(append(b, sectionSource), k)
		if err := flush(size); err != nil {
			return err
		}
	}
	return flush(1)
}

// Append appends everything in one piece.
func (t *Tracker) Append(b []byte) []byte {
	_ = t.Snapshot(math.MaxInt, func(piece []byte) error { // emit does not fail
		b = append(b, piece...)
		return nil
	})
	return b
}

func (s *sender) append(b []byte) []byte {
	b = codec.AppendFixed(b, uint64(s.id))
	b = codec.AppendText(codec.AppendText(codec.AppendText(b, s.host), s.component), s.match)
	b = append(b, s.run[:]...)
	b = codec.AppendUint(b, uint64(len(s.former)))
	for _, r := range s.former {
		b = append(b, r[:]...)
	}
	for _, v := range [...]int64{s.started, s.number, s.known, s.joined, s.best, s.readUntil, s.since, s.oldestUnread, s.behind, s.duplicateSince, s.retired} {
		b = codec.AppendInt(b, v)
	}
	b = append(b, byte(s.state))
	for _, v := range [...]bool{s.heard, s.inEffect, s.ranges, s.claims} {
		b = codec.AppendBool(b, v)
	}
	b = codec.AppendUint(b, uint64(len(s.unread)))
	for i := range s.unread {
		u := &s.unread[i]
		b = codec.AppendText(codec.AppendText(b, u.Name), u.Why)
		b = append(b, byte(u.Reason))
		b = codec.AppendInt(codec.AppendInt(codec.AppendInt(b, u.Count), u.From), u.To)
	}
	return b
}

func (f *file) append(b []byte, sender ID) []byte {
	b = codec.AppendFixed(codec.AppendFixed(b, uint64(sender)), uint64(f.id))
	b = codec.AppendInt(b, f.base)
	b = f.lost.append(f.covered.append(b))
	b = f.neighbour.append(b)
	b = codec.AppendInt(codec.AppendInt(b, f.end), f.lostEnd)
	for _, v := range [...]bool{f.unordered, f.gone, f.former != nil} {
		b = codec.AppendBool(b, v)
	}
	if c := f.former; c != nil {
		for _, v := range [...]int64{c.From, c.Sent, c.Oldest, c.Newest, c.from, c.until} {
			b = codec.AppendInt(b, v)
		}
	}
	return b
}

func (s spans) append(b []byte) []byte {
	b = codec.AppendUint(b, uint64(len(s)))
	for _, e := range s {
		b = codec.AppendUint(codec.AppendUint(b, uint64(e.from)), uint64(e.to-e.from))
	}
	return b
}

func (n *neighbour) append(b []byte) []byte {
	b = codec.AppendInt(codec.AppendBool(b, n.pending), n.last)
	if n.pending {
		b = codec.AppendInt(codec.AppendInt(b, n.from), n.lostBy)
	}
	return b
}

func (src *source) append(b []byte, k Source) []byte {
	b = codec.AppendFixed(codec.AppendFixed(b, k[0]), k[1])
	b = codec.AppendInt(codec.AppendInt(b, src.newest), src.usual)
	return src.neighbour.append(codec.AppendBool(b, src.caughtUp))
}
