// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/oracle"
)

// outcomes returns what two runs over the same logs must have in common: what was
// found, not when it was observed or in which order requests arrived. Each is a
// JSON line; they are sorted by window, then path.
func outcomes(detections []found) []string {
	all := make([]oracle.Finding, 0, len(detections))
	for _, d := range detections {
		all = append(all, oracle.Finding{
			WindowStart:  stamp(d.Start),
			WindowEnd:    stamp(d.End),
			URLPath:      d.Path,
			UserAgent:    d.UserAgent,
			Clients:      append([]string{}, d.Clients...), // [] and not null where there is none
			Sites:        append([]string{}, d.Sites...),
			RequestCount: d.Requests,
			FirstSeen:    stamp(d.First),
			LastSeen:     stamp(d.Last),
			Complete:     d.Complete,
		})
	}
	return lines(all)
}

// readExpected reads a JSON array of expected detections as sorted lines.
func readExpected(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields() // a field that is not compared would be a false promise
	var all []oracle.Finding
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines(all), nil
}

// lines makes sorted JSON lines; they begin with the window, so it sorts first.
func lines(all []oracle.Finding) []string {
	out := make([]string, 0, len(all))
	for _, c := range all {
		slices.Sort(c.Clients)
		slices.Sort(c.Sites)
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(c); err != nil {
			panic(err) // strings, a number and a bool always encode
		}
		out = append(out, strings.TrimSuffix(b.String(), "\n"))
	}
	slices.Sort(out)
	return out
}

func writeLines(path string, lines []string) error {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// difference lists what is only in want (-) and only in found (+); "" if they are equal.
func difference(want, found []string) string {
	counts := map[string]int{}
	for _, l := range found {
		counts[l]++
	}
	for _, l := range want {
		counts[l]--
	}
	var out []string
	for l, n := range counts {
		for range max(n, -n) {
			if n < 0 {
				out = append(out, l+"\x00- ")
			} else {
				out = append(out, l+"\x00+ ")
			}
		}
	}
	slices.Sort(out)
	for i, l := range out {
		line, sign, _ := strings.Cut(l, "\x00")
		out[i] = sign + line
	}
	return strings.Join(out, "\n")
}
