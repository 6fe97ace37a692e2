// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
)

// What a record says may be said by its resource, once for many records:
// groupbyattrs moves attributes there. The request is the same, and so is the
// stream of records in order of time: else each client would be a stream of its own,
// which all others wait for.
func TestWhatTheRecordSaysTheResourceMaySay(t *testing.T) {
	semconv := map[string]string{
		"url.path": "/a.aspx", "user_agent.original": "Mozilla/5.0", "client.address": "203.0.113.1", "http.response.status_code": "200",
		"network.local.address": "198.51.100.5", "server.address": "shop.example.com", "iis.site": "W3SVC1",
		"http.request.method": "_OTHER", "http.request.method_original": "BREW", "url.query": "a=1", "http.request.header.referer": "https://shop.example.com/",
		"user.name": "anna", "http.response.size": "512", "log.file.path": "/logs/u_ex260302.log", "log.file.name": "u.log", "team": "web",
		"log.record.uid": "00112233445566778899aabbccddeeff-0123456789abcdef-0-120",
	}
	table := map[string]string{
		"TimeGenerated": "2026-03-02T10:00:00Z", "Computer": "web01", "csUriStem": "/a.aspx", "csUserAgent": "Mozilla/5.0", "cIP": "203.0.113.1",
		"sIP": "198.51.100.5", "scStatus": "200", "sSiteName": "W3SVC1", "csMethod": "POST", "csUriQuery": "a=1", "csReferer": "-",
		"csUserName": "anna", "csHost": "shop.example.com", "scBytes": "512", "log.file.name": "u.log", "team": "web",
	}
	for input, row := range map[Input]map[string]string{InputSemconv: semconv, InputTable: table} {
		cfg := DefaultConfig()
		cfg.Input = input
		cfg.GroupBy = []string{"url.path", "user_agent.original", "team", "iis.site"}
		cfg.Count.Attribute = "user.name"
		x := newExtractor(engine.New(cfg.Config, "", rule.NewSeed()), &cfg)
		read := func(onResource func(string) bool) (rule.Request, []string, []string) {
			ld := plog.NewLogs()
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", "iis")
			lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			for k, v := range row {
				if onResource(k) {
					rl.Resource().Attributes().PutStr(k, v)
				} else {
					lr.Attributes().PutStr(k, v)
				}
			}
			x.extract(ld, 1)
			return x.request, x.values, x.resource
		}
		request, values, source := read(func(string) bool { return false })
		values = append([]string(nil), values...)
		require.NotEmpty(t, request.Path)
		require.Equal(t, "anna", request.Counted)
		for k := range row {
			got, gotValues, gotSource := read(func(name string) bool { return name == k })
			require.Equal(t, request, got, "%s on the resource", k)
			require.Equal(t, values, gotValues, "%s on the resource", k)
			if x.ofRequests(k) {
				require.Equal(t, source, gotSource, "%s on the resource", k)
			}
		}
		got, gotValues, _ := read(func(string) bool { return true })
		require.Equal(t, request, got, "all on the resource")
		require.Equal(t, values, gotValues)
		got, _, _ = read(func(string) bool { return false })
		require.Equal(t, request, got, "nothing is left of the resource before")
	}
}
