// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// fill commits n groups of one window, each asked by the given number of clients.
func fill(e *Engine, n, clients int) {
	now := day.UnixNano()
	b := e.NewBatch()
	for first := 0; first < n; first += 1000 {
		b.Reset(now)
		b.Source("file")
		for g := first; g < min(n, first+1000); g++ {
			r := at(0, fmt.Sprintf("/shop/page%d.aspx", g), "")
			for c := range clients {
				r.Client = fmt.Sprintf("203.0.%d.%d", c/250, c%250)
				b.Add(&r, []string{r.Path, r.UserAgent})
			}
		}
		e.Commit(b, now)
	}
}

func large(groups int) Config {
	c := DefaultConfig()
	c.MaxGroups = groups
	return c
}

// BenchmarkMemory reports the heap bytes that one group costs.
func BenchmarkMemory(b *testing.B) {
	for _, bb := range []struct {
		name            string
		groups, clients int
	}{
		{"open", 1_000_000, 1},
		{"settled/2_clients", 1_000_000, 2},
		{"settled/20_clients", 1_000_000, 20},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				e := New(large(bb.groups), "rule", NewSeed())
				fill(e, bb.groups, bb.clients)
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(e)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(bb.groups), "B/group")
		})
	}
}

// BenchmarkWindowClose reports how long the closing of a window of a million
// open groups holds the lock (blocked-ms) and how long the evaluation takes.
func BenchmarkWindowClose(b *testing.B) {
	const groups = 1_000_000
	var blocked, evaluated time.Duration
	for b.Loop() {
		e := New(large(groups), "rule", NewSeed())
		fill(e, groups, 1)
		begin := time.Now()
		e.Tick(day.Add(48 * time.Hour).UnixNano())
		blocked += time.Since(begin)
		begin = time.Now()
		if n := len(evaluateAll(e)); n != groups {
			b.Fatalf("%d findings", n)
		}
		evaluated += time.Since(begin)
	}
	b.ReportMetric(float64(blocked.Microseconds())/1000/float64(b.N), "blocked-ms")
	b.ReportMetric(evaluated.Seconds()/float64(b.N), "evaluation-s")
}
