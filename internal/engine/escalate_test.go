// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rule"
)

// toldIn gives a page requests of these methods, one an hour, and returns in which
// hours its finding was told.
func toldIn(t *testing.T, score func(*Finding) int, methods ...string) []int {
	t.Helper()
	cfg := hourly()
	cfg.SuppressFor = 24 * time.Hour
	e := New(cfg, "rule", rule.NewSeed())
	e.SetScore(score)
	now := day.Add(1000 * time.Hour).UnixNano()
	s := step{source: 1}
	for i, m := range methods {
		r := at(time.Duration(i)*time.Hour+time.Minute, "/a.aspx", "203.0.113.1")
		r.Method = m
		s.records = append(s.records, &r)
	}
	commitLines(e, now, s)
	e.Tick(now + int64(time.Hour))
	var out []int
	for _, f := range evaluateAll(e) {
		out = append(out, int(time.Unix(0, f.FirstSeen).Sub(day).Hours()))
	}
	return out
}

func TestWhatBecomesSomethingElseIsToldAgain(t *testing.T) {
	require.Equal(t, []int{0, 1}, toldIn(t, nil, "GET", "GET", "GET"), "the first window of all is incomplete; then it is confirmed")
	require.Equal(t, []int{0, 1, 2, 4}, toldIn(t, nil, "GET", "GET", "POST", "GET", "PUT", "POST"), "each method once")
	scores := []int{30, 30, 49, 50, 69, 70}
	i := -1
	require.Equal(t, []int{0, 1, 3, 5}, toldIn(t, func(*Finding) int { i++; return scores[i] }, "GET", "GET", "GET", "GET", "GET", "GET"), "20 points more than was told")
}

func TestEscalationSurvivesARestart(t *testing.T) {
	s := newSuppression(time.Hour, 2)
	k, other := rule.Key{1}, rule.Key{2}
	require.False(t, s.suppress(k, 0, true))
	s.tell(k, told{1, 30})
	var parts [][]byte
	require.NoError(t, s.snapshot(1<<10, func(b []byte) error { parts = append(parts, b); return nil }))

	e := New(hourly(), "rule", rule.NewSeed())
	for _, p := range parts {
		require.NoError(t, e.Apply(p))
	}
	require.False(t, e.suppressed.escalates(k, told{1, 49}))
	require.True(t, e.suppressed.escalates(k, told{1, 50}))
	require.True(t, e.suppressed.escalates(k, told{3, 30}))
	require.False(t, e.suppressed.escalates(other, told{3, 99}), "what was said is not known")
	s.suppress(k, int64(2*time.Hour), true)
	require.Empty(t, s.told, "it is forgotten with the finding")
}
