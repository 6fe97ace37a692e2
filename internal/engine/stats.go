// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// Stats is a snapshot of an engine.
type Stats struct {
	Funnel   Funnel                // records by match stage
	Excluded []uint64              // records by exclusion, in the order of Exclusions
	Lost     [NumReasons]uint64    // records by reason; windows for those that are no record's: see ofWindows
	Foreign  uint64                // records that are no web requests
	Missing  [rule.NumNeeds]uint64 // records lost by ReasonMissingAttribute, by what they lacked first
	Future   uint64                // records further ahead of the wall clock than the allowed lateness, or from before 1980

	Repeated       uint64 // records that came again and were counted before
	Contradictions uint64 // progress records that contradict themselves
	Gaps           uint64 // ranges of files that did not come and are not waited for

	Groups     int       // kept, settled ones included
	OpenGroups int       // of these, not settled
	Panes      int       // with records, that windows to come or to be evaluated cover
	Waiting    int       // findings not delivered yet
	Sources    int       // that are not idle
	Senders    int       // that tell their progress
	Finished   bool      // and every one has read all there is
	Watermark  time.Time // zero before the first record
}

// Requests returns how many records were web requests.
func (s Stats) Requests() uint64 {
	n := s.Funnel.Matched
	for _, d := range s.Funnel.Dropped {
		n += d
	}
	return n
}
