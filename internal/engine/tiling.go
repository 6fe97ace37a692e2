// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"github.com/iishunt/iishunt/internal/rule"
)

// Event times in nanoseconds since the Unix epoch.
const (
	minTime  = math.MinInt64     // before every event time
	earliest = math.MinInt64 / 4 // in 1896; from there on no sum of two times overflows
)

// tiling says which panes and windows cover event time. Panes tile it from the
// Unix epoch on, and pane p covers [p*length, (p+1)*length). Windows end at the
// multiples of every, and each is a whole number of panes. All in nanoseconds.
type tiling struct{ window, every, length int64 }

func newTiling(c *rule.Config) tiling {
	return tiling{window: int64(c.Window), every: int64(c.Hop()), length: int64(c.Pane())}
}

// paneOf returns the pane of an event time.
func (t tiling) paneOf(at int64) int64 { return floorDiv(at, t.length) }

// endBefore returns the latest end of a window that is not after an event time.
func (t tiling) endBefore(at int64) int64 { return floorDiv(at, t.every) * t.every }

// firstEnd returns the end of the first window over a pane.
func (t tiling) firstEnd(p int64) int64 { return -floorDiv(-(p+1)*t.length, t.every) * t.every }

// lastEnd returns the end of the last window over a pane.
func (t tiling) lastEnd(p int64) int64 { return t.endBefore(p*t.length + t.window) }

// floorDiv rounds towards negative infinity: times before 1970 are times too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
