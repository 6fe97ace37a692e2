// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMatchCovers(t *testing.T) {
	for _, c := range []struct {
		name         string
		reader, rule func(*MatchConfig)
		want         bool
	}{
		{"the same block", nil, nil, true},
		{"the rule looks at every page, the reader sends some", nil, func(m *MatchConfig) { m.Extensions = nil }, false},
		{"the reader sends every page", func(m *MatchConfig) { m.Extensions = nil }, nil, true},
		{"a set against what is in it", func(m *MatchConfig) { m.Extensions = []string{"set:all_scripts"} }, func(m *MatchConfig) { m.Extensions = []string{".ASPX"} }, true},
		{".asp is no beginning of .aspx: terms are whole words", func(m *MatchConfig) { m.Extensions = []string{".asp"} }, func(m *MatchConfig) { m.Extensions = []string{".aspx"} }, false},
		{"another status", nil, func(m *MatchConfig) { m.StatusCodes = []int{200, 500} }, false},
		{"a shorter agent passes a longer one", func(m *MatchConfig) { m.UserAgentPrefixes = []string{"moz"} }, nil, true},
		{"a longer agent does not pass a shorter one", func(m *MatchConfig) { m.UserAgentPrefixes = []string{"Mozilla/5.0"} }, nil, false},
		{"methods have no case", func(m *MatchConfig) { m.Methods = []string{"post", "GET"} }, func(m *MatchConfig) { m.Methods = []string{"POST"} }, true},
		{"a method that is not sent", func(m *MatchConfig) { m.Methods = []string{"POST"} }, nil, false},
		{"a folder below", func(m *MatchConfig) { m.PathPrefixes = []string{"/Shop"} }, func(m *MatchConfig) { m.PathPrefixes = []string{"/shop/uploads/"} }, true},
		{"a folder beside", func(m *MatchConfig) { m.PathPrefixes = []string{"/shop"} }, func(m *MatchConfig) { m.PathPrefixes = []string{"/shops"} }, false},
		{"private clients", nil, func(m *MatchConfig) { m.PrivateClients = Include }, false},
		{"private servers, sent and not asked for", func(m *MatchConfig) { m.PrivateServers = Include }, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			reader, cfg := DefaultConfig(), DefaultConfig()
			if c.reader != nil {
				c.reader(&reader.Match)
			}
			if c.rule != nil {
				c.rule(&cfg.Match)
			}
			require.Equal(t, c.want, MatchCovers(reader.Match.Text(), &cfg))
		})
	}
	cfg := DefaultConfig()
	require.True(t, MatchCovers("", &cfg), "no match block: all is sent")
	require.False(t, MatchCovers("extensions: .aspx", &cfg), "nobody knows what it drops")
}
