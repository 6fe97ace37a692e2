// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "slices"

// maxWaiting bounds the findings that wait to be delivered.
const maxWaiting = 100_000

// outbox keeps the findings that were not delivered yet, in order.
type outbox []*Finding

// add appends findings and returns those for which there was room.
func (o *outbox) add(findings []*Finding) []*Finding {
	room := min(len(findings), maxWaiting-len(*o))
	*o = append(*o, findings[:room]...)
	return findings[:room]
}

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
