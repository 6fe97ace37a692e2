// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package gen_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/bench/gen"
	"github.com/iishunt/iishunt/internal/oracle"
)

func read(t *testing.T, o gen.Options) string {
	t.Helper()
	var all strings.Builder
	for n := range o.Files {
		b, err := os.ReadFile(gen.Path(o.Dir, n))
		require.NoError(t, err)
		all.Write(b)
	}
	return all.String()
}

func TestTheSameOptionsGiveTheSameFiles(t *testing.T) {
	o := gen.Options{Dir: t.TempDir(), Lines: 5000, Files: 2, Headers: 3, Seed: 7}
	size, lines, err := gen.Write(o)
	require.NoError(t, err)
	first := read(t, o)
	require.EqualValues(t, len(first), size)
	require.EqualValues(t, strings.Count(first, "\n"), lines)
	require.EqualValues(t, 5000+2*4*4, lines, "two files, four headers of four directives each")

	o.Dir = t.TempDir()
	_, _, err = gen.Write(o)
	require.NoError(t, err)
	require.Equal(t, first, read(t, o))

	o.Dir, o.Seed = t.TempDir(), 8
	_, _, err = gen.Write(o)
	require.NoError(t, err)
	require.NotEqual(t, first, read(t, o))
}

func TestLinesAreAsLongAsRealOnes(t *testing.T) {
	o := gen.Options{Dir: t.TempDir(), Lines: 20_000, Files: 1, Seed: 1}
	size, lines, err := gen.Write(o)
	require.NoError(t, err)
	require.InDelta(t, 281, float64(size)/float64(lines), 5)
	require.Len(t, strings.Fields(gen.Fields), 22)
}

func TestPlantedPagesAreFoundAndDecoysAreNot(t *testing.T) {
	for _, o := range []gen.Options{
		{Lines: 20_000, Files: 1, Seed: 1},
		{Lines: 20_000, Files: 3, Seed: 2, Headers: 2},
	} {
		o.Dir = t.TempDir()
		_, _, err := gen.Write(o)
		require.NoError(t, err)
		found, err := oracle.Find(o.Dir)
		require.NoError(t, err)
		shells := 0
		for _, f := range found {
			require.NotContains(t, f.URLPath, "/intern/tool")
			if strings.HasPrefix(f.URLPath, "/uploads/") {
				shells++
			}
		}
		require.Equal(t, gen.NumShells, shells)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for name, o := range map[string]gen.Options{
		"lines":   {Lines: 10, Files: 1},
		"files":   {Lines: 1000, Files: 0},
		"headers": {Lines: 1000, Files: 1, Headers: 101},
	} {
		_, _, err := gen.Write(o)
		require.ErrorContains(t, err, name+": ")
	}
}
