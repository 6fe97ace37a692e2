// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"strings"

	"github.com/iishunt/iishunt/internal/rule"
)

// spellings are the paths by which the page of a group was asked for. Nearly all
// requests write it as the page itself, so that this takes no room: a path that is
// the page is "", and paths is nil as long as no other was seen. Without iis.page
// in group_by there are none.
type spellings struct {
	path  string   // of the earliest request
	paths []string // the smallest maxNames, sorted
}

// writtenPath is the path of a request; "" where it is the page.
func writtenPath(r *rule.Request, values []string, b *bounds) string {
	if b.pageAt < 0 || r.Path == values[b.pageAt] {
		return ""
	}
	return r.Path
}

// comparePaths orders two spellings of the page in values.
func comparePaths(x, y string, values []string, b *bounds) int {
	if b.pageAt < 0 {
		return 0
	}
	return strings.Compare(cmp.Or(x, values[b.pageAt]), cmp.Or(y, values[b.pageAt]))
}

// addPath adds a spelling of a page; first tells that there is none yet.
func (s *spellings) addPath(written, page string, first bool) {
	if written == "" {
		if s.paths == nil {
			return
		}
		written = page
	}
	if s.paths == nil && !first {
		s.paths = addName(nil, page, maxNames)
	}
	s.paths = addName(s.paths, written, maxNames)
}

func (s *spellings) mergePaths(o *spellings, page string) {
	if o.paths == nil {
		s.addPath("", page, false)
	}
	for _, written := range o.paths {
		s.addPath(written, page, false)
	}
}

// all returns the spelling of the earliest request, and all of them.
func (s *spellings) all(page string) (earliest string, paths []string) {
	if paths = s.paths; paths == nil {
		paths = []string{cut(page, maxName)}
	}
	return cmp.Or(s.path, page), paths
}
