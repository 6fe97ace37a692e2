// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
)

// novelties returns "path hour novelty" of each finding.
func novelties(findings []*Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, fmt.Sprint(cmp.Or(f.Path, f.Values[0]), " ", time.Unix(0, f.WindowStart).UTC().Hour(), " ", [...]string{"unknown", "new", "known"}[f.Novelty]))
	}
	return out
}

func TestNovelty(t *testing.T) {
	withUA := func(r rule.Request, agent string) rule.Request { r.UserAgent = agent; return r }
	got := novelties(find(hourly(), "rule", rule.NewSeed(),
		at(time.Minute, "/old.aspx", "203.0.113.1"), at(time.Minute, "/busy.aspx", "203.0.113.1"), at(2*time.Minute, "/busy.aspx", "203.0.113.2"),
		at(61*time.Minute, "/OLD.aspx", "203.0.113.3"), at(62*time.Minute, "/shell.aspx", "203.0.113.7"),
		withUA(at(63*time.Minute, "/old.aspx", "203.0.113.1"), "Mozilla/6.0"), withUA(at(63*time.Minute, "/busy.aspx", "203.0.113.1"), "Mozilla/6.0"),
		at(5*time.Hour, "/shell.aspx", "203.0.113.7")))
	want := []string{
		"/old.aspx 0 unknown", // nothing is known of the time before
		"/OLD.aspx 1 known",
		"/shell.aspx 1 new",
		"/busy.aspx 1 known", // by another browser, and from a group that was settled
		"/old.aspx 1 known",
		"/shell.aspx 5 known",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A page is new again when it has been quiet for long enough, whoever asked before.
func TestOnlyNew(t *testing.T) {
	c := hourly()
	c.OnlyNew = 2 * time.Hour
	got := novelties(find(c, "rule", rule.NewSeed(),
		at(0, "/a.aspx", "203.0.113.1"), at(0, "/busy.aspx", "203.0.113.1"), at(0, "/busy.aspx", "203.0.113.2"),
		at(time.Hour, "/A.aspx/info", "203.0.113.7"), at(2*time.Hour, "/busy.aspx", "203.0.113.7"), at(2*time.Hour, "/b.aspx", "203.0.113.7"),
		at(3*time.Hour, "/busy.aspx", "203.0.113.7"), at(4*time.Hour, "/a.aspx", "203.0.113.7"), at(5*time.Hour, "/a.aspx", "203.0.113.8")))
	if want := []string{"/a.aspx 0 unknown", "/b.aspx 2 new", "/a.aspx 4 known"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Two or three clients, and neither one nor four.
func TestRangeOfClients(t *testing.T) {
	c := hourly()
	c.MinClients, c.MaxClients = 2, 3
	var requests []rule.Request
	for clients := range 5 {
		for i := range clients {
			requests = append(requests, at(time.Minute, fmt.Sprintf("/%d.aspx", clients), fmt.Sprintf("203.0.113.%d", i)))
		}
	}
	var got []string
	for _, f := range find(c, "rule", rule.NewSeed(), requests...) {
		got = append(got, f.Path)
	}
	slices.Sort(got)
	if want := []string{"/2.aspx", "/3.aspx"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoveltyWhereAGroupIsAURI(t *testing.T) {
	c := hourly()
	c.GroupBy = []string{attr.URLPath}
	got := novelties(find(c, "rule", rule.NewSeed(), at(0, "/a.aspx", "203.0.113.1"), at(time.Hour, "/a.aspx", "203.0.113.1"), at(time.Hour, "/b.aspx", "203.0.113.1")))
	if want := []string{"/a.aspx 0 unknown", "/a.aspx 1 known", "/b.aspx 1 new"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := newHistory(20) // ten URIs in a generation
	for i := range 100 {
		h.learn(int64(i), slices.Values([]rule.Key{{uint64(1000 + i)}, {7}, {7, 1}}))
		if n := len(h.young.last) + len(h.old.last); n > 20 {
			t.Fatalf("after %d panes %d URIs are remembered", i, n)
		}
	}
	if !h.knows(7, 99, 100) || h.knows(7, 0, 99) {
		t.Error("a URI that is requested all the time was forgotten")
	}
	since := h.since(0)
	if since <= 0 || since > 95 {
		t.Errorf("remembers from %d on", since)
	}
	for i := range int64(100) {
		if known := h.knows(uint64(1000+i), 0, 1000); known != (i >= since) {
			t.Errorf("URI of %d: %v, but everything from %d on is remembered", i, known, since)
		}
	}
	h.learn(50, slices.Values([]rule.Key{{9}}))
	if h.knows(9, 0, 1000) {
		t.Error("a pane that two windows share is learned once")
	}
}
