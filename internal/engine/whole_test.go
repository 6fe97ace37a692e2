// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rule"
)

func whole() rule.Config {
	c := rule.DefaultConfig()
	c.Window = rule.WindowAll
	c.GroupBy = []string{"url.path"}
	return c
}

// evaluateAtTheEnd commits each of the lists as a file, a year after the last one.
func evaluateAtTheEnd(t *testing.T, files ...[]rule.Request) []*Finding {
	t.Helper()
	cfg := whole()
	require.NoError(t, cfg.Check())
	e := New(cfg, "rule", rule.NewSeed())
	now := day.Add(2 * 365 * 24 * time.Hour).UnixNano()
	for i, records := range files {
		s := step{source: i + 1}
		for j := range records {
			s.records = append(s.records, &records[j])
		}
		commitLines(e, now, s)
		now += int64(time.Hour)
		require.False(t, e.Tick(now), "no window ends before the input does")
	}
	require.True(t, e.NextEnd().IsZero())
	e.Flush()
	found := evaluateAll(e)
	require.Zero(t, e.Stats().Panes)
	require.Empty(t, e.Stats().Lost[ReasonLate])
	return found
}

func TestOneWindowOverEverything(t *testing.T) {
	const days = 400 * 24 * time.Hour
	old := []rule.Request{at(time.Hour, "/quiet.aspx", "203.0.113.1"), at(2*time.Hour, "/busy.aspx", "203.0.113.1")}
	young := []rule.Request{at(days, "/busy.aspx", "203.0.113.2"), at(days+time.Hour, "/quiet.aspx", "203.0.113.1")}
	for name, files := range map[string][][]rule.Request{
		"in order":  {old, young},
		"backwards": {young, old},
		"one file":  {slices.Concat(old, young)},
	} {
		found := evaluateAtTheEnd(t, files...)
		require.Len(t, found, 1, name)
		f := found[0]
		require.Equal(t, []string{"/quiet.aspx"}, f.Values, name)
		require.Zero(t, f.Reasons, name)
		require.Equal(t, day.UnixNano(), f.WindowStart, "the day of the first record")
		require.Equal(t, day.Add(days+24*time.Hour).UnixNano(), f.WindowEnd, "the day of the last one")
		require.Len(t, f.Days, 2)
		require.Equal(t, day.Add(time.Hour).UnixNano(), f.HistoryStart)
	}
}

func TestWhatIsLostMarksTheWholeWindow(t *testing.T) {
	e := New(whole(), "rule", rule.NewSeed())
	a := at(time.Hour, "/a.aspx", "203.0.113.1")
	commitLines(e, day.Add(48*time.Hour).UnixNano(), step{source: 1, records: []*rule.Request{&a, nil}})
	e.Flush()
	found := evaluateAll(e)
	require.Len(t, found, 1)
	require.Equal(t, []string{"parse_error"}, found[0].Reasons.Strings())
}
