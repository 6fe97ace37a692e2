// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package report_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/report"
)

func TestModeOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	mode := func() fs.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	require.NoError(t, report.WriteFile(report.Disk{}, path, content("new")))
	require.Equal(t, fs.FileMode(0o600), mode(), "a new one is the owner's alone")
	require.NoError(t, os.Chmod(path, 0o640))
	require.NoError(t, report.WriteFile(report.Disk{}, path, content("newer")))
	require.Equal(t, fs.FileMode(0o640), mode(), "what somebody allowed stays allowed")
}
