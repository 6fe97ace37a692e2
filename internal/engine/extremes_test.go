// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// With the longest durations that may be configured no sum of times overflows,
// and what is then stored can be read again: for records of now, from as far
// ahead as is allowed, and from the earliest time there is.
func TestTheLongestDurations(t *testing.T) {
	const tenYears = 10 * 365 * 24 * time.Hour
	for _, every := range []time.Duration{0, tenYears / 1440} {
		c := rule.DefaultConfig()
		c.Window, c.Every, c.AllowedLateness, c.IdleTimeout, c.SuppressFor = tenYears, every, tenYears, tenYears, tenYears
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		for name, at := range map[string]int64{
			"now": day.UnixNano(), "ahead": day.Add(tenYears).UnixNano(), "earliest": earliest,
			"in 2070": time.Date(2070, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(),
		} {
			now := max(day.UnixNano(), at-int64(tenYears))
			e := New(c, "rule", rule.Seed{1, 2})
			e.Follow(func([]byte) {})
			r := rule.Request{Time: at, Path: "/a.aspx", UserAgent: ua, Client: "203.0.113.1", Status: 200}
			commitLines(e, now, lines(1, &r))
			if n := e.Stats().Future; n != 0 {
				t.Errorf("%s: it is not allowed", name)
			}
			again := New(c, "rule", rule.Seed{1, 2})
			if err := again.Apply(e.TakeChanges()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			again.Restored(now)
			for _, e := range []*Engine{e, again} {
				e.Tick(now + 1)
				if len(windows(e)) > 0 || e.Stats().OpenGroups != 1 {
					t.Errorf("%s: evaluated before its time", name)
				}
				e.Tick(now + int64(5*tenYears)) // idle: all windows are over
				found := evaluateAll(e)
				if len(found) == 0 || found[0].FirstSeen != at || found[0].WindowStart > at || found[0].WindowEnd <= at {
					t.Errorf("%s: found %+v", name, found)
				}
				if !slices.IsSortedFunc(found, func(a, b *Finding) int { return int(a.WindowEnd - b.WindowEnd) }) || e.Stats().Panes != 0 {
					t.Errorf("%s: %d panes are left", name, e.Stats().Panes)
				}
			}
		}
	}
}
