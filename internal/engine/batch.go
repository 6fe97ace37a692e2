// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/eventtime"
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
	spans    []span
	current  int // index of the current span
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
	b.requests, b.keys, b.values = b.requests[:0], b.keys[:0], b.values[:0]
	b.spans, b.current, b.marks, b.counts = b.spans[:0], 0, b.marks[:0], b.counts[:0]
	clear(b.excluded)
	b.lost, b.foreign, b.future, b.ahead, b.anytime, b.missing = 0, 0, 0, 0, Funnel{}, [rule.NumNeeds]uint64{}
}

// Source says where the records that follow come from. identity is any text
// that tells one stream of records from another.
func (b *Batch) Source(identity ...string) {
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
// it matched. values are those of group_by; they are copied, the strings are
// not. A record of the future counts in the window of its time, which is never
// changed; further ahead than maxAhead, or before earliest, it is a loss, unless a
// stage drops it whatever its time. It returns what the match stages decided.
func (b *Batch) Add(r *rule.Request, values []string) rule.Verdict {
	v := b.engine.matcher.Match(r)
	if v == rule.Foreign {
		b.foreign++
		return v
	}
	if r.Time > b.now+int64(b.engine.cfg.AllowedLateness) || r.Time < earliest {
		b.future++
		if r.Time > b.now+max(maxAhead, int64(b.engine.cfg.AllowedLateness)) || r.Time < earliest {
			b.timeless(v)
			return v
		}
	}
	b.observe(r.Time)
	f := b.funnel(r.Time)
	switch {
	case v == rule.Missing:
		b.marks = append(b.marks, mark{r.Time, r.Time, ReasonMissingAttribute})
		b.missing[r.Lacks()]++
	case v == rule.Matched:
		f.Matched++
		b.keep(r, values)
	case int(v) < int(rule.NumStages):
		f.Dropped[v]++
	default:
		f.Matched++
		b.excluded[int(v)-int(rule.NumStages)]++
	}
	return v
}

// timeless counts a record whose time cannot be true: it is of no window. It is a
// loss if it could have been a client of any.
func (b *Batch) timeless(v rule.Verdict) {
	switch {
	case v < 0:
		b.ahead++
	case int(v) < int(rule.NumStages):
		b.anytime.Dropped[v]++
	default:
		b.anytime.Matched++
		b.excluded[int(v)-int(rule.NumStages)]++
	}
}

// Lost counts a log line of the current source that could not be read and whose
// time is unknown. It lies between its neighbours, so it touches the
// panes from the record before it to the one after it.
func (b *Batch) Lost() {
	s := &b.spans[b.current]
	s.LostLast = true
	b.lost++
	if !s.Timed {
		s.LostFirst = true
		return
	}
	b.marks = append(b.marks, mark{s.Last, s.Last, ReasonParseError})
}

func (b *Batch) observe(t int64) {
	s := &b.spans[b.current]
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
	if len(r.Client) > maxClient {
		b.requests[len(b.requests)-1].Client = boundedValue(r.Client, maxClient)
	}
	b.keys = append(b.keys, k)
	b.values = append(b.values, values...)
}
