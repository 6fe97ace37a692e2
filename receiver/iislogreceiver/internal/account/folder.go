// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// foldersEvery is how often folders are looked for that cannot be read: for each
// of them fileconsumer only finds no files.
const foldersEvery = 10 * time.Minute

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

// findFolders looks for folders below the patterns that cannot be read. What was
// told of them before is told on, or is over.
func (a *Account) findFolders(now time.Time) {
	if !a.foldersAt.IsZero() && now.Sub(a.foldersAt) < foldersEvery {
		return
	}
	a.foldersAt = now
	closed := map[string]error{}
	for _, p := range a.Include {
		from := base(p)
		rest := strings.FieldsFunc(strings.TrimPrefix(p, from), func(r rune) bool { return r == '/' || r == filepath.Separator })
		if len(rest) > 1 {
			closedBelow(os.ReadDir, from, rest[:len(rest)-1], closed)
		}
	}
	for path, t := range a.unread {
		if t.folder && closed[path] == nil {
			delete(a.unread, path)
		}
	}
	for path, err := range closed {
		if a.unread[path] != nil {
			continue
		}
		a.unread[path] = &trouble{
			Loss:  eventtime.Loss{Name: path, Why: err.Error(), Reason: eventtime.ReasonFileUnreadable, From: eventtime.None, To: eventtime.None},
			since: now, told: true, folder: true,
		}
		a.Logger.Warn("A folder cannot be read, and every window is marked file_unreadable: whatever is logged there is not seen. "+
			"Give the Collector's account the right to read it, or exclude it", zap.String("path", path), zap.Error(err))
	}
}

// closedBelow looks at the folders that the segments of a pattern lead to.
func closedBelow(list func(string) ([]os.DirEntry, error), folder string, segments []string, closed map[string]error) {
	entries, err := list(folder)
	if errors.Is(err, fs.ErrPermission) {
		closed[folder] = err
		return
	}
	if len(segments) == 0 {
		return
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		switch next := filepath.Join(folder, e.Name()); {
		case segments[0] == "**":
			closedBelow(list, next, segments, closed)
		case leadsTo(segments[0], e.Name()):
			closedBelow(list, next, segments[1:], closed)
		}
	}
}

// leadsTo reports whether a folder fits a segment of a pattern, as far as that is
// easy to say.
func leadsTo(segment, name string) bool {
	ok, err := filepath.Match(strings.ToLower(segment), strings.ToLower(name))
	return ok || err != nil || strings.ContainsAny(segment, "{}")
}
