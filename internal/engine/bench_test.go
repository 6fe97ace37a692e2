// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// fill commits n groups of one window, each asked by the given number of
// clients; change makes the requests larger.
func fill(e *Engine, n, clients int, change func(r *rule.Request, client int)) {
	now := day.UnixNano()
	b := e.NewBatch()
	for first := 0; first < n; first += 1000 {
		b.Reset(now)
		b.Source("file")
		for g := first; g < min(n, first+1000); g++ {
			r := at(0, fmt.Sprintf("/shop/page%d.aspx", g), "")
			r.Site, r.Server, r.Method, r.File = "W3SVC1", "198.51.100.5", "GET", "u_ex260302.log"
			for c := range clients {
				r.Client = fmt.Sprintf("198.%d.%d.%d", 18+c>>16, c>>8&255, c&255)
				if change != nil {
					change(&r, c)
				}
				b.Add(&r, []string{r.Path, r.UserAgent})
			}
		}
		e.Commit(b, now)
	}
}

func large(groups int) rule.Config {
	c := rule.DefaultConfig()
	c.MaxGroups = groups
	return c
}

// largest fills every text of a request, differently for each of its turns.
func largest(r *rule.Request, turn int) {
	text := func(n int) string { return fmt.Sprint(turn, strings.Repeat("x", n)) }
	r.Time = day.Add(time.Duration(turn)).UnixNano()
	r.Client = "203.0.113.1"
	r.UserAgent = "Mozilla" + strings.Repeat("u", maxValue)
	r.Host, r.Site, r.Server, r.Method = text(maxSample), text(maxSample), text(maxSample), text(maxMethod)
	r.Query, r.Referer, r.User, r.File = text(maxSample), text(maxSample), text(maxSample), text(maxSample)
}

// heap returns the bytes that what make returns holds on the heap.
func heap(build func() any) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := build()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// BenchmarkMemory reports the heap bytes that one group costs.
func BenchmarkMemory(b *testing.B) {
	for _, bb := range []struct {
		name            string
		groups, clients int
		change          func(*rule.Request, int)
	}{
		{"open/1M", 1_000_000, 1, nil},
		{"open/10M", 10_000_000, 1, nil},
		{"open/largest", 1_000, maxSites, largest},
		{"settled/1M/2_clients", 1_000_000, 2, nil},
		{"settled/1M/20_clients", 1_000_000, 20, nil},
		{"settled/10M/2_clients", 10_000_000, 2, nil},
	} {
		b.Run(bb.name, func(b *testing.B) {
			bytes := 0.0
			for b.Loop() {
				bytes = heap(func() any {
					e := New(large(8*bb.groups), "rule", rule.NewSeed()) // room for long texts
					fill(e, bb.groups, bb.clients, bb.change)
					return e
				})
			}
			b.ReportMetric(bytes/float64(bb.groups), "B/group")
		})
	}
}

// BenchmarkClients reports the heap bytes of an engine with one group, which
// do not depend on how many clients ask for it.
func BenchmarkClients(b *testing.B) {
	for _, clients := range []int{2, 2_000_000} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			bytes := 0.0
			for b.Loop() {
				bytes = heap(func() any {
					e := New(large(1), "rule", rule.NewSeed())
					for first := 0; first < clients; first += 1000 {
						fill(e, 1, min(clients, 1000), func(r *rule.Request, c int) {
							c += first
							r.Client = fmt.Sprintf("198.%d.%d.%d", 18+c>>16, c>>8&255, c&255)
						})
					}
					return e
				})
			}
			b.ReportMetric(bytes, "B")
		})
	}
}

// BenchmarkHistory reports the heap bytes that a remembered URI costs.
func BenchmarkHistory(b *testing.B) {
	const uris = 1_000_000
	groups := map[rule.Key]*group{}
	seed := rule.NewSeed()
	for i := range uris {
		groups[seed.Key(fmt.Append(nil, i))] = nil
	}
	bytes := 0.0
	for b.Loop() {
		bytes = heap(func() any {
			h := newHistory(2 * uris)
			h.learn(0, maps.Keys(groups))
			return &h
		})
	}
	b.ReportMetric(bytes/uris, "B/URI")
}

// BenchmarkFlood commits URIs that are asked for once, many times more than
// max_groups, and reports the bytes that the engine then holds.
func BenchmarkFlood(b *testing.B) {
	for _, bb := range []struct {
		name   string
		uris   int
		change func(*rule.Request, int)
	}{
		{"short/10M", 10_000_000, nil},
		{"long/2M", 2_000_000, func(r *rule.Request, _ int) {
			r.Query, r.Referer = r.Path+long[:2048], r.Path+long
			r.UserAgent = "Mozilla" + long[:2000]
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			bytes := 0.0
			for b.Loop() {
				bytes = heap(func() any {
					e := New(large(1_000_000), "rule", rule.NewSeed())
					fill(e, bb.uris, 1, bb.change)
					return e
				})
			}
			b.ReportMetric(bytes/1e6, "MB")
		})
	}
}

var long = strings.Repeat("x", 16<<10)

// BenchmarkWindowClose reports how long the closing of a window of a million
// open groups holds the lock (blocked-ms) and how long the evaluation takes.
func BenchmarkWindowClose(b *testing.B) {
	const groups = 1_000_000
	var blocked, evaluated time.Duration
	for b.Loop() {
		e := New(large(groups), "rule", rule.NewSeed())
		fill(e, groups, 1, nil)
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

// BenchmarkSuppression reports the heap bytes that a remembered finding costs.
func BenchmarkSuppression(b *testing.B) {
	const findings = 1_000_000
	bytes := 0.0
	for b.Loop() {
		bytes = heap(func() any {
			s := newSuppression(time.Hour, findings)
			for i := range findings {
				s.suppress(rule.Key{uint64(i), uint64(i) << 32}, 0, true)
			}
			return &s
		})
	}
	b.ReportMetric(bytes/findings, "B/finding")
}

// BenchmarkStored reports what a group takes in a snapshot, and how long a
// million of them take to be written down and to be read again.
func BenchmarkStored(b *testing.B) {
	const groups = 1_000_000
	for _, bb := range []struct {
		name    string
		clients int
	}{{"open", 1}, {"settled", 2}} {
		b.Run(bb.name, func(b *testing.B) {
			e := New(large(groups), "rule", rule.NewSeed())
			fill(e, groups, bb.clients, nil)
			var bytes int
			var longest, restored time.Duration
			for b.Loop() {
				bytes = 0
				again := New(large(groups), "rule", e.seed)
				err := e.Snapshot(256<<10, func(encode func() []byte) error {
					begin := time.Now()
					part := encode()
					longest = max(longest, time.Since(begin))
					bytes += len(part)
					begin = time.Now()
					err := again.Apply(part)
					restored += time.Since(begin)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(bytes)/groups, "B/group")
			b.ReportMetric(float64(longest.Microseconds())/1000, "longest-lock-ms")
			b.ReportMetric(restored.Seconds()/float64(b.N), "restore-s")
		})
	}
}
