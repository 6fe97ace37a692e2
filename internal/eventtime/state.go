// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "github.com/iishunt/iishunt/internal/codec"

// What is stored: who was heard and up to where, and what has come of each file.
// Progress records that are not in effect are not: a later one that goes back
// further makes up for them.

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
	c := &t.changes
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
		if c.watermark {
			b = t.appendWatermark(b)
		}
	}
	*c = changes{on: c.on, senders: c.senders[:0], touched: c.touched[:0], sources: c.sources[:0]}
	return b
}

func (t *Tracker) appendWatermark(b []byte) []byte {
	b = codec.AppendInt(codec.AppendInt(append(b, sectionWatermark), t.watermark), t.began)
	return codec.AppendBool(codec.AppendBool(b, t.fresh), t.silent.seen)
}

// Append appends everything, for Apply. Changes that were not taken are in it.
func (t *Tracker) Append(b []byte) []byte {
	for _, s := range t.senders {
		b = s.append(append(b, sectionSender))
		for _, f := range s.files {
			b = f.append(append(b, sectionFile), s.id)
		}
	}
	for k, src := range t.sources {
		b = src.append(append(b, sectionSource), k)
	}
	return t.appendWatermark(b)
}

// Apply brings what AppendChanges and Append wrote into a Tracker that has heard
// nothing yet. After an error it has what came before the mistake.
func (t *Tracker) Apply(b []byte) error {
	d := codec.Decoder{Rest: b}
	for len(d.Rest) > 0 && d.Err == nil {
		t.applySection(d.Byte(), &d)
	}
	return d.Err
}

func (t *Tracker) applySection(section byte, d *codec.Decoder) {
	switch section {
	case sectionSender:
		t.applySender(d)
	case sectionFile:
		t.applyFile(d)
	case sectionSource:
		t.applySource(d)
	case sectionForgetSender:
		delete(t.senders, ID(d.Fixed()))
	case sectionForgetFile:
		id := File{ID(d.Fixed()), ID(d.Fixed())}
		if s := t.senders[id.Sender]; s != nil {
			delete(s.files, id.ID)
		}
	case sectionForgetSource:
		delete(t.sources, Source{d.Fixed(), d.Fixed()})
	case sectionWatermark:
		w, began, fresh, seen := readTime(d), readTime(d), d.Bool(), d.Bool()
		if d.Err == nil {
			t.watermark = max(t.watermark, w)
			t.began, t.fresh, t.silent.seen = began, fresh, seen
		}
	default:
		d.Fail()
	}
}

// Restored ends a restore: whoever is known gets the full time to speak again,
// and silent sources hold windows as after a start.
func (t *Tracker) Restored(now Now) {
	t.startedAt, t.newest, t.swept = now.Running, now.Running, now.Running
	for _, s := range t.senders {
		s.patience = patience{improved: now.Running}
		s.lastHeard, s.catching, s.behindAt, s.born = now.Running, now.Running, now.Running, now.Running
		for _, f := range s.files {
			f.touched = now.Running
		}
		if _, listed := t.hosts[s.host]; listed && s.heard {
			t.hosts[s.host] = true
		}
	}
	for _, src := range t.sources {
		src.active, src.patience = now.Running, patience{improved: now.Running}
		src.behind = max(0, now.Wall-max(src.newest, -maxTime))
	}
	if t.silent.seen {
		t.Hold(now)
	}
}

// readTime reads a time or None.
func readTime(d *codec.Decoder) int64 {
	v := d.Int()
	if !validTime(v) {
		d.Fail()
		return None
	}
	return v
}

func (s *sender) append(b []byte) []byte {
	b = codec.AppendFixed(b, uint64(s.id))
	b = codec.AppendText(codec.AppendText(codec.AppendText(b, s.host), s.component), s.match)
	b = append(b, s.run[:]...)
	b = codec.AppendUint(b, uint64(len(s.former)))
	for _, r := range s.former {
		b = append(b, r[:]...)
	}
	for _, v := range [...]int64{s.started, s.known, s.readUntil, s.since, s.oldestUnread, s.behind, s.duplicateSince} {
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

func (t *Tracker) applySender(d *codec.Decoder) {
	s := newSender(ID(d.Fixed()), Now{})
	s.host, s.component, s.match = d.Text(), d.Text(), d.Text()
	copy(s.run[:], d.Bytes(len(s.run)))
	for range d.Count(len(s.run)) {
		var r Run
		copy(r[:], d.Bytes(len(r)))
		s.former = append(s.former, r)
	}
	s.started, s.known = readTime(d), d.Int()
	s.readUntil, s.since, s.oldestUnread = readTime(d), readTime(d), readTime(d)
	s.behind, s.duplicateSince = readTime(d), readTime(d)
	s.state = State(d.Byte())
	s.heard, s.inEffect, s.ranges, s.claims = d.Bool(), d.Bool(), d.Bool(), d.Bool()
	for range d.Count(6) {
		u := Loss{Name: d.Text(), Why: d.Text(), Reason: Reason(d.Byte()), Count: d.Int(), From: readTime(d), To: readTime(d)}
		if u.Reason >= NumReasons {
			d.Fail()
		}
		s.unread = append(s.unread, u)
	}
	if s.state >= numStates || s.known < 0 || s.behind < 0 || len(s.former) > maxFormer || s.id == 0 {
		d.Fail()
	}
	if d.Err != nil {
		return
	}
	if old := t.senders[s.id]; old != nil {
		s.files = old.files
	}
	t.senders[s.id] = s
}

func (f *file) append(b []byte, sender ID) []byte {
	b = codec.AppendFixed(codec.AppendFixed(b, uint64(sender)), uint64(f.id))
	b = codec.AppendInt(b, f.base)
	b = f.lost.append(f.covered.append(b))
	return f.neighbour.append(b)
}

func (t *Tracker) applyFile(d *codec.Decoder) {
	sender, f := ID(d.Fixed()), newFile(ID(d.Fixed()))
	f.base, f.covered, f.lost = d.Int(), readSpans(d), readSpans(d)
	f.neighbour = readNeighbour(d)
	if f.base < -1 || f.base >= maxOffset || sender == 0 || f.id == 0 {
		d.Fail()
	}
	if d.Err != nil {
		return
	}
	s := t.senders[sender]
	if s == nil {
		s = newSender(sender, Now{})
		t.senders[sender] = s
	}
	s.files[f.id] = f
}

func (s spans) append(b []byte) []byte {
	b = codec.AppendUint(b, uint64(len(s)))
	for _, e := range s {
		b = codec.AppendUint(codec.AppendUint(b, uint64(e.from)), uint64(e.to-e.from))
	}
	return b
}

func readSpans(d *codec.Decoder) spans {
	var s spans
	behind := int64(-1)
	for range d.Count(2) {
		from, n := d.Uint(), d.Uint()
		if from >= maxOffset || n == 0 || n >= maxOffset || int64(from) <= behind || from+n >= maxOffset {
			d.Fail()
			return nil
		}
		behind = int64(from + n)
		s = append(s, span{int64(from), behind})
	}
	return s
}

func (n *neighbour) append(b []byte) []byte {
	b = codec.AppendBool(codec.AppendBool(b, n.timed), n.pending)
	return codec.AppendInt(codec.AppendInt(b, n.last), n.lostBy)
}

func readNeighbour(d *codec.Decoder) neighbour {
	return neighbour{timed: d.Bool(), pending: d.Bool(), last: readTime(d), lostBy: readTime(d)}
}

func (src *source) append(b []byte, k Source) []byte {
	b = codec.AppendFixed(codec.AppendFixed(b, k[0]), k[1])
	b = codec.AppendInt(codec.AppendInt(b, src.newest), src.usual)
	return src.neighbour.append(codec.AppendBool(b, src.caughtUp))
}

func (t *Tracker) applySource(d *codec.Decoder) {
	k := Source{d.Fixed(), d.Fixed()}
	src := &source{newest: readTime(d), usual: readTime(d), caughtUp: d.Bool()}
	src.neighbour = readNeighbour(d)
	if src.usual < 0 {
		d.Fail()
	}
	if d.Err == nil {
		t.sources[k] = src
	}
}
