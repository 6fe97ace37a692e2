// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

var scenarios = flag.Int("scenarios", 2000, "random scenarios of the property tests")

// The day on which the tests play.
var day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

type scenario struct {
	cfg     rule.Config
	sources [][]rule.Request // each roughly in order: disorder within the lateness
}

func newScenario(r *rand.Rand) scenario {
	c := rule.DefaultConfig()
	c.ClientThreshold = 1 + r.IntN(3)
	c.Comparison = []rule.Comparison{rule.Equal, rule.LessOrEqual}[r.IntN(2)]
	c.Semantics = []rule.Semantics{rule.Corrected, rule.Sentinel}[r.IntN(2)]
	c.MinRequests = 1 + r.IntN(2)
	c.Window = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour}[r.IntN(3)]
	c.Every = c.Window / time.Duration([]int{1, 1, 2, 3, 4, 30}[r.IntN(6)])
	if r.IntN(4) == 0 {
		c.Window, c.Every = 50*time.Minute, 35*time.Minute // panes of 5m: neither divides the other
	}
	if r.IntN(3) == 0 {
		c.ClientThreshold, c.Comparison, c.MaxClients = 1, rule.Equal, 1+r.IntN(3)
		c.MinClients = r.IntN(c.MaxClients + 1)
	}
	c.OnlyNew = []time.Duration{0, 0, c.Window, 3 * c.Window}[r.IntN(4)]
	if r.IntN(4) == 0 {
		c.Match.Methods = []string{"post"}
	}
	if r.IntN(4) == 0 {
		c.Match.PathPrefixes = []string{"/a.aspx", "/d.aspx/"}
	}
	c.Evidence = r.IntN(6)
	c.SuppressFor = []time.Duration{0, c.Window, 24 * time.Hour}[r.IntN(3)]
	s := scenario{cfg: c}
	span := 1 + r.IntN(36*3600)
	for range 1 + r.IntN(4) {
		var records []rule.Request
		for range r.IntN(60) {
			q := randomRequest(r, span)
			if q.Method == "" && len(c.Match.Methods) > 0 {
				q.Method = "GET" // without one it would be a loss
			}
			records = append(records, q)
		}
		// Arrival order: by time plus a delay of up to the lateness.
		slices.SortFunc(records, func(a, b rule.Request) int { return int(arrival(a) - arrival(b)) })
		s.sources = append(s.sources, records)
	}
	return s
}

// arrival is the second at which a record is delivered in a live run; Bytes
// carries its random delay.
func arrival(r rule.Request) int64 { return r.Time/1e9 + r.Bytes }

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func randomRequest(r *rand.Rand, span int) rule.Request {
	return rule.Request{
		Time:      day.Add(time.Duration(r.IntN(span)) * time.Second).UnixNano(),
		Path:      pick(r, "/a.aspx", "/A.aspx", "/b.aspx", "/c.php", "/d.ASPX/info", "/logo.png", "/e.aspx"),
		UserAgent: pick(r, "Mozilla/5.0", "Mozilla/5.0", "mozilla/4.0", "curl/8"),
		Client:    pick(r, "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "10.0.0.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "169.254.1.1"),
		Server:    pick(r, "198.51.100.5", "198.51.100.5", "198.51.100.5", "10.0.0.9", "2001:db8::5"),
		Site:      pick(r, "W3SVC1", "W3SVC2"),
		Query:     pick(r, "", "-", "q=2", "q=3"),
		Method:    pick(r, "GET", "GET", "GET", "HEAD", "POST", ""),
		Referer:   pick(r, "", "-", "https://shop.example.com/a", "http://SHOP.example.com:8080/", "https://evil.example.net/shop.example.com"),
		Host:      pick(r, "shop.example.com", "shop.example.com", "shop.example.com", ""),
		Status:    []int{200, 200, 200, 200, 404}[r.IntN(5)],
		Bytes:     int64(r.IntN(240)),
	}
}

func (s *scenario) all() []rule.Request { return slices.Concat(s.sources...) }

// harness feeds an engine and collects what it finds.
type harness struct {
	*Engine
	out []string
}

func (h *harness) commit(now int64, source int, records []rule.Request) {
	b := h.NewBatch()
	b.Reset(now)
	b.Source(fmt.Sprint("file", source))
	for _, r := range records {
		r.Bytes %= 4
		b.Add(&r, []string{r.Path, r.UserAgent})
	}
	h.Commit(b, now)
}

// invariants panics where what the comment of Engine says does not hold.
func (h *harness) invariants() {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.Engine
	groups, open, room := 0, 0, 0
	for _, pn := range e.panes {
		for _, g := range pn.groups {
			groups++
			room++
			if g != nil {
				open++
				room += int(g.extra)
			}
		}
	}
	switch w := e.time.Watermark(); {
	case e.evaluated > e.scheduled, e.scheduled > w, e.closed != minTime && e.closed*e.length > w:
		panic(fmt.Sprintf("evaluated %d, scheduled %d, closed %d, watermark %d", e.evaluated, e.scheduled, e.closed*e.length, w))
	case e.groups != groups, e.open != open, e.room != room:
		panic(fmt.Sprintf("%d groups, not %d; %d open, not %d; room of %d, not %d", e.groups, groups, e.open, open, e.room, room))
	}
}

func (h *harness) drain() {
	for {
		w, ok := h.Next()
		h.invariants()
		if !ok {
			return
		}
		findings, _ := h.Evaluate(&w)
		var lines []string
		for _, f := range findings {
			lines = append(lines, findingText(f))
		}
		sort.Strings(lines)
		h.out = append(h.out, lines...)
	}
}

// settle lets the wall clock pass until every source is idle and all is evaluated.
func (h *harness) settle(now int64) {
	end := now + int64(4*24*time.Hour)
	for ; now < end; now += int64(time.Hour) {
		h.Tick(now)
		h.drain()
	}
}

func findingText(f *Finding) string {
	var samples []string
	for _, s := range f.Samples {
		samples = append(samples, fmt.Sprintf("%d %s %s %s %s %s %d", s.Time, s.Client, s.Path, s.Method, s.Query, s.Referer, s.Bytes))
	}
	novelty := [...]string{"unknown", "new", "known"}[f.Novelty]
	return fmt.Sprint(f.WindowEnd, " ", f.Values[0], " ", f.Path, f.Paths, " ", f.Values[1], " ", f.Clients, f.Identities(), f.Sites,
		" ", f.Requests, " ", f.FirstSeen, " ", f.LastSeen, " ", samples, " ", f.Reasons == 0,
		" ", f.Methods, " ", f.NoReferer, " ", f.Foreign, " ", novelty, " ", len(f.Days), " ", f.Sends, " ", f.Sized, " ", f.PageClients)
}

// live delivers records as they come to be, from all sources at once.
func (s *scenario) live(r *rand.Rand) []string {
	h := &harness{Engine: New(s.cfg, "rule", rule.NewSeed())}
	type arriving struct {
		source int
		rule.Request
	}
	var stream []arriving
	for i, records := range s.sources {
		for _, rec := range records {
			stream = append(stream, arriving{i, rec})
		}
	}
	slices.SortStableFunc(stream, func(a, b arriving) int { return int(arrival(a.Request) - arrival(b.Request)) })
	var now int64
	for _, a := range stream {
		now = arrival(a.Request) * 1e9
		if r.IntN(3) == 0 {
			h.Tick(now)
		}
		h.commit(now, a.source, []rule.Request{a.Request})
		if r.IntN(2) == 0 {
			h.drain()
		}
	}
	h.settle(now)
	return h.out
}

// backlog reads the files long afterwards: in any interleaving, some of them
// after others have ended, in batches of any size.
func (s *scenario) backlog(r *rand.Rand) []string {
	h := &harness{Engine: New(s.cfg, "rule", rule.NewSeed())}
	now := day.Add(100 * 24 * time.Hour).UnixNano()
	rest := make([][]rule.Request, len(s.sources))
	copy(rest, s.sources)
	for left := len(s.all()); left > 0; {
		i := r.IntN(len(rest))
		n := min(len(rest[i]), 1+r.IntN(20))
		h.commit(now, i, rest[i][:n])
		rest[i] = rest[i][n:]
		left -= n
		now += int64(time.Duration(r.IntN(1000)) * time.Millisecond)
		h.Tick(now)
		h.drain()
	}
	h.settle(now)
	return h.out
}

// parallel reads every file in a goroutine of its own while windows are evaluated.
func (s *scenario) parallel() []string {
	h := &harness{Engine: New(s.cfg, "rule", rule.NewSeed())}
	now := day.Add(100 * 24 * time.Hour).UnixNano()
	var files sync.WaitGroup
	for i, records := range s.sources {
		files.Go(func() {
			for batch := range slices.Chunk(records, 7) {
				h.commit(now, i, batch)
				h.Tick(now)
			}
		})
	}
	files.Wait()
	h.settle(now)
	return h.out
}

func TestFindingsEqualThoseOfAPlainRecomputation(t *testing.T) {
	for seed := range uint64(*scenarios) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newScenario(r)
		want := oracle(&s.cfg, s.all())
		for name, got := range map[string][]string{"live": s.live(r), "backlog": s.backlog(r), "parallel": s.parallel()} {
			if !slices.Equal(got, want) {
				t.Fatalf("scenario %d, %s: %d findings, want %d; the first that differs:\n got %q\nwant %q\n%+v",
					seed, name, len(got), len(want), firstOnly(got, want), firstOnly(want, got), s.cfg)
			}
		}
	}
}

// firstOnly returns the first text of a that b does not have at its place.
func firstOnly(a, b []string) string {
	for i, text := range a {
		if i >= len(b) || b[i] != text {
			return text
		}
	}
	return ""
}
