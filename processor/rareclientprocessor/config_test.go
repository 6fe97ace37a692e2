// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/iishunt/iishunt/internal/rareclient"
	"github.com/iishunt/iishunt/internal/rule"
)

func load(raw map[string]any) (*Config, error) {
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(raw).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestEveryKeyIsRead(t *testing.T) {
	got, err := load(map[string]any{
		"group_by": []any{"url.path"}, "fold_case": false, "count": map[string]any{"attribute": "client.address", "ipv4_prefix": 24, "ipv6_prefix": 56},
		"client_threshold": 1, "comparison": "eq", "min_clients": 2, "max_clients": 5, "only_new": "720h",
		"min_requests": 2, "window": "2h", "every": "1h", "allowed_lateness": "1m", "idle_timeout": "30s",
		"sender_timeout": "1m", "forget_sender_after": "2m", "written_within": "3m", "senders": []any{"web01"}, "max_senders": 4, "account": false,
		"correct_for": "4m", "window_records": false,
		"semantics": "sentinel", "suppress_for": "0s", "max_groups": 10, "evidence": 0, "forward": "none", "input": "w3ciislog",
		"match": map[string]any{
			"extensions": []any{}, "status_codes": []any{200, 206}, "user_agent_prefixes": []any{}, "methods": []any{"POST"}, "path_prefixes": []any{"/uploads/"},
			"private_clients": "include", "private_servers": "include",
		},
		"exclude": []any{map[string]any{
			"name": "n", "clients": []any{"192.0.2.0/24"}, "paths": []any{"/p"}, "hosts": []any{"*.example.com"}, "user_agents": []any{"a"},
		}},
		"exclude_presets": []any{"backup"},
		"rule": map[string]any{
			"id": "i", "name": "n", "version": "1", "description": "d", "category": "c", "reference": "r", "severity": "High",
			"tactics": []any{map[string]any{"id": "TA0003", "name": "Persistence"}}, "techniques": []any{},
		},
	})
	require.NoError(t, err)
	no := false
	require.Equal(t, &Config{
		Forward: ForwardNone,
		Config: rareclient.Config{
			Config: rule.Config{
				GroupBy: []string{"url.path"}, FoldCase: &no, ClientThreshold: 1, Comparison: rule.Equal, MinClients: 2, MaxClients: 5, OnlyNew: 720 * time.Hour,
				Count:       rule.CountConfig{Attribute: "client.address", IPv4Prefix: 24, IPv6Prefix: 56},
				MinRequests: 2, Window: 2 * time.Hour, Every: time.Hour, AllowedLateness: time.Minute, IdleTimeout: 30 * time.Second,
				SenderTimeout: time.Minute, ForgetSenderAfter: 2 * time.Minute, WrittenWithin: 3 * time.Minute, Senders: []string{"web01"}, MaxSenders: 4, CorrectFor: 4 * time.Minute,
				Semantics: rule.Sentinel, MaxGroups: 10,
				Match: rule.MatchConfig{
					Extensions: []string{}, StatusCodes: []int{200, 206}, UserAgentPrefixes: []string{}, Methods: []string{"POST"}, PathPrefixes: []string{"/uploads/"},
					PrivateClients: rule.Include, PrivateServers: rule.Include,
				},
				Exclude: []rule.ExcludeConfig{{
					Name: "n", Clients: []string{"192.0.2.0/24"}, Paths: []string{"/p"}, Hosts: []string{"*.example.com"}, UserAgents: []string{"a"},
				}},
				ExcludePresets: []string{"backup"},
			},
			Input: rareclient.InputTable,
			Rule: rareclient.RuleConfig{
				ID: "i", Name: "n", Version: "1", Description: "d", Category: "c", Reference: "r", Severity: "High",
				Tactics: []rareclient.Threat{{ID: "TA0003", Name: "Persistence"}}, Techniques: []rareclient.Threat{},
			},
		},
	}, got)
}

func TestBadConfigurationIsNamed(t *testing.T) {
	for _, tt := range []struct {
		raw  map[string]any
		want string
	}{
		{map[string]any{"forward": "some"}, `forward: "some"; it must be all or none`},
		{map[string]any{"input": "iis"}, `input: "iis"; it must be semconv`},
		{map[string]any{"exclude_presets": []any{"cron"}}, `exclude_presets: "cron" is unknown`},
		{map[string]any{"window": "-1h"}, "window: -1h0m0s"},
		{map[string]any{"window": "all", "only_new": "720h"}, "only_new: 720h0m0s with window: all"},
		{map[string]any{"window": "all", "every": "1h"}, "every: 1h0m0s with window: all"},
		{map[string]any{"window": "all", "storage": "file_storage"}, "storage: with window: all"},
		{map[string]any{"every": "48h"}, "every: 48h0m0s is longer than window"},
		{map[string]any{"client_threshold": 0}, "client_threshold: 0; it must be 1"},
		{map[string]any{"exclude": []any{map[string]any{"name": "n", "clients": []any{"192.0.2.0/99"}}}}, `"192.0.2.0/99"`},
		{map[string]any{"rule": map[string]any{"severity": "Severe"}}, `rule::severity: "Severe"`},
		{map[string]any{"no_such_key": 1}, "no_such_key"},
		{map[string]any{"window": "soon"}, "window"},
	} {
		_, err := load(tt.raw)
		require.ErrorContains(t, err, tt.want)
		require.Equal(t, 1, strings.Count(err.Error(), tt.want), "told once")
	}
}

func TestTheWindowMayBeEverything(t *testing.T) {
	cfg, err := load(map[string]any{"window": "all", "forward": "none"})
	require.NoError(t, err)
	require.True(t, cfg.Whole())
	require.Equal(t, ForwardNone, cfg.Forward)
}
