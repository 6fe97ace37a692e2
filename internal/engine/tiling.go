// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
)

const (
	minTime  = math.MinInt64     // before every event time
	earliest = math.MinInt64 / 4 // event time, in 1896: sums of two times do not overflow
)

// A window is a whole number of panes. Panes tile event time from the Unix
// epoch on; pane i covers [i*length, (i+1)*length).

// floorDiv rounds towards negative infinity: times before 1970 are times too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
