// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/page"
	"github.com/iishunt/iishunt/internal/rule"
)

// Batch collects what one call brought before it is committed: nothing reaches
// the engine's state until the records are safely with the next consumer. It
// can be used again after Reset. It is not safe for concurrent use.
type Batch struct {
	engine   *Engine
	now      int64
	requests []rule.Request
	keys     []rule.Key
	values   []string // len(group_by) for each request
	taken    []int32  // indexes of the requests that count
	spans    []span
	current  int // index of the current span
	ranged
	told     []*eventtime.Progress
	marks    []mark
	counts   []paneCount
	excluded []uint64 // by exclusion
	lost     uint64   // lines that could not be read; marks has the times that they touched
	foreign  uint64
	missing  [rule.NumNeeds]uint64
	future   uint64
	ahead    uint64 // of these, so far that it is a loss
	anytime  Funnel // of records without a time that can be true
	scratch  []byte
}

// maxAhead is how far ahead of the wall clock a record may be and still count in
// the window of its time, in nanoseconds.
const maxAhead = int64(24 * time.Hour)

// span is what a batch brought from one source.
type span struct {
	key rule.Key
	eventtime.Span
}

// mark says that a loss touched event time from from to to, both included.
type mark struct {
	from, to int64
	reason   Reason
}

type paneCount struct {
	pane   int64
	funnel Funnel
}

// NewBatch returns an empty batch for this engine.
func (e *Engine) NewBatch() *Batch {
	return &Batch{engine: e, excluded: make([]uint64, len(e.matcher.Exclusions()))}
}

// Reset empties the batch and sets the wall clock, in nanoseconds since the
// Unix epoch, that its records are compared with.
func (b *Batch) Reset(now int64) {
	clear(b.requests)
	clear(b.values)
	b.now = now
	clear(b.told)
	b.requests, b.keys, b.values, b.taken = b.requests[:0], b.keys[:0], b.values[:0], b.taken[:0]
	b.ranged.reset()
	b.told = b.told[:0]
	b.spans, b.current, b.marks, b.counts = b.spans[:0], 0, b.marks[:0], b.counts[:0]
	clear(b.excluded)
	b.lost, b.foreign, b.future, b.ahead, b.anytime, b.missing = 0, 0, 0, 0, Funnel{}, [rule.NumNeeds]uint64{}
}

// Source says where the records that follow come from. identity is any text
// that tells one stream of records from another.
func (b *Batch) Source(identity ...string) {
	b.answers = eventtime.Range{}
	b.scratch = b.scratch[:0]
	for _, s := range identity {
		b.scratch = rule.AppendField(b.scratch, s)
	}
	k := b.engine.seed.Key(b.scratch)
	b.current = slices.IndexFunc(b.spans, func(s span) bool { return s.key == k })
	if b.current < 0 {
		b.current = len(b.spans)
		b.spans = append(b.spans, span{k, eventtime.Span{Oldest: math.MaxInt64, Newest: math.MinInt64}})
	}
}

// Add runs the match stages on a record of the current source and keeps it if
// it matched. values are those of group_by, but that of iis.page, which is made of
// the path here; they are copied, the strings are not. A record of the future
// counts in the window of its time, which is never changed; further ahead than
// maxAhead, or before earliest, it is a loss, unless a stage drops it whatever its
// time. It returns what the match stages decided.
func (b *Batch) Add(r *rule.Request, values []string) rule.Verdict {
	e := effect{verdict: b.engine.matcher.Match(r), at: r.Time, request: -1}
	if e.verdict == rule.Foreign {
		b.put(&e)
		return e.verdict
	}
	lateness := int64(b.engine.cfg.AllowedLateness)
	e.future = r.Time > b.now+lateness || r.Time < earliest
	e.timeless = e.future && (r.Time > b.now+max(maxAhead, lateness) || r.Time < earliest)
	if !e.timeless {
		b.observe(r.Time)
		switch e.verdict {
		case rule.Missing:
			e.need, _ = b.engine.matcher.Lacks(r)
		case rule.Matched:
			e.request = int32(len(b.requests))
			b.keep(r, values)
		}
	}
	b.put(&e)
	return e.verdict
}

// effect is what a record changes once it counts.
type effect struct {
	from, to int64 // its bytes, where it answers for some
	at       int64 // event time
	request  int32 // index of the request, or -1
	verdict  rule.Verdict
	need     rule.Need // that it lacks, where the verdict is Missing
	future   bool
	timeless bool // so far ahead that its time cannot be true: it is of no window
	lost     bool // a line that could not be read, of unknown time: nothing else is known
}

// put lets a record count, but one that answers for bytes only at the commit.
func (b *Batch) put(e *effect) {
	if b.answers.To > 0 {
		b.later(e)
		return
	}
	b.apply(e)
}

func (b *Batch) apply(e *effect) {
	if e.future {
		b.future++
	}
	switch {
	case e.lost:
		b.lost++
	case e.verdict == rule.Foreign:
		b.foreign++
	case e.timeless && e.verdict < 0:
		b.ahead++ // it could have been a client of any window
	case e.verdict == rule.Missing:
		b.funnel(e.at)
		b.marks = append(b.marks, mark{e.at, e.at, ReasonMissingAttribute})
		b.missing[e.need]++
	default:
		f := &b.anytime
		if !e.timeless {
			f = b.funnel(e.at)
		}
		b.applyVerdict(f, e)
	}
}

func (b *Batch) applyVerdict(f *Funnel, e *effect) {
	switch {
	case e.verdict == rule.Matched:
		f.Matched++
		b.taken = append(b.taken, e.request)
	case int(e.verdict) < int(rule.NumStages):
		f.Dropped[e.verdict]++
	default:
		f.Matched++
		f.Excluded++
		b.excluded[int(e.verdict)-int(rule.NumStages)]++
	}
}

// Lost counts a log line of the current source that could not be read and whose
// time is unknown. It lies between its neighbours, so it touches the
// panes from the record before it to the one after it.
func (b *Batch) Lost() {
	e := effect{lost: true, request: -1}
	b.put(&e)
	s := b.span()
	s.LostLast = true
	if !s.Timed {
		s.LostFirst = true
		return
	}
	b.marks = append(b.marks, mark{s.Last, s.Last, ReasonParseError})
}

// span is what the call brought of the current source, or of the current bytes.
func (b *Batch) span() *eventtime.Span {
	if b.answers.To > 0 {
		return &b.runs[len(b.runs)-1].span
	}
	return &b.spans[b.current].Span
}

func (b *Batch) observe(t int64) {
	s := b.span()
	if s.LostLast {
		from := t
		if s.Timed {
			from = s.Last
		}
		b.marks = append(b.marks, mark{from, t, ReasonParseError})
		s.LostLast = false
	}
	if !s.Timed {
		s.First, s.Timed = t, true
	}
	s.Oldest, s.Newest, s.Last = min(s.Oldest, t), max(s.Newest, t), t
}

func (b *Batch) funnel(t int64) *Funnel {
	p := b.engine.paneOf(t)
	for i := len(b.counts) - 1; i >= 0; i-- {
		if b.counts[i].pane == p {
			return &b.counts[i].funnel
		}
	}
	b.counts = append(b.counts, paneCount{pane: p})
	return &b.counts[len(b.counts)-1].funnel
}

func (b *Batch) keep(r *rule.Request, values []string) {
	n := len(b.values)
	b.values = append(b.values, values...)
	values = b.values[n:]
	if at := b.engine.bounds.pageAt; at >= 0 {
		values[at] = page.Of(r.Path, b.engine.fold)
	}
	b.scratch = b.scratch[:0]
	from, to := 0, 0 // the path
	for i, v := range values {
		n := len(b.scratch)
		b.scratch = b.engine.appendValue(b.scratch, i, v)
		if i == b.engine.uriAt {
			from, to = n, len(b.scratch)
		}
	}
	k := b.engine.seed.Key(b.scratch)
	if to > 0 {
		k = k.Of(b.engine.seed.Key(b.scratch[from:to]))
	}
	b.requests = append(b.requests, *r)
	kept := &b.requests[len(b.requests)-1]
	for _, text := range [...]*string{&kept.Client, &kept.Counted} {
		if len(*text) > maxClient {
			*text = boundedValue(*text, maxClient)
		}
	}
	b.keys = append(b.keys, k)
}
