// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"hash/fnv"
	"math"
	"slices"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// escalation is how many points more make a finding another one.
const escalation = 20

// told is what was said of a finding that is kept quiet. When more can be said,
// a method that it had not, or a much higher score, it is told again. Neither can
// grow without end, so neither can the repetitions.
type told struct {
	methods uint32 // a bit for each; which one, its hash says
	score   int
}

// SetScore gives the score by which findings escalate. Without, only methods
// do. The engine must be new.
func (e *Engine) SetScore(score func(*Finding) int) { e.score = score }

func (e *Engine) toldOf(f *Finding) told {
	var t told
	for _, m := range f.Methods {
		h := fnv.New32a()
		_, _ = h.Write([]byte(m))
		t.methods |= 1 << (h.Sum32() % 32)
	}
	switch {
	case f.FloodPages > 0:
		t.score = math.MaxInt16
	case e.score != nil:
		t.score = e.score(f)
	}
	return t
}

// escalates reports whether more is said of a finding that is kept quiet than
// before. What a former version said is not known: nothing is more.
func (s *suppression) escalates(k rule.Key, t told) bool {
	was, known := s.told[k]
	return known && (t.methods&^was.methods != 0 || t.score >= was.score+escalation)
}

// tell remembers what is said of a finding, where it is remembered at all.
func (s *suppression) tell(k rule.Key, t told) {
	if _, known := s.last[k]; !known {
		return
	}
	was := s.told[k]
	s.told[k] = told{was.methods | t.methods, max(was.score, t.score)}
}

func (s *suppression) appendTold(b []byte, keys []rule.Key) []byte {
	keys = slices.DeleteFunc(keys, func(k rule.Key) bool {
		_, known := s.told[k]
		return !known
	})
	b = codec.AppendUint(append(b, sectionTold), uint64(len(keys)))
	for _, k := range keys {
		b = codec.AppendUint(appendKey(b, k), uint64(s.told[k].methods))
		b = codec.AppendInt(b, int64(s.told[k].score))
	}
	return b
}

func (s *suppression) applyTold(d *decoder) {
	for range d.Count(18) {
		k, t := d.key(), told{uint32(d.Uint()), int(d.Int())}
		if d.Err != nil {
			return
		}
		s.tell(k, t)
	}
}
