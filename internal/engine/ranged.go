// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// ranged has the records of a Batch that answer for bytes of a file. Whether they
// count is known at the commit alone: a record that comes twice counts once.
type ranged struct {
	answers eventtime.Range // of the current record; To 0 where it has none
	runs    []run
	lines   []effect // of all runs
}

// run has records of one file that follow each other without a hole.
type run struct {
	eventtime.Range
	first int // index of its first line
	lines int
	span  eventtime.Span
}

func (b *ranged) reset() {
	b.answers, b.runs, b.lines = eventtime.Range{}, b.runs[:0], b.lines[:0]
}

// Answers says which bytes the next record answers for, in place of a Source.
func (b *Batch) Answers(r eventtime.Range) {
	b.answers = r
	if n := len(b.runs); n > 0 {
		if last := &b.runs[n-1]; last.File == r.File && last.To == r.From {
			last.To = r.To
			return
		}
	}
	b.runs = append(b.runs, run{r, len(b.lines), 0, eventtime.Span{Oldest: math.MaxInt64, Newest: math.MinInt64}})
}

// Tell takes what a sender told of its reading. It is heard after the records of
// the call.
func (b *Batch) Tell(p *eventtime.Progress) { b.told = append(b.told, p) }

// later keeps a record until the commit.
func (b *ranged) later(e *effect) {
	e.from, e.to = b.answers.From, b.answers.To
	b.lines = append(b.lines, *e)
	b.runs[len(b.runs)-1].lines++
}

// commitRun lets those records of a run count that did not count before.
func (e *Engine) commitRun(b *Batch, r *run, now eventtime.Now) {
	lines := b.lines[r.first : r.first+r.lines]
	switch e.time.Covered(r.Range, now) {
	case eventtime.Repeated:
		e.stats.Repeated += uint64(len(lines))
		return
	case eventtime.Fresh:
		for i := range lines {
			b.apply(&lines[i])
		}
	case eventtime.Mixed:
		for i := range lines {
			one := eventtime.Range{File: r.File, From: lines[i].from, To: lines[i].to}
			if e.time.Cover(one, now) {
				b.apply(&lines[i])
			} else {
				e.stats.Repeated++
			}
		}
	}
	e.time.ObserveFile(r.Range, &r.span, now)
	if r.span.Timed {
		e.firstSeen = min(e.firstSeen, r.span.Oldest)
		e.extent.add(&r.span)
	}
}
