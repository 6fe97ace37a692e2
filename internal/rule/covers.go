// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"encoding/json"
	"slices"
	"strings"
)

// matchText is a match block as a reader tells it, with the user's key names.
type matchText struct {
	Extensions        []string `json:"extensions"`
	StatusCodes       []int    `json:"status_codes"`
	UserAgentPrefixes []string `json:"user_agent_prefixes"`
	Methods           []string `json:"methods"`
	PathPrefixes      []string `json:"path_prefixes"`
	PrivateClients    Privates `json:"private_clients"`
	PrivateServers    Privates `json:"private_servers"`
}

// Text returns the block as JSON, sets of extensions resolved, for MatchCovers.
func (c *MatchConfig) Text() string {
	b, err := json.Marshal(matchText{
		lowered(c.terms()), c.StatusCodes, lowered(c.UserAgentPrefixes), lowered(c.Methods), c.PathPrefixes, c.PrivateClients, c.PrivateServers,
	})
	if err != nil {
		panic(err) // texts and integers
	}
	return string(b)
}

// MatchCovers reports whether a reader with a match block, as Text returns it,
// sends every line that the rule would count. An empty text is a reader without
// one, which sends all; a text that cannot be read covers nothing.
func MatchCovers(reader string, c *Config) bool {
	if reader == "" {
		return true
	}
	var r matchText
	if json.Unmarshal([]byte(reader), &r) != nil {
		return false
	}
	m := &c.Match
	return covers(r.Extensions, lowered(m.terms()), func(a, b string) bool { return a == b }) &&
		covers(r.StatusCodes, m.StatusCodes, func(a, b int) bool { return a == b }) &&
		covers(r.UserAgentPrefixes, lowered(m.UserAgentPrefixes), func(a, b string) bool { return strings.HasPrefix(b, a) }) &&
		covers(r.Methods, lowered(m.Methods), func(a, b string) bool { return a == b }) &&
		covers(r.PathPrefixes, m.PathPrefixes, func(a, b string) bool {
			return strings.HasPrefix(folder(b, true)+"/", folder(a, true)+"/")
		}) &&
		(r.PrivateClients != Exclude || m.PrivateClients == Exclude) &&
		(r.PrivateServers != Exclude || m.PrivateServers == Exclude)
}

// covers reports whether each of the rule's entries is one that the reader's pass.
// An empty list passes everything.
func covers[T any](reader, rule []T, pass func(reader, rule T) bool) bool {
	if len(reader) == 0 {
		return true
	}
	return len(rule) > 0 && !slices.ContainsFunc(rule, func(b T) bool {
		return !slices.ContainsFunc(reader, func(a T) bool { return pass(a, b) })
	})
}
