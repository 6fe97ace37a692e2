// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "github.com/iishunt/iishunt/internal/codec"

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
		id := ID(d.Fixed())
		if s := t.senders[id]; s != nil {
			t.files -= len(s.files)
			delete(t.senders, id)
		}
	case sectionForgetFile:
		id := File{ID(d.Fixed()), ID(d.Fixed())}
		if s := t.senders[id.Sender]; s != nil && s.files[id.ID] != nil {
			delete(s.files, id.ID)
			t.files--
		}
	case sectionForgetSource:
		delete(t.sources, Source{d.Fixed(), d.Fixed()})
	case sectionWatermark:
		w, began, crowded, fresh, seen := readTime(d), readTime(d), readTime(d), d.Bool(), d.Bool()
		if d.Err == nil {
			t.watermark = max(t.watermark, w)
			t.began, t.crowded, t.fresh, t.silent.seen = began, crowded, fresh, seen
		}
	default:
		d.Fail()
	}
}

// Adopt and AdoptSource bring in what was stored by versions that knew silent
// sources alone: the watermark, whether a record was ever seen, and the event
// times of a source's newest and latest record.
func (t *Tracker) Adopt(watermark int64, seen bool) {
	t.watermark, t.silent.seen = max(t.watermark, watermark), t.silent.seen || seen
}

// AdoptSource is described at Adopt. pending: a line behind its latest record was
// lost.
func (t *Tracker) AdoptSource(k Source, newest, last int64, timed, pending bool) {
	src := &source{newest: None, neighbour: noNeighbour()}
	if timed {
		src.newest, src.last = newest, last
	}
	src.pending, src.from, src.lostBy = pending, src.last, maxTime-1 // before now: see Restored
	t.sources[k] = src
}

// Restored ends a restore: whoever is known gets the full time to speak again,
// and silent sources hold windows as after a start.
func (t *Tracker) Restored(now Now) {
	t.startedAt, t.newest, t.swept, t.crowdedAt = now.Running, now.Running, now.Running, now.Running
	for _, s := range t.senders {
		s.patience = newPatience(now)
		s.lastHeard, s.catching, s.behindAt, s.born = now.Running, now.Running, now.Running, now.Running
		s.duplicateAt = now.Running
		for _, f := range s.files {
			f.touched = now.Running
			if f.former != nil {
				f.former.heard = now.Running
				t.asked = append(t.asked, File{s.id, f.id})
				s.asking++
			}
		}
		if s.heard {
			t.hearHost(s.host)
			t.kin[s.kin()] = append(t.kin[s.kin()], s.id)
		}
	}
	for _, src := range t.sources {
		src.active, src.patience = now.Running, newPatience(now)
		src.behind = max(0, now.Wall-max(src.newest, -maxTime))
		src.nearest, src.lostBy = src.behind, min(src.lostBy, now.Wall)
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

func (t *Tracker) applySender(d *codec.Decoder) {
	s := newSender(ID(d.Fixed()), Now{})
	s.host, s.component, s.match = d.Text(), d.Text(), d.Text()
	copy(s.run[:], d.Bytes(len(s.run)))
	for range d.Count(len(s.run)) {
		var r Run
		copy(r[:], d.Bytes(len(r)))
		s.former = append(s.former, r)
	}
	s.started, s.number, s.known, s.joined = readTime(d), readOffset(d), readOffset(d), readOffset(d)
	s.best = readTime(d)
	s.readUntil, s.since, s.oldestUnread = readTime(d), readTime(d), readTime(d)
	s.behind, s.duplicateSince, s.retired = readTime(d), readTime(d), readTime(d)
	s.state = State(d.Byte())
	s.heard, s.inEffect, s.ranges, s.claims = d.Bool(), d.Bool(), d.Bool(), d.Bool()
	for range d.Count(6) {
		u := Loss{Name: d.Text(), Why: d.Text(), Reason: Reason(d.Byte()), Count: d.Int(), From: readTime(d), To: readTime(d)}
		if u.Reason >= NumReasons {
			d.Fail()
		}
		s.unread = append(s.unread, u)
	}
	if s.state >= numStates || s.behind < 0 || len(s.former) > maxFormer || s.id == 0 {
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

func (t *Tracker) applyFile(d *codec.Decoder) {
	sender, f := ID(d.Fixed()), newFile(ID(d.Fixed()))
	f.base, f.covered, f.lost = d.Int(), readSpans(d), readSpans(d)
	f.neighbour = readNeighbour(d)
	f.end, f.lostEnd, f.unordered, f.gone = readOffset(d), readOffset(d), d.Bool(), d.Bool()
	if d.Bool() {
		f.former = readFormer(d, f.id, Now{})
	}
	for _, c := range f.covered { // in both is in neither of two pieces that were stored apart
		f.lost = f.lost.remove(c.from, c.to)
	}
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
	if s.files[f.id] == nil {
		t.files++
	}
	s.files[f.id] = f
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

func readNeighbour(d *codec.Decoder) neighbour {
	n := noNeighbour()
	n.pending, n.last = d.Bool(), readTime(d)
	if n.pending {
		n.from, n.lostBy = readTime(d), readTime(d)
	}
	return n
}

// readOffset reads a place in a file.
func readOffset(d *codec.Decoder) int64 {
	v := d.Int()
	if v < 0 || v >= maxOffset {
		d.Fail()
		return 0
	}
	return v
}

func readFormer(d *codec.Decoder, id ID, now Now) *formerClaim {
	c := &formerClaim{heard: now.Running}
	c.ID, c.From, c.Sent = id, readOffset(d), readOffset(d)
	c.Read, c.Oldest, c.Newest, c.from, c.until = c.Sent, readTime(d), readTime(d), readTime(d), readTime(d)
	if c.From > c.Sent {
		d.Fail()
	}
	return c
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
