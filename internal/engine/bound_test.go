// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// perGroup is what docs/guarantees.md says that max_groups costs, in bytes for each:
// the group, its finding while it waits for delivery, and what is remembered of it.
const perGroup = 2250

// BenchmarkBound fills the state up to max_groups in the ways that there are, and
// reports the bytes on the heap for each group, as a share of perGroup.
func BenchmarkBound(b *testing.B) {
	const limit = 100_000
	// spread commits n pages of one request each over a time.
	spread := func(e *Engine, n int, name string, from, over time.Duration, change func(*rule.Request)) {
		batch := e.NewBatch()
		for first := 0; first < n; first += 1000 {
			at0 := from + time.Duration(first)*(over/time.Duration(n))
			now := day.Add(at0).UnixNano()
			batch.Reset(now)
			batch.Source("file")
			for i := first; i < min(n, first+1000); i++ {
				r := at(from+time.Duration(i)*(over/time.Duration(n)), fmt.Sprintf("/%s/%d.aspx", name, i), fmt.Sprint("203.0.113.", i%2))
				r.UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
				r.Site, r.Server, r.Method, r.File, r.Host = "W3SVC1", "198.51.100.5", "GET", "u_ex260302.log", "shop.example.com"
				r.Referer = "https://shop.example.com/catalog/list.aspx"
				if change != nil {
					change(&r)
				}
				batch.Add(&r, []string{r.Path, r.UserAgent})
			}
			e.Commit(batch, now)
			evaluateAll(e)
		}
	}
	long := func(r *rule.Request) { r.Query, r.Referer = long[:8000], "https://"+long[:8000] }
	for _, bb := range []struct {
		name  string
		every time.Duration
		fill  func(e *Engine)
	}{
		{"ten_times_too_many", 0, func(e *Engine) { spread(e, 10*limit, "p", 0, time.Hour, nil) }},
		{"long_texts", 0, func(e *Engine) { spread(e, limit, "p", 0, time.Hour, long) }},
		{"grown", 0, func(e *Engine) {
			spread(e, limit, "p", 0, time.Hour, nil)
			for range 8 {
				spread(e, limit, "p", 0, time.Hour, long)
			}
		}},
		{"thirty_days_unread", 0, func(e *Engine) {
			for d := range 30 {
				spread(e, limit/30+1, fmt.Sprint(d), time.Duration(d)*24*time.Hour, time.Hour, nil)
			}
		}},
		{"nobody_takes", 0, func(e *Engine) {
			spread(e, limit, "a", 0, time.Hour, nil)
			e.Tick(day.Add(30 * time.Hour).UnixNano())
			evaluateAll(e)
			spread(e, limit, "b", 30*time.Hour, time.Hour, nil)
		}},
		{"nobody_takes_long_texts", 0, func(e *Engine) {
			spread(e, limit, "a", 0, time.Hour, long)
			e.Tick(day.Add(30 * time.Hour).UnixNano())
			evaluateAll(e)
			spread(e, limit, "b", 30*time.Hour, time.Hour, long)
		}},
		{"1440_panes", time.Minute, func(e *Engine) {
			for m := range 24 * 60 {
				spread(e, limit/1440, fmt.Sprint(m), time.Duration(m)*time.Minute, time.Minute, nil)
				e.Delivered(len(e.Waiting(limit)), nil)
			}
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			bytes := 0.0
			for b.Loop() {
				bytes = heap(func() any {
					c := large(limit)
					c.Every = bb.every
					e := New(c, "rule", rule.NewSeed())
					bb.fill(e)
					return e
				})
			}
			b.ReportMetric(bytes/limit, "B/group")
			b.ReportMetric(bytes/limit/perGroup, "of_the_formula")
		})
	}
}

// BenchmarkStall reports for how long at most somebody else waits for the lock
// while a window of a million findings is evaluated, delivered and stored.
func BenchmarkStall(b *testing.B) {
	const groups = 1_000_000
	longest := map[string]time.Duration{}
	for b.Loop() {
		c := large(groups)
		e := New(c, "rule", rule.NewSeed())
		e.Follow(func([]byte) {})
		fill(e, groups, 1, nil)
		e.TakeChanges()
		e.Tick(day.Add(48 * time.Hour).UnixNano())
		for name, do := range map[string]func(){
			"snapshot": func() { _ = e.Snapshot(256<<10, func(encode func() []byte) error { encode(); return nil }) },
			"evaluate": func() { evaluateAll(e) },
			"deliver": func() {
				for n := len(e.Waiting(1000)); n > 0; n = len(e.Waiting(1000)) {
					e.Delivered(n, nil)
					e.TakeChanges()
				}
			},
		} {
			done := make(chan struct{})
			go func() { defer close(done); do() }()
			for running := true; running; {
				begin := time.Now()
				e.TakeChanges()
				longest[name] = max(longest[name], time.Since(begin))
				select {
				case <-done:
					running = false
				default:
				}
			}
		}
	}
	for name, d := range longest {
		b.ReportMetric(d.Seconds()*1000, name+"-ms")
	}
}
