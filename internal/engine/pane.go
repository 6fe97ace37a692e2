// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/iishunt/iishunt/internal/rule"

// A window is a whole number of panes. Panes tile event time from the Unix
// epoch on; pane i covers [i*length, (i+1)*length).

// pane holds the groups of one stretch of event time.
type pane struct {
	// groups has nil for a settled group: more clients than the threshold, so
	// it can be in no finding of any window over this pane. Settled groups are
	// never evicted: a forgotten one would look like a group with one client.
	groups map[rule.Key]*group
	// open is the number of groups that are not settled.
	open int
	// extra is the room that they take beyond one each.
	extra int
	// reasons are the losses that touched this stretch.
	reasons Reasons
	funnel  Funnel
	changed bool // it is among the changes
}

// closedPane is what the evaluation of a window reads of a pane. It takes no
// more records, so it is read without the engine's lock.
type closedPane struct {
	start  int64
	groups map[rule.Key]*group
}

// Funnel counts what became of the records of a stretch of event time.
type Funnel struct {
	Dropped [rule.NumStages]uint64 // by each match stage
	Matched uint64                 // passed every stage; exclusions included
}

func (f *Funnel) add(o *Funnel) {
	for i, n := range o.Dropped {
		f.Dropped[i] += n
	}
	f.Matched += o.Matched
}

// Blocker returns the stage that dropped everything that reached it, and how
// many records that were. ok is false when something passed, or nothing came.
func (f *Funnel) Blocker() (stage rule.Stage, dropped uint64, ok bool) {
	if f.Matched > 0 {
		return 0, 0, false
	}
	for s := int(rule.NumStages) - 1; s >= 0; s-- {
		if f.Dropped[s] > 0 {
			return rule.Stage(s), f.Dropped[s], true
		}
	}
	return 0, 0, false
}

// floorDiv rounds towards negative infinity: times before 1970 are times too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
