// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import "fmt"

// folding is raised when other letters are folded: what is stored still counts, but
// the keys of some groups in it are not those of the requests to come. Before there
// was a number, letters were folded as Unicode does it.
const folding = "2"

// Settings are the settings that a stored state depends on, by the user's key
// names.
type Settings map[string]string

// Shape returns the settings without which a stored state cannot be read: they
// say what a group, a pane and a settled group are.
func (c *Config) Shape() Settings {
	_, most := c.Clients()
	return Settings{
		"group_by":         fmt.Sprint(c.Groups()),
		"fold_case":        fmt.Sprint(c.FoldsCase()),
		"count":            c.countShape(),
		"client_threshold": fmt.Sprint(most),
		"window":           c.Window.String(),
		"every":            c.Hop().String(),
		"semantics":        string(c.Semantics),
	}
}

// Filter returns the settings that say which records are in a stored state.
func (c *Config) Filter() Settings {
	match := c.Match
	match.Extensions = match.terms() // a set may have others in another version
	s := Settings{
		"match":           fmt.Sprintf("%+v", match),
		"exclude":         fmt.Sprintf("%+v", c.Exclude),
		"exclude_presets": fmt.Sprint(c.ExcludePresets),
	}
	if c.FoldsCase() {
		s["folding of letters"] = folding
	}
	return s
}
