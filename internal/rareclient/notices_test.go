// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/rule"
)

// What an operator must be told, and how often.
func TestOperatorsAreTold(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(plog.LogRecord)
		hint   string
	}{
		{"every URI without extension", func(lr plog.LogRecord) { lr.Attributes().PutStr("url.path", "/route") }, "match::extensions"},
		{"every answer a redirect", func(lr plog.LogRecord) { lr.Attributes().PutInt("http.response.status_code", 302) }, "match::status_codes"},
		{"a load balancer's address for every client", func(lr plog.LogRecord) { lr.Attributes().PutStr("client.address", "10.0.0.4") }, "X-Forwarded-For"},
		{"servers behind NAT", func(lr plog.LogRecord) { lr.Attributes().PutStr("network.local.address", "10.0.0.4") }, "match::private_servers: include"},
		{"no client logged", func(lr plog.LogRecord) { lr.Attributes().Remove("client.address") }, "the records lack client.address"},
		{"no status logged", func(lr plog.LogRecord) { lr.Attributes().Remove("http.response.status_code") }, "the records lack http.response.status_code"},
		{"no user agent logged", func(lr plog.LogRecord) { lr.Attributes().Remove("user_agent.original") }, "cs(User-Agent)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logged := observer.New(zap.WarnLevel)
				h := start(t, hourly(), zap.New(core), nil, consumertest.NewNop())
				for range 3 { // three windows, one warning
					ld := plog.NewLogs()
					for range enoughToWarn {
						tt.change(request(ld, time.Now(), "/a.aspx", "203.0.113.1"))
					}
					require.NoError(t, h.ConsumeLogs(t.Context(), ld))
					time.Sleep(2 * time.Hour)
				}
				warnings := logged.FilterMessageSnippet("Nothing can be found").All()
				require.Len(t, warnings, 1)
				require.Contains(t, fmt.Sprint(warnings[0].Message, warnings[0].ContextMap()["hint"]), tt.hint)
				require.NoError(t, h.Shutdown(t.Context()))
			})
		})
	}
}

// Exclusions can leave out everything, too; and where a window before had what can
// be found, one that has nothing is no mistake.
func TestWhatBlocksIsSaidOnlyWhereNothingCanBeFound(t *testing.T) {
	for name, tt := range map[string]struct {
		paths []string // one window each
		says  string
	}{
		"an exclusion that covers all": {[]string{"/health/a.aspx", "/health/b.aspx"}, "exclusions left out every record"},
		"one that covers some":         {[]string{"/a.aspx", "/health/b.aspx"}, ""},
		"a night of robots alone":      {[]string{"/a.aspx", "/robots.txt"}, ""},
		"robots, then visitors":        {[]string{"/robots.txt", "/a.aspx"}, "one match stage dropped every record"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logged := observer.New(zap.WarnLevel)
				cfg := hourly()
				cfg.Exclude = []rule.ExcludeConfig{{Name: "health", Paths: []string{"/health"}}}
				h := start(t, cfg, zap.New(core), nil, consumertest.NewNop())
				for _, path := range tt.paths {
					ld := plog.NewLogs()
					for range enoughToWarn {
						request(ld, time.Now(), path, "203.0.113.1")
					}
					require.NoError(t, h.ConsumeLogs(t.Context(), ld))
					time.Sleep(2 * time.Hour)
				}
				var got string
				for _, w := range logged.FilterMessageSnippet("Nothing can be found").All() {
					got += w.Message
				}
				if tt.says == "" {
					require.Empty(t, got)
				}
				require.Contains(t, got, tt.says)
				require.NoError(t, h.Shutdown(t.Context()))
			})
		})
	}
}

func TestLogsThatAreNoWebLogsAreSaid(t *testing.T) {
	for input, missing := range map[Input]string{InputSemconv: "url.path", InputTable: "csUriStem"} {
		noWebLogs(t, input, missing)
	}
}

func noWebLogs(t *testing.T, input Input, missing string) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zap.WarnLevel)
		cfg := hourly()
		cfg.Input = input
		h := start(t, cfg, zap.New(core), nil, consumertest.NewNop())
		ld := plog.NewLogs()
		sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
		sl.Scope().SetName("example.com/otherreceiver")
		for range enoughForeign {
			sl.LogRecords().AppendEmpty().Body().SetStr("application started")
		}
		for range 3 {
			require.NoError(t, h.ConsumeLogs(t.Context(), ld))
			time.Sleep(time.Minute)
		}
		warnings := logged.FilterMessageSnippet(missing).All()
		require.Len(t, warnings, 1)
		require.Equal(t, "example.com/otherreceiver", warnings[0].ContextMap()["scope"])
		require.NoError(t, h.Shutdown(t.Context()))
	})
}

func TestLateRecordsAndTheEndOfABacklogAreSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zap.InfoLevel)
		h := start(t, hourly(), zap.New(core), nil, consumertest.NewNop())
		old := time.Now().Add(-50 * time.Hour)
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(old, "/a.aspx", "203.0.113.1")))
		time.Sleep(time.Hour)
		require.Equal(t, 1, logged.FilterMessageSnippet("every record received so far has been evaluated").Len())
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(old, "/a.aspx", "203.0.113.2")))
		time.Sleep(time.Hour)
		require.Equal(t, 1, logged.FilterMessageSnippet("allowed_lateness").Len())
		require.NoError(t, h.Shutdown(t.Context()))
	})
}
