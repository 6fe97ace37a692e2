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
	Ignored          // it has no id or no usable time, or was taken back
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
	// withdrawn are ids of detections that were taken back: one that comes again,
	// because it is delivered at least once, stays away.
	withdrawn map[string]bool
}

// maxWithdrawn bounds Store.withdrawn.
const maxWithdrawn = 100_000

// NewStore returns an empty store for so many detections.
func NewStore(limit int) *Store {
	return &Store{limit: limit, byID: map[string]*Detection{}, withdrawn: map[string]bool{}}
}

// Add keeps a detection, which it owns from then on.
func (s *Store) Add(d *Detection) Outcome {
	if !d.tidy() || s.withdrawn[d.ID] {
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

// Withdraw takes a detection back.
func (s *Store) Withdraw(id string) {
	if d := s.byID[id]; d != nil {
		s.weight -= d.weight()
		delete(s.byID, id)
	}
	if len(s.withdrawn) < maxWithdrawn {
		s.withdrawn[id] = true
	}
}

// AddClient says that a detection has one client more.
func (s *Store) AddClient(id, client string) {
	d := s.byID[id]
	if d == nil || slices.Contains(d.Clients, client) {
		return
	}
	changed := *d
	changed.Clients = append(slices.Clone(d.Clients), client)
	changed.ClientCount++
	s.Add(&changed)
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
