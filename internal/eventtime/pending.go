// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math"
	"slices"
)

const (
	// maxPending bounds the progress records of a sender that are not in effect.
	maxPending = 64
	// maxClaims bounds what one progress may tell of files, over all its parts.
	maxClaims = 1 << 16
	// maxLosses bounds what is kept apart of what a sender cannot read or lost.
	maxLosses = 256
)

// pending is a progress that is not in effect yet: a part, a progress before it
// or a range that it speaks of has not come.
type pending struct {
	Progress
	heard int64    // running time at which the first of it came
	seen  []uint64 // a bit for each part that came
	parts int      // that came
	next  int      // files before this index are covered
}

func newPending(p *Progress, now Now) *pending {
	q := &pending{Progress: *p, heard: now.Running, seen: make([]uint64, (p.Parts+63)/64)}
	q.Files, q.Unread, q.Lost = nil, nil, nil
	// A clock in the far future must not mark windows for ever.
	ahead := aheadOf(now)
	q.Sent, q.ReadUntil = min(q.Sent, ahead), min(q.ReadUntil, ahead)
	return q
}

// add takes a part. A part that is there already, or that belongs to something
// else, changes nothing.
func (p *pending) add(part *Progress) {
	bit := part.Part - 1
	if part.Parts != p.Parts || part.Base != p.Base || part.State != p.State || len(p.Files)+len(part.Files) > maxClaims ||
		p.seen[bit/64]&(1<<(bit%64)) != 0 {
		return
	}
	p.seen[bit/64] |= 1 << (bit % 64)
	p.parts++
	for i := range part.Files {
		f := part.Files[i]
		f.Name = "" // only an error needs it
		p.Files = append(p.Files, f)
	}
	p.Unread = foldLosses(append(p.Unread, part.Unread...))
	p.Lost = foldLosses(append(p.Lost, part.Lost...))
}

func (p *pending) complete() bool { return p.parts == p.Parts }

// until is up to when lines that p speaks of can have been written, by the
// sender's wall clock.
func (p *Progress) until() int64 { return max(p.ReadUntil, p.Sent) }

// absorb makes p stand for an earlier progress o of the same run, too, which it
// continues.
//
//	p.Base <= o.Seq < p.Seq
func (p *pending) absorb(o *pending) {
	p.Base, p.heard, p.next = min(p.Base, o.Base), min(p.heard, o.heard), 0
	p.Behind, p.Lost = max(p.Behind, o.Behind), foldLosses(append(slices.Clip(o.Lost), p.Lost...))
	at := make(map[ID]int, len(p.Files))
	for i := range p.Files {
		at[p.Files[i].ID] = i
	}
	for i := range o.Files {
		if j, ok := at[o.Files[i].ID]; ok {
			p.Files[j].merge(&o.Files[i])
		} else {
			p.Files = append(p.Files, o.Files[i])
		}
	}
}

// merge makes f stand for g, too, of the same file.
func (f *FileProgress) merge(g *FileProgress) {
	if f.Sent > f.From && (f.Oldest == None || f.Newest == None) || g.Sent > g.From && (g.Oldest == None || g.Newest == None) {
		f.Oldest, f.Newest = None, None // of some of it nothing is known
	} else {
		f.Oldest, f.Newest = earlier(f.Oldest, g.Oldest), max(f.Newest, g.Newest)
	}
	f.From, f.Sent, f.Read = min(f.From, g.From), max(f.Sent, g.Sent), max(f.Read, g.Read)
	f.Gone = f.Gone || g.Gone
}

// earlier is the smaller of two times, either of which may be None.
func earlier(a, b int64) int64 {
	if a == None || b != None && b < a {
		return b
	}
	return a
}

// later is the larger of two ends, either of which may be None, which is without
// end.
func later(a, b int64) int64 {
	if a == None || b == None {
		return None
	}
	return max(a, b)
}

// foldLosses keeps a list short: what is too much becomes one for each reason,
// of all the time in between. Rather a window too much is marked than one too
// little.
func foldLosses(list []Loss) []Loss {
	if len(list) <= maxLosses {
		return list
	}
	var all [NumReasons]*Loss // without their bytes: those are missed as others are
	kept := list[:maxLosses-int(NumReasons)]
	for i := len(kept); i < len(list); i++ {
		l := list[i]
		o := all[l.Reason]
		if o == nil {
			l.Name, l.Why, l.File = "others", "", 0
			all[l.Reason] = &l
			continue
		}
		o.From, o.To = min(o.From, l.From), later(o.To, l.To)
		o.Count = min(o.Count, math.MaxInt64-l.Count) + l.Count
	}
	kept = slices.Clone(kept)
	for _, l := range all {
		if l != nil {
			kept = append(kept, *l)
		}
	}
	return kept
}
