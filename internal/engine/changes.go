// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/iishunt/iishunt/internal/rule"

// changes names what has changed since the changes were last taken, so that a
// copy of the state elsewhere can follow. They are taken as sections (see
// docs/state-format.md). A section of groups or panes holds the whole
// new value, so it does no harm if a copy gets an older one before, or one twice.
type changes struct {
	groups  []groupRef
	pages   []pageRef
	panes   []int64
	floods  []int64 // panes
	scalars bool
	ranges  bool
	// corrections were found since.
	corrections []Correction
	// taken has the sections that are written already: an evaluation or a
	// delivery applies to the state as it was at that moment.
	taken []byte
}

// groupRef names a group in a pane.
type groupRef struct {
	pane int64
	key  rule.Key
}
