// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"time"
)

// usage is what a run cost.
type usage struct {
	CPU  time.Duration // user and system time of the process
	Wall time.Duration // until the last line was in; for DuckDB until the end
	Peak int64         // resident memory, bytes
}

func usageOf(p *os.ProcessState, wall time.Duration) usage {
	return usage{CPU: p.UserTime() + p.SystemTime(), Wall: wall, Peak: peakMemory(p)}
}

// median takes the middle of each figure by itself.
func median(runs []usage) usage {
	return usage{
		CPU:  middle(runs, func(u usage) time.Duration { return u.CPU }),
		Wall: middle(runs, func(u usage) time.Duration { return u.Wall }),
		Peak: middle(runs, func(u usage) int64 { return u.Peak }),
	}
}

func middle[T ~int64](runs []usage, f func(usage) T) T {
	values := make([]T, len(runs))
	for i, u := range runs {
		values[i] = f(u)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
