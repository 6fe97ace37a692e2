// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rule"
)

// pageRequests are so many clients of a page, each with a browser of its own.
func pageRequests(path string, clients int) []rule.Request {
	var out []rule.Request
	for i := range clients {
		for range 2 {
			out = append(out, rule.Request{
				Time: day.Add(time.Duration(i) * time.Minute).UnixNano(), Path: path, UserAgent: fmt.Sprint("Mozilla/5.0 ", i),
				Client: fmt.Sprintf("203.0.113.%d", i+1), Server: "198.51.100.5", Status: 200,
			})
		}
	}
	return out
}

// pages evaluates the day and returns what its findings say of their pages.
func pages(h *harness) map[string]PageClients {
	h.Flush()
	out := map[string]PageClients{}
	for {
		w, ok := h.Next()
		if !ok {
			return out
		}
		findings, _ := h.Evaluate(&w)
		for _, f := range findings {
			out[f.Values[0]] = f.PageClients
		}
	}
}

func TestPageKnowsAllItsClients(t *testing.T) {
	h := &harness{Engine: New(rule.DefaultConfig(), "rule", rule.NewSeed())}
	var all []rule.Request
	for n := range 8 {
		all = append(all, pageRequests(fmt.Sprintf("/%d.aspx", n), n)...)
	}
	upper := pageRequests("/Spelled.aspx", 1)
	all = append(append(all, upper...), pageRequests("/spelled.ASPX/info", 2)...)
	h.commit(day.Add(time.Hour).UnixNano(), 1, all)
	got := pages(h)
	for n := 1; n <= pageClients; n++ {
		require.Equal(t, PageClients{Count: n}, got[fmt.Sprintf("/%d.aspx", n)])
	}
	for n := pageClients + 1; n < 8; n++ {
		require.Equal(t, PageClients{pageClients, true}, got[fmt.Sprintf("/%d.aspx", n)], "a lower bound")
	}
	require.Equal(t, PageClients{Count: 2}, got["/spelled.aspx"], "a page has many spellings")
}

// Whatever is taken as a snapshot and whatever as a change, a restart forgets
// no client of a page.
func TestPagesSurviveARestart(t *testing.T) {
	for _, snapshotAfter := range []int{0, 1, 2, 3} {
		seed := rule.NewSeed()
		h := &harness{Engine: New(rule.DefaultConfig(), "rule", seed)}
		h.Follow(func([]byte) {})
		var stored [][]byte
		for i, n := range []int{2, 5, 7} {
			if i == snapshotAfter {
				h.TakeChanges()
				require.NoError(t, h.Snapshot(1, func(encode func() []byte) error {
					stored = append(stored, encode())
					return nil
				}))
			}
			h.commit(day.Add(time.Hour).UnixNano(), 1, pageRequests("/a.aspx", n))
			h.commit(day.Add(time.Hour).UnixNano(), 1, pageRequests("/b.aspx", 1+i))
			stored = append(stored, h.TakeChanges())
		}
		again := &harness{Engine: New(rule.DefaultConfig(), "rule", seed)}
		for _, b := range stored {
			require.NoError(t, again.Apply(b))
		}
		again.Restored(day.Add(2 * time.Hour).UnixNano())
		want := pages(h)
		require.Equal(t, PageClients{Count: 3}, want["/b.aspx"])
		require.Equal(t, want, pages(again))
	}
}

func TestNothingIsSaidOfPagesOfAnOlderState(t *testing.T) {
	h := &harness{Engine: New(rule.DefaultConfig(), "rule", rule.NewSeed())}
	h.commit(day.Add(time.Hour).UnixNano(), 1, pageRequests("/a.aspx", 1))
	for _, pn := range h.panes {
		pn.pages = nil // as they were stored before there were pages
	}
	h.Restored(day.Add(time.Hour).UnixNano())
	require.Equal(t, PageClients{}, pages(h)["/a.aspx"])
}

func TestGroupThatIsThePage(t *testing.T) {
	for _, by := range []string{"url.path", "iis.page"} {
		cfg := rule.DefaultConfig()
		cfg.GroupBy, cfg.ClientThreshold, cfg.Comparison = []string{by}, 3, rule.LessOrEqual
		e := New(cfg, "rule", rule.NewSeed())
		b := e.NewBatch()
		b.Reset(day.Add(time.Hour).UnixNano())
		b.Source("file")
		for _, r := range pageRequests("/a.aspx", 2) {
			b.Add(&r, []string{r.Path})
		}
		e.Commit(b, day.Add(time.Hour).UnixNano())
		require.Equal(t, PageClients{Count: 2}, pages(&harness{Engine: e})["/a.aspx"], by)
	}
}

// The clients of a page are what the rule counts.
func TestPageCountsWhatTheRuleCounts(t *testing.T) {
	requests := pageRequests("/a.aspx", 4)
	for i := range requests {
		requests[i].Client = fmt.Sprintf("2001:db8:%d::%d", i/4, i)
		requests[i].Counted = fmt.Sprint("user ", i%3)
	}
	cfg := rule.DefaultConfig()
	h := &harness{Engine: New(cfg, "rule", rule.NewSeed())}
	h.commit(day.Add(time.Hour).UnixNano(), 1, requests)
	require.Equal(t, PageClients{Count: 2}, pages(h)["/a.aspx"], "two networks of eight addresses")

	cfg.Count.Attribute, cfg.ClientThreshold, cfg.Comparison = "user.name", 2, rule.LessOrEqual
	h = &harness{Engine: New(cfg, "rule", rule.NewSeed())}
	h.commit(day.Add(time.Hour).UnixNano(), 1, requests)
	require.Equal(t, PageClients{Count: 3}, pages(h)["/a.aspx"], "three users")
}
