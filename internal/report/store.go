// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"
)

// Outcome says what became of a detection.
type Outcome int

// The outcomes.
const (
	Added    Outcome = iota
	Repeated         // it replaces one with the same id
	Ignored          // it has no id or no usable time
)

// roomBytes is how many bytes a detection may take and count as one. A longer one
// counts as several, so that long texts cannot make the report grow.
const roomBytes = 2048

// Store keeps detections: each id once, and not more than its limit.
type Store struct {
	limit   int
	weight  int // of all detections
	byID    map[string]*Detection
	leftOut int64
}

// NewStore returns an empty store for so many detections.
func NewStore(limit int) *Store { return &Store{limit: limit, byID: map[string]*Detection{}} }

// Add keeps a detection, which it owns from then on.
func (s *Store) Add(d *Detection) Outcome {
	if !d.tidy() {
		return Ignored
	}
	old := s.byID[d.ID]
	if old != nil {
		s.weight -= old.weight()
	}
	s.byID[d.ID] = d
	s.weight += d.weight()
	if s.weight > s.limit+s.limit/4 { // now and then only, since ranking all of them takes a while
		s.prune()
	}
	if old != nil {
		return Repeated
	}
	return Added
}

func (d *Detection) weight() int { return 1 + d.size()/roomBytes }

// LeftOut is the number of detections that had no room.
func (s *Store) LeftOut() int64 { return s.leftOut }

// prune keeps the most telling findings, and of a finding the newest windows.
func (s *Store) prune() {
	if s.weight <= s.limit {
		return
	}
	kept, weight := make(map[string]*Detection, s.limit), 0
	for _, f := range s.findings() {
		for i := len(f.Windows) - 1; i >= 0; i-- {
			d := s.byID[f.Windows[i].ID]
			if w := d.weight(); weight+w <= s.limit {
				kept[d.ID] = d
				weight += w
			}
		}
	}
	s.leftOut += int64(len(s.byID) - len(kept))
	s.byID, s.weight = kept, weight
}

// sorted returns the detections by window, so that all that follows is the
// same whatever the order of arrival.
func (s *Store) sorted() []*Detection {
	out := make([]*Detection, 0, len(s.byID))
	for _, d := range s.byID {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *Detection) int {
		return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End), cmp.Compare(a.ID, b.ID))
	})
	return out
}
