// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Folders that patterns lead to and that cannot be read are found; whatever else
// is closed does not matter.
func TestClosedBelow(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"W3SVC1", "W3SVC2/old", "W3SVC3", "other", "W3SVC2/private"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o700))
	}
	closed := map[string]bool{}
	for _, folder := range []string{"W3SVC3", "other", "W3SVC2/private"} {
		closed[filepath.Join(dir, filepath.FromSlash(folder))] = true
	}
	list := func(path string) ([]os.DirEntry, error) {
		if closed[path] {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
		}
		return os.ReadDir(path)
	}
	for _, c := range []struct {
		why      string
		segments []string
		want     []string
	}{
		{"a folder that the pattern names, in any case", []string{"w3svc*"}, []string{"W3SVC3"}},
		{"every folder", []string{"*"}, []string{"W3SVC3", "other"}},
		{"one below", []string{"W3SVC2", "*"}, []string{"W3SVC2/private"}},
		{"at any depth", []string{"**"}, []string{"W3SVC2/private", "W3SVC3", "other"}},
		{"braces are not looked into", []string{"{W3SVC3,W3SVC4}"}, []string{"W3SVC3", "other"}},
		{"none", []string{"W3SVC1"}, nil},
	} {
		got := map[string]error{}
		closedBelow(list, dir, c.segments, got)
		var names []string
		for _, path := range slices.Sorted(maps.Keys(got)) {
			name, err := filepath.Rel(dir, path)
			require.NoError(t, err)
			names = append(names, filepath.ToSlash(name))
		}
		require.ElementsMatch(t, c.want, names, c.why)
	}
}
