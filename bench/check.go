// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/attr"
)

// check compares a scenario's detections, one by one, with the oracle's, in a
// run whose cost does not count.
func (l *lab) check(s scenario) error {
	want, err := readFindings(filepath.Join(l.dir, findingsFile))
	if err != nil {
		return err
	}
	var got []finding
	if s.threads > 0 {
		if _, err = l.query(s, logsDir); err == nil {
			got, err = l.duckFindings()
		}
	} else {
		var out []byte
		if _, out, err = l.collect(s, logsDir, "check"); err == nil {
			got = detections(string(out))
		}
	}
	if err != nil {
		return err
	}
	return sameFindings(got, want)
}

func sameFindings(got, want []finding) error {
	if slices.Equal(got, want) {
		return nil
	}
	for _, f := range got {
		if !slices.Contains(want, f) {
			return fmt.Errorf("%d findings, not %d: the oracle does not have %q", len(got), len(want), f)
		}
	}
	for _, f := range want {
		if !slices.Contains(got, f) {
			return fmt.Errorf("%d findings, not %d: %q is missing", len(got), len(want), f)
		}
	}
	return fmt.Errorf("%d findings, not %d: some came twice", len(got), len(want))
}

// detections reads what the debug exporter wrote.
func detections(text string) []finding {
	var found []finding
	for _, record := range strings.Split(text, "\nLogRecord #")[1:] {
		found = append(found, finding{
			path:   strings.ToLower(debugValue(record, attr.URLPath)),
			agent:  debugValue(record, attr.UserAgentOriginal),
			client: debugValue(record, attr.ClientAddress),
		})
	}
	sortFindings(found)
	return found
}

func debugValue(record, name string) string {
	_, rest, _ := strings.Cut(record, "\n     -> "+name+": Str(")
	value, _, _ := strings.Cut(rest, ")\n     -> ")
	return value
}
