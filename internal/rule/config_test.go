// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestCheckNamesKeyAndValue(t *testing.T) {
	def := DefaultConfig()
	if err := def.Check(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for _, tt := range []struct {
		change func(*Config)
		want   []string // all in the error text
	}{
		{func(c *Config) { c.Count.Attribute = "" }, []string{"count::attribute", "client.address"}},
		{func(c *Config) { c.Count.Attribute = "http.request.header.cookie" }, []string{"count::attribute", "secrets"}},
		{func(c *Config) { c.Count.Attribute = "iis.page" }, []string{"count::attribute", "url.path"}},
		{func(c *Config) { c.Count.Attribute = "user.name"; c.Count.IPv4Prefix = 24 }, []string{"count::attribute", `"user.name"`, "remove"}},
		{func(c *Config) { c.Count.IPv4Prefix = 0 }, []string{"count::ipv4_prefix: 0", "8 to 32"}},
		{func(c *Config) { c.Count.IPv6Prefix = 129 }, []string{"count::ipv6_prefix: 129", "16 to 128"}},
		{func(c *Config) { c.GroupBy = []string{} }, []string{"group_by", "1 to 8"}},
		{func(c *Config) { c.GroupBy = []string{"a", "a"} }, []string{"group_by", `"a"`, "twice"}},
		{func(c *Config) { c.GroupBy = []string{""} }, []string{"group_by", "empty"}},
		{func(c *Config) { c.GroupBy = []string{"http.request.header.cookie"} }, []string{"group_by", "cookie", "secrets"}},
		{func(c *Config) { c.GroupBy = []string{"csCookie"} }, []string{"group_by", "csCookie", "secrets"}},
		{func(c *Config) { c.ClientThreshold = 0 }, []string{"client_threshold: 0", "1 to 1000"}},
		{func(c *Config) { c.Comparison = "gte" }, []string{`comparison: "gte"`, "eq", "lte"}},
		{func(c *Config) { c.Semantics = "x" }, []string{`semantics: "x"`, "corrected", "sentinel"}},
		{func(c *Config) { c.MinRequests = 0 }, []string{"min_requests: 0"}},
		{func(c *Config) { c.MaxGroups = -1 }, []string{"max_groups: -1"}},
		{func(c *Config) { c.Evidence = 101 }, []string{"evidence: 101", "100"}},
		{func(c *Config) { c.Window = -time.Hour }, []string{"window: -1h0m0s"}},
		{func(c *Config) { c.Window = 0 }, []string{"window: 0s"}},
		{func(c *Config) { c.Every = -1 }, []string{"every: -1ns"}},
		{func(c *Config) { c.Every = 48 * time.Hour }, []string{"every: 48h0m0s", "window: 24h0m0s", "never be looked at"}},
		{func(c *Config) { c.Every = 7*time.Minute + time.Second }, []string{"every: 7m1s", "greatest common divisor", "1440"}},
		{func(c *Config) { c.AllowedLateness = -1 }, []string{"allowed_lateness"}},
		{func(c *Config) { c.IdleTimeout = 0 }, []string{"idle_timeout"}},
		{func(c *Config) { c.SuppressFor = -1 }, []string{"suppress_for"}},
		// The longest duration that can be written: no sum with it fits.
		{func(c *Config) { c.Window = math.MaxInt64 }, []string{"window: 2562047h47m16.854775807s", "87600h0m0s"}},
		{func(c *Config) { c.Window, c.Every = math.MaxInt64, math.MaxInt64 }, []string{"window: 2562047h47m16.854775807s", "87600h0m0s"}},
		{func(c *Config) { c.Every = math.MaxInt64 }, []string{"every: 2562047h47m16.854775807s", "window: 24h0m0s"}},
		{func(c *Config) { c.Every = 1 }, []string{"every: 1ns", "window: 24h0m0s", "1440"}},
		{func(c *Config) { c.AllowedLateness = math.MaxInt64 }, []string{"allowed_lateness: 2562047h47m16.854775807s", "87600h0m0s"}},
		{func(c *Config) { c.IdleTimeout = math.MaxInt64 }, []string{"idle_timeout: 2562047h47m16.854775807s", "87600h0m0s"}},
		{func(c *Config) { c.SuppressFor = math.MaxInt64 }, []string{"suppress_for: 2562047h47m16.854775807s", "87600h0m0s"}},
		{func(c *Config) { c.Window = maxDuration + 1 }, []string{"window: 87600h0m0.000000001s"}},
		{func(c *Config) { c.Window = math.MinInt64 }, []string{"window: -2562047h47m16.854775808s"}},
		{func(c *Config) { c.Match.Extensions = []string{""} }, []string{"match::extensions", "[]"}},
		{func(c *Config) { c.Match.Extensions = []string{".aspx", "set:perl"} }, []string{"match::extensions", `"set:perl"`, "set:all_scripts, set:asp, set:aspx, set:coldfusion, set:handlers, set:php"}},
		{func(c *Config) { c.Match.Extensions = []string{"set:"} }, []string{"match::extensions", `"set:"`}},
		{func(c *Config) { c.Match.UserAgentPrefixes = []string{""} }, []string{"match::user_agent_prefixes", "[]"}},
		{func(c *Config) { c.MinClients = 2 }, []string{"max_clients: 0", "1 to 1000"}},
		{func(c *Config) { c.MaxClients = 1001 }, []string{"max_clients: 1001", "1 to 1000"}},
		{func(c *Config) { c.MinClients, c.MaxClients = 3, 2 }, []string{"min_clients: 3", "max_clients: 2"}},
		{func(c *Config) { c.MinClients, c.MaxClients = -1, 2 }, []string{"min_clients: -1"}},
		{func(c *Config) { c.MaxClients, c.ClientThreshold = 3, 5 }, []string{"max_clients: 3", "client_threshold", "remove"}},
		{func(c *Config) { c.MaxClients, c.Comparison = 3, LessOrEqual }, []string{"max_clients: 3", "comparison", "remove"}},
		{func(c *Config) { c.OnlyNew = -1 }, []string{"only_new: -1ns"}},
		{func(c *Config) { c.OnlyNew = math.MaxInt64 }, []string{"only_new: 2562047h47m16.854775807s"}},
		{func(c *Config) { c.Match.Methods = []string{"GET,POST"} }, []string{"match::methods", `"GET,POST"`, "one method"}},
		{func(c *Config) { c.Match.Methods = []string{"-"} }, []string{"match::methods", "[]"}},
		{func(c *Config) { c.Match.PathPrefixes = []string{"uploads"} }, []string{"match::path_prefixes", `"uploads"`}},
		{func(c *Config) { c.Match.PathPrefixes = []string{"//"} }, []string{"match::path_prefixes", "segment"}},
		{func(c *Config) { c.Match.StatusCodes = []int{20} }, []string{"match::status_codes: 20", "100 to 999"}},
		{func(c *Config) { c.Match.PrivateClients = "no" }, []string{`match::private_clients: "no"`, "exclude or include"}},
		{func(c *Config) { c.Match.PrivateServers = "" }, []string{"match::private_servers"}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Paths: []string{"/a"}}} }, []string{"exclude[0]", "name"}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Name: "x"}} }, []string{"exclude[0]", "all empty"}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Name: "x", Clients: []string{"10.0.0.0/33"}}} }, []string{"exclude[0]", "clients", "10.0.0.0/33", "CIDR"}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Name: "x", Paths: []string{"health"}}} }, []string{"paths", `"health"`}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Name: "x", Paths: []string{"/"}}} }, []string{"paths", "at least one segment"}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Name: "x", Hosts: []string{"a*b"}}} }, []string{"hosts", "*.suffix"}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Name: "x", UserAgents: []string{""}}} }, []string{"user_agents"}},
		{func(c *Config) { c.Exclude = []ExcludeConfig{{Name: "preset:x", Paths: []string{"/a"}}} }, []string{"preset:"}},
		{func(c *Config) {
			c.Exclude = []ExcludeConfig{{Name: "x", Paths: []string{"/a"}}, {Name: "x", Paths: []string{"/b"}}}
		}, []string{"exclude[1]", "twice"}},
		{func(c *Config) { c.ExcludePresets = []string{"cron"} }, []string{"exclude_presets", `"cron"`, "admin_tasks, backup, log_aggregation, monitoring, software_updates"}},
		{func(c *Config) { c.ExcludePresets = []string{"backup", "backup"} }, []string{"exclude_presets", "twice"}},
	} {
		c := DefaultConfig()
		tt.change(&c)
		err := c.Check()
		if err == nil {
			t.Errorf("no error; want one with %q", tt.want)
			continue
		}
		for _, w := range tt.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error %q lacks %q", err, w)
			}
		}
	}
}
