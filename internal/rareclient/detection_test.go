// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/golden"
	"github.com/iishunt/iishunt/internal/rule"
)

// equalLogs compares logs, as indented OTLP JSON, with a golden file.
func equalLogs(t *testing.T, name string, ld plog.Logs) {
	t.Helper()
	raw, err := new(plog.JSONMarshaler).MarshalLogs(ld)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, json.Indent(&out, raw, "", "  "))
	out.WriteByte('\n')
	golden.Equal(t, filepath.Join("testdata", name), out.Bytes())
}

// storyRecord is a request with everything that a finding can tell.
func storyRecord(ld plog.Logs, at time.Time, method, query string) {
	lr := request(ld, at, "/uploads/logo.aspx", "203.0.113.7")
	a := lr.Attributes()
	a.PutStr("http.request.method", method)
	a.PutStr("url.query", query)
	a.PutStr("server.address", "shop.example.com")
	a.PutEmptySlice("http.request.header.referer").AppendEmpty().SetStr("https://shop.example.com/upload.aspx")
	a.PutEmptySlice("http.request.header.cookie").AppendEmpty().SetStr("session=secret")
	a.PutStr("http.request.header.authorization", "Basic secret")
	a.PutStr("user.name", `SHOP\web`)
	a.PutInt("http.response.size", 512)
	a.PutStr("log.file.name", "u_ex000101.log")
}

func TestDetectionRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble's clock begins at 2000-01-01T00:00:00Z
		sink := new(consumertest.LogsSink)
		cfg := DefaultConfig()
		cfg.Evidence = 2
		h := start(t, cfg, zap.NewNop(), nil, sink)
		ld := plog.NewLogs()
		begin := time.Now()
		storyRecord(ld, begin.Add(time.Minute), "POST", "cmd=whoami")
		storyRecord(ld, begin.Add(2*time.Minute), "GET", "")
		storyRecord(ld, begin.Add(3*time.Minute), "GET", "dir=c:")
		ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(2).Attributes().PutStr("http.request.header.referer", "https://evil.example.net/")
		time.Sleep(3 * time.Minute)
		require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		require.NoError(t, h.Shutdown(t.Context()))
		require.Len(t, sink.AllLogs(), 1)
		raw, err := new(plog.JSONMarshaler).MarshalLogs(sink.AllLogs()[0])
		require.NoError(t, err)
		require.NotContains(t, string(raw), "secret", "cookies and authorization never leave")
		equalLogs(t, "detection.json", sink.AllLogs()[0])
	})
}

func TestDetectionOfSeveralClientsAndAnotherRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		cfg := DefaultConfig()
		cfg.GroupBy = []string{"url.path"}
		cfg.Comparison = rule.LessOrEqual
		cfg.ClientThreshold = 5
		cfg.Evidence = 0
		cfg.Rule = RuleConfig{
			ID: "b7e0", Name: "Few clients", Severity: "High",
			Tactics:    []Threat{{"TA0003", "Persistence"}, {"TA0011", "Command and Control"}},
			Techniques: []Threat{{"T1505.003", "Web Shell"}},
		}
		h := start(t, cfg, zap.NewNop(), nil, sink)
		ld := plog.NewLogs()
		for _, client := range []string{"203.0.113.9", "2001:db8::1", "203.0.113.10", "203.0.113.8"} {
			request(ld, time.Now(), "/few.aspx", client)
		}
		require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		require.NoError(t, h.Shutdown(t.Context()))
		equalLogs(t, "several_clients.json", sink.AllLogs()[0])
	})
}

func TestSubjectWithoutAPath(t *testing.T) {
	f := &engine.Finding{Values: []string{"bob", "POST"}, Clients: []string{"203.0.113.1"}, Requests: 2}
	require.Equal(t, "1 client (203.0.113.1) made all 2 requests for user.name=bob, http.request.method=POST "+
		"between 1970-01-01T00:00:00Z and 1970-01-01T00:00:00Z", sentence(f, []string{"user.name", "http.request.method"}, ""))
}

func TestLongListsAreCutInTheSentenceOnly(t *testing.T) {
	require.Equal(t, "a, b, c and 2 more", listed([]string{"a", "b", "c", "d", "e"}))
	require.Equal(t, strings.Repeat("x", maxInSentence)+"…", short(strings.Repeat("x", 500)))
}

func TestRuleValidation(t *testing.T) {
	for _, tt := range []struct {
		change func(*RuleConfig)
		want   string
	}{
		{func(r *RuleConfig) { r.ID = "" }, "rule: id and name"},
		{func(r *RuleConfig) { r.Severity = "low" }, `rule::severity: "low"`},
		{func(r *RuleConfig) { r.Tactics[0].ID = "T1190" }, "rule::tactics"},
		{func(r *RuleConfig) { r.Techniques[0].ID = "TA0001" }, "rule::techniques"},
	} {
		c := DefaultConfig()
		tt.change(&c.Rule)
		require.ErrorContains(t, c.Check(), tt.want)
	}
}

func TestExtract(t *testing.T) {
	at := time.Date(2026, 3, 2, 1, 10, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		change func(pcommon.Map)
		check  func(*testing.T, rule.Request)
	}{
		{"the host name asked for", func(m pcommon.Map) { m.PutStr("server.address", "shop.example.com") }, func(t *testing.T, r rule.Request) {
			require.Equal(t, "shop.example.com", r.Host)
			require.Equal(t, "198.51.100.5", r.Server)
		}},
		{"no host name: the address stands twice", func(m pcommon.Map) { m.PutStr("server.address", "198.51.100.5") }, func(t *testing.T, r rule.Request) {
			require.Empty(t, r.Host)
		}},
		{"only server.address, an address", func(m pcommon.Map) {
			m.Remove("network.local.address")
			m.PutStr("server.address", "10.0.0.9")
		}, func(t *testing.T, r rule.Request) {
			require.Equal(t, "10.0.0.9", r.Server)
		}},
		{"status as text", func(m pcommon.Map) { m.PutStr("http.response.status_code", "200") }, func(t *testing.T, r rule.Request) {
			require.Equal(t, 200, r.Status)
		}},
		{"status that is no number", func(m pcommon.Map) { m.PutStr("http.response.status_code", "200.5") }, func(t *testing.T, r rule.Request) {
			require.Equal(t, statusNotNumber, r.Status)
		}},
		{"status as a fraction", func(m pcommon.Map) { m.PutDouble("http.response.status_code", 200.5) }, func(t *testing.T, r rule.Request) {
			require.Equal(t, statusNotNumber, r.Status)
		}},
		{"status as JSON parsers give it", func(m pcommon.Map) { m.PutDouble("http.response.status_code", 200) }, func(t *testing.T, r rule.Request) {
			require.Equal(t, 200, r.Status)
		}},
		{"a method that is none of HTTP's", func(m pcommon.Map) {
			m.PutStr("http.request.method", "_OTHER")
			m.PutStr("http.request.method_original", "RPC_IN_DATA")
		}, func(t *testing.T, r rule.Request) {
			require.Equal(t, "RPC_IN_DATA", r.Method)
		}},
		{"referer as text, and an empty list", func(m pcommon.Map) { m.PutStr("http.request.header.referer", "x") }, func(t *testing.T, r rule.Request) {
			require.Equal(t, "x", r.Referer)
		}},
		{"empty list", func(m pcommon.Map) { m.PutEmptySlice("http.request.header.referer") }, func(t *testing.T, r rule.Request) {
			require.Empty(t, r.Referer)
		}},
		{"the path of the file rather than its name", func(m pcommon.Map) {
			m.PutStr("log.file.path", "/logs/W3SVC1/u.log")
			m.PutStr("log.file.name", "u.log")
		}, func(t *testing.T, r rule.Request) {
			require.Equal(t, "/logs/W3SVC1/u.log", r.File)
		}},
		{"a path that is no text", func(m pcommon.Map) { m.PutInt("url.path", 5) }, func(t *testing.T, r rule.Request) {
			require.Equal(t, "5", r.Path)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lr := request(plog.NewLogs(), at, "/a.aspx", "203.0.113.1")
			tt.change(lr.Attributes())
			cfg := DefaultConfig()
			x := newExtractor(engine.New(cfg.Config, "", rule.NewSeed()), &cfg)
			var r rule.Request
			x.read(lr.Attributes(), &r)
			require.False(t, x.semconv.parseError)
			tt.check(t, r)
		})
	}
}

// What is said of a page is true of the page, not only of a browser on it.
func TestSentenceNamesEveryKeyAndThePagesOtherClients(t *testing.T) {
	keys := []string{"url.path", "user_agent.original"}
	f := engine.Finding{Values: []string{"/default.aspx", "Trident/7.0"}, Clients: []string{"203.0.113.231"}, Requests: 1}
	for want, page := range map[string]engine.PageClients{
		"more than 5 clients asked for the page":           {Count: 5, More: true},
		"31 clients asked for the page":                    {Count: 31},
		"nobody else asked for the page":                   {Count: 1},
		"how many clients asked for the page is not known": {},
	} {
		f.PageClients = page
		require.Equal(t, "1 client (203.0.113.231) made the only request for /default.aspx with this browser (Trident/7.0) at 1970-01-01T00:00:00Z; "+want, sentence(&f, keys, ""))
	}
	f.PageClients, f.Reasons = engine.PageClients{Count: 1}, 1
	require.Contains(t, sentence(&f, keys, ""), "nobody else was seen to ask for the page")
	f.Counted = []string{"anna"}
	require.Equal(t, "1 value (anna) of user.name in the only request for /default.aspx with this browser (Trident/7.0) at 1970-01-01T00:00:00Z; no other value was seen with requests for the page",
		sentence(&f, keys, "user.name"))
	f.Counted, f.Page, f.Path, f.Paths = nil, "/default.aspx", "/Default.aspx/x", []string{"/Default.aspx", "/Default.aspx/x"}
	require.Contains(t, sentence(&f, []string{"iis.page", "user_agent.original"}, ""), "for /Default.aspx/x (written in 2 ways) with this browser (Trident/7.0) at")
	f.Values, f.Path, f.Paths = f.Values[:1], "", nil
	require.Equal(t, "1 client (203.0.113.231) made the only request for /default.aspx at 1970-01-01T00:00:00Z", sentence(&f, keys[:1], ""))
}
