// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/oracle"
)

// finding is what every scenario can tell of a finding.
type finding struct {
	path   string // lower case
	agent  string // with blanks, not +
	client string
}

// mustFind returns the oracle's findings.
func mustFind(logs string) ([]finding, error) {
	all, err := oracle.Find(logs)
	if err != nil {
		return nil, err
	}
	found := make([]finding, len(all))
	for i, f := range all {
		found[i] = finding{strings.ToLower(f.URLPath), f.UserAgent, f.Clients[0]}
	}
	sortFindings(found)
	return found, nil
}

func sortFindings(all []finding) {
	slices.SortFunc(all, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.agent, b.agent), strings.Compare(a.client, b.client))
	})
}

func writeFindings(path string, found []finding) error {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(f.path + "\t" + f.agent + "\t" + f.client + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// readFindings reads what writeFindings or DuckDB wrote; the latter has paths and
// user agents as they were logged.
func readFindings(path string) ([]finding, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []finding
	for line := range strings.Lines(string(b)) {
		v := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(v) != 3 {
			return nil, fmt.Errorf("%s: a finding has 3 values, not %d: %q", path, len(v), line)
		}
		found = append(found, finding{strings.ToLower(v[0]), strings.ReplaceAll(v[1], "+", " "), v[2]})
	}
	sortFindings(found)
	return found, nil
}
