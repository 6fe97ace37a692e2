// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/page"
)

// setPrefix begins the name of a set among extensions: set:php.
const setPrefix = "set:"

// SetNames returns what extensions may have in place of texts, sorted.
func SetNames() []string {
	names := page.SetNames()
	for i, name := range names {
		names[i] = setPrefix + name
	}
	return names
}

// terms returns the extensions with those of each set in place of its name.
func (c *MatchConfig) terms() []string {
	var out []string
	for _, e := range c.Extensions {
		terms := []string{e}
		if name, ok := strings.CutPrefix(e, setPrefix); ok {
			terms = page.Extensions[name]
		}
		for _, t := range terms {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}
