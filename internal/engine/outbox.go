// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "slices"

// outbox keeps the findings that were not delivered yet, in order. It has those of
// one window: the next is evaluated when they were delivered.
type outbox []*Finding

func (o *outbox) pop(n int) {
	clear((*o)[:n])
	if *o = (*o)[n:]; len(*o) == 0 {
		*o = nil
	}
}

// remove takes out the findings with these ids.
func (o *outbox) remove(ids []string) {
	*o = slices.DeleteFunc(*o, func(f *Finding) bool {
		_, found := slices.BinarySearch(ids, f.ID)
		return found
	})
}
