// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/iishunt/iishunt/internal/rule"
)

// changes collects what has changed since it was last taken, so that a copy of
// the state elsewhere can follow. What is taken is a list of sections. Those of
// groups, panes and sources hold the whole new value, so that the order in
// which a copy got older ones, or whether it got one twice, does not matter.
type changes struct {
	groups  []groupRef
	panes   []int64
	sources []rule.Key
	scalars bool
	ranges  bool
	// taken has the sections that are fixed already: an event applies to the
	// state as it was then.
	taken []byte
}

type groupRef struct {
	pane int64
	key  rule.Key
}
