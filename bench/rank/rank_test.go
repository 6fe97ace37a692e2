// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// On the smallest backgrounds, which take seconds; make bench-rank has all.
func TestStoriesAreFound(t *testing.T) {
	h, err := newHunter()
	require.NoError(t, err)
	for _, w := range worlds {
		if w.name != "small" && w.name != "exchange" {
			continue
		}
		r, err := judge(h, w)
		require.NoError(t, err)
		require.LessOrEqual(t, noise(r.benign, ""), 20, w.name)
		for _, s := range slices.Concat(tuning, judging) {
			n := rankOf(r.alone[s.name], r.pages[s.name], "")
			require.Positive(t, n, "%s, %s: not found", w.name, s.name)
			require.LessOrEqual(t, n, goal, "%s, %s", w.name, s.name)
		}
	}
}

func TestLogsAreTheSameEachTime(t *testing.T) {
	first, second := newLog(worlds[0], "background"), newLog(worlds[0], "background")
	worlds[0].fill(first)
	worlds[0].fill(second)
	require.Equal(t, first.sorted(), second.sorted())
}

func TestEveryTableHasItsPlace(t *testing.T) {
	_, err := fill("no marks", nil)
	require.ErrorContains(t, err, "lacks the marks")
}
