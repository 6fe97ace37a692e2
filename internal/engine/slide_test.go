// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rule"
)

// Whatever comes and leaves, what a series says of a window is the plain sum over
// the panes of the window, and nothing where that has too many clients.
func TestSeriesEqualsThePlainSum(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := bounds{least: 1, clients: 1 + r.IntN(3), evidence: 3, pageAt: -1}
		s := &series{wall: minTime}
		all := map[int64]*group{}
		width, clients := int64(1+r.IntN(60)), 1+r.IntN(5)
		for pane := range int64(200) {
			if r.IntN(4) > 0 {
				g := seriesGroup(r, pane, clients, &b)
				all[pane] = g
				s.add(pane, g, &b)
			}
			first := pane + 1 - width
			got, want := s.total(first, &b), plainSum(all, first, pane, &b)
			if want == nil {
				require.Nil(t, got, "seed %d, pane %d", seed, pane)
			} else {
				require.NotNil(t, got, "seed %d, pane %d", seed, pane)
				require.Equal(t, sorted(want), sorted(got), "seed %d, pane %d", seed, pane)
				require.Len(t, s.seen, len(want.clients))
			}
			if s.drop(first); r.IntN(50) == 0 && len(s.entries) > 0 {
				require.Same(t, s.entries[0].group, s.at(s.entries[0].pane))
			}
		}
	}
}

// sorted returns a copy with the clients in order.
func sorted(t *tally) *tally {
	t = t.clone()
	slices.SortFunc(t.clients, func(x, y client) int { return strings.Compare(x.text, y.text) })
	return t
}

func seriesGroup(r *rand.Rand, pane int64, clients int, b *bounds) *group {
	var g *group
	for range 1 + r.IntN(3) {
		q := at(time.Duration(pane)*time.Minute+time.Duration(r.IntN(60))*time.Second, "/a.aspx", fmt.Sprint("203.0.113.", 1+r.IntN(clients)))
		q.Host, q.Method, q.Query = fmt.Sprint("h", r.IntN(3)), pick(r, "GET", "POST"), fmt.Sprint("q=", r.IntN(9))
		values := []string{q.Path, q.UserAgent}
		if g == nil {
			g = newGroup(&q, values, b)
			continue
		}
		if !g.add(&q, values, b) {
			return nil
		}
	}
	return g
}

func plainSum(all map[int64]*group, from, to int64, b *bounds) *tally {
	var sum *tally
	for p := from; p <= to; p++ {
		g, known := all[p]
		switch {
		case !known:
			continue
		case g == nil:
			return nil
		case sum == nil:
			sum = g.read().clone()
		case !sum.merge(g.read(), b):
			return nil
		}
	}
	return sum
}

// What overlapping windows keep of pages that many ask for is small: of each the
// last clients, and not all panes.
func TestPagesOfManyTakeOneEntry(t *testing.T) {
	c := rule.DefaultConfig()
	c.Window, c.Every, c.SuppressFor = time.Hour, time.Minute, 0
	e := New(c, "rule", rule.NewSeed())
	b := e.NewBatch()
	for minute := range 60 {
		now := day.Add(time.Duration(minute) * time.Minute).UnixNano()
		b.Reset(now)
		b.Source("file")
		for page := range 100 {
			r := at(time.Duration(minute)*time.Minute, fmt.Sprintf("/p%d.aspx", page), fmt.Sprint("203.0.113.", minute))
			b.Add(&r, []string{r.Path, r.UserAgent})
		}
		e.Commit(b, now)
		evaluateAll(e)
	}
	used, _ := e.Room()
	s := e.Stats()
	require.LessOrEqual(t, s.OpenGroups, 7*100, "one for each page, and the panes within the lateness")
	require.LessOrEqual(t, used, s.OpenGroups+100*60/keysPerRoom+60)
}

// BenchmarkOverlap compares windows that overlap with windows that do not, over
// the same day of 1,000,000 requests: time, and the most bytes on the heap.
func BenchmarkOverlap(b *testing.B) {
	for _, bb := range []struct {
		name  string
		every time.Duration
	}{{"every=24h", 24 * time.Hour}, {"every=1h", time.Hour}, {"every=5m", 5 * time.Minute}, {"every=1m", time.Minute}} {
		b.Run(bb.name, func(b *testing.B) {
			var most, base uint64
			var stall time.Duration
			found := 0
			for b.Loop() {
				c := rule.DefaultConfig()
				c.Every = bb.every
				runtime.GC()
				base = heapNow()
				most, stall, found = overlapDay(c)
			}
			b.ReportMetric(float64(most-base)/1e6, "peak-MB")
			b.ReportMetric(stall.Seconds()*1000, "longest-lock-ms")
			b.ReportMetric(float64(found), "findings")
		})
	}
}

func heapNow() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// overlapDay is a site with 2,000 pages of Zipf's law, visitors who come for some
// minutes, and a tenth of the requests by those who alone use their browser.
func overlapDay(c rule.Config) (most uint64, stall time.Duration, found int) {
	const requests, perBatch = 1_000_000, 1000
	r := rand.New(rand.NewPCG(1, 2))
	pages := rand.NewZipf(r, 1.2, 4, 1999)
	e := New(c, "rule", rule.Seed{1, 2})
	b := e.NewBatch()
	for first := 0; first < requests; first += perBatch {
		at0 := time.Duration(first) * (24 * time.Hour / requests)
		now := day.Add(at0).UnixNano()
		b.Reset(now)
		b.Source("file")
		for i := range perBatch {
			visitor := (first+i)/2000 + r.IntN(40) // about 40 at a time
			q := at(at0+time.Duration(i)*(24*time.Hour/requests), fmt.Sprintf("/shop/page%d.aspx", pages.Uint64()), fmt.Sprintf("203.0.%d.%d", visitor>>8&255, visitor&255))
			q.UserAgent = fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/%d.0", 100+visitor%12)
			if visitor%10 == 0 {
				q.UserAgent = fmt.Sprintf("Mozilla/5.0 (X11; of visitor %d alone)", visitor)
			}
			q.Site, q.Server, q.Method, q.File = "W3SVC1", "198.51.100.5", "GET", "u_ex260302.log"
			b.Add(&q, []string{q.Path, q.UserAgent})
		}
		begin := time.Now()
		e.Commit(b, now)
		stall = max(stall, time.Since(begin))
		n := len(evaluateAll(e))
		e.Delivered(n, nil)
		found += n
		if first/perBatch%200 == 199 {
			runtime.GC()
			most = max(most, heapNow())
		}
	}
	e.Tick(day.Add(48 * time.Hour).UnixNano())
	found += len(evaluateAll(e))
	if testing.Verbose() {
		fmt.Println(e.Stats().OpenGroups, e.Stats().Groups)
	}
	return max(most, heapNow()), stall, found
}
