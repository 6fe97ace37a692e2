// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package golden compares what a test got with a file. The test flag -update
// writes the file instead.
package golden

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Updating tells whether golden files are to be rewritten.
func Updating() bool { return *update }

// Equal requires that the file has this content, whatever its line ends are.
func Equal(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644)) //nolint:gosec // it goes into the repository
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), string(got), "the tests' flag -update rewrites %s", path)
}
