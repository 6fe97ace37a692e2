// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"os"
	"path/filepath"
	"strings"
)

// foldersReadable reports whether the folders that the patterns begin with can be
// read: where a share is away, no file matches, and nothing is said.
func (a *Account) foldersReadable() bool {
	for _, p := range a.Include {
		if !canRead(base(p)) {
			return false
		}
	}
	return true
}

// base is the folder of a pattern before its first wildcard.
func base(pattern string) string {
	if i := strings.IndexAny(pattern, "*?[{"); i >= 0 {
		pattern = pattern[:i]
		if j := strings.LastIndexAny(pattern, `/\`); j >= 0 {
			return pattern[:j+1]
		}
		return "."
	}
	return filepath.Dir(pattern)
}

func canRead(folder string) bool {
	d, err := os.Open(folder)
	if err != nil {
		return false
	}
	defer d.Close()
	info, err := d.Stat()
	return err == nil && info.IsDir()
}

// folderReadable reports whether the folder of a path is there.
func folderReadable(path string) bool { return canRead(filepath.Dir(path)) }
