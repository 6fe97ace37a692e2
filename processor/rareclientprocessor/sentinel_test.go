// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/iishunt/iishunt/internal/rareclient"
	"github.com/iishunt/iishunt/processor/rareclientprocessor/internal/metadata"
)

type sentinelRow struct {
	TimeGenerated time.Time `json:"TimeGenerated"`
	Site          *string   `json:"sSiteName"`
	Client        *string   `json:"cIP"`
	Server        *string   `json:"sIP"`
	Stem          *string   `json:"csUriStem"`
	UserAgent     *string   `json:"csUserAgent"`
	Status        *string   `json:"scStatus"`
}

type sentinelFinding struct {
	Path         string    `json:"url_path"`
	UserAgent    string    `json:"user_agent"`
	FirstSeen    time.Time `json:"first_seen"`
	QueryEndTime time.Time `json:"query_end_time"`
	Clients      []string  `json:"clients"`
	Sites        []string  `json:"sites"`
	Requests     int64     `json:"request_count"`
}

type sentinelCases struct {
	Meta struct {
		RowDefaults map[string]any `json:"row_defaults"`
	} `json:"meta"`
	Cases []struct {
		ID         string            `json:"id"`
		Title      string            `json:"title"`
		Threshold  int               `json:"client_threshold"`
		Extensions []string          `json:"extensions"`
		Input      []sentinelRow     `json:"input"`
		Expected   []sentinelFinding `json:"expected"`
		Reason     string            `json:"reason"`
	} `json:"cases"`
}

func (r *sentinelRow) record(rls plog.ResourceLogsSlice, defaults map[string]any) {
	rl := rls.AppendEmpty()
	put := func(m pcommon.Map, key, column string, value *string) {
		if value != nil {
			m.PutStr(key, *value)
		} else if v, ok := defaults[column].(string); ok {
			m.PutStr(key, v)
		}
	}
	put(rl.Resource().Attributes(), "iis.site", "sSiteName", r.Site)
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(r.TimeGenerated))
	a := lr.Attributes()
	put(a, "client.address", "cIP", r.Client)
	put(a, "network.local.address", "sIP", r.Server)
	put(a, "url.path", "csUriStem", r.Stem)
	put(a, "user_agent.original", "csUserAgent", r.UserAgent)
	put(a, "http.response.status_code", "scStatus", r.Status)
	if v, ok := a.Get("http.response.status_code"); ok {
		if n, err := strconv.Atoi(v.Str()); err == nil { // iis_log writes a number, and keeps a text that is none
			a.PutInt("http.response.status_code", int64(n))
		}
	}
}

// TestSentinelCases runs the worked cases of the query, all rows in one window.
func TestSentinelCases(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sentinel", "cases.json"))
	require.NoError(t, err)
	var cases sentinelCases
	require.NoError(t, json.Unmarshal(raw, &cases))
	require.Len(t, cases.Cases, 81)
	for _, c := range cases.Cases {
		t.Run(c.ID, func(t *testing.T) {
			ld := plog.NewLogs()
			for i := range c.Input {
				c.Input[i].record(ld.ResourceLogs(), cases.Meta.RowDefaults)
			}
			cfg := createDefaultConfig().(*Config)
			cfg.Semantics = rareclient.Sentinel
			cfg.Forward = ForwardNone
			cfg.ClientThreshold = c.Threshold
			cfg.Match.Extensions = c.Extensions
			require.NoError(t, cfg.Validate())
			got := sentinelFindings(detect(t, cfg, ld))
			for i := range c.Expected {
				slices.Sort(c.Expected[i].Sites)
				c.Expected[i].Sites = slices.Compact(c.Expected[i].Sites) // the query lists a site once per client
			}
			require.ElementsMatch(t, c.Expected, got, "%s: %s", c.Title, c.Reason)
		})
	}
}

// detect runs the processor over the records and shuts it down.
func detect(t *testing.T, cfg *Config, ld plog.Logs) []plog.LogRecord {
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeLogs(context.Background(), ld))
	require.NoError(t, p.Shutdown(context.Background()))
	var out []plog.LogRecord
	for _, ld := range sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					out = append(out, lr)
				}
			}
		}
	}
	return out
}

func sentinelFindings(records []plog.LogRecord) []sentinelFinding {
	out := []sentinelFinding{}
	for _, lr := range records {
		a := lr.Attributes().AsRaw()
		out = append(out, sentinelFinding{
			Path: a["url.path"].(string), UserAgent: a["user_agent.original"].(string),
			FirstSeen: parseTime(a["detection.first_seen"]), QueryEndTime: parseTime(a["detection.last_seen"]),
			Clients: texts(a["detection.clients"]), Sites: texts(a["detection.sites"]),
			Requests: a["detection.request_count"].(int64),
		})
	}
	return out
}

func parseTime(v any) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, v.(string))
	return t
}

func texts(v any) []string {
	var out []string
	if list, ok := v.([]any); ok {
		for _, x := range list {
			out = append(out, x.(string))
		}
	}
	return out
}
