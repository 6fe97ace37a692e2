// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// Funnel counts what became of the records of a pane or a window.
type Funnel struct {
	Dropped [rule.NumStages]uint64 // by each match stage
	Matched uint64                 // passed every stage; exclusions included
	// Excluded is how many of these an exclusion left out.
	Excluded uint64
}

func (f *Funnel) add(o *Funnel) {
	for i, n := range o.Dropped {
		f.Dropped[i] += n
	}
	f.Matched += o.Matched
	f.Excluded += o.Excluded
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

func (f *Funnel) append(b []byte) []byte {
	for _, n := range f.Dropped {
		b = codec.AppendUint(b, n)
	}
	return codec.AppendUint(codec.AppendUint(b, f.Matched), f.Excluded)
}

// fewStages are the stages that there were when sectionPane was written.
const fewStages = 5

func (d *decoder) funnel(section byte) (f Funnel) {
	stages := int(rule.NumStages)
	if section == sectionPane {
		stages = fewStages
	}
	for i := range f.Dropped[:stages] {
		f.Dropped[i] = d.Uint()
	}
	f.Matched = d.Uint()
	if section == sectionPane3 {
		f.Excluded = d.Uint()
	}
	return f
}
