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
	"github.com/iishunt/iishunt/internal/rule"
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

// columns returns the row's cells, those that it does not name by their default.
func (r *sentinelRow) columns(defaults map[string]any) map[string]string {
	out := map[string]string{}
	for column, value := range map[string]*string{
		"sSiteName": r.Site, "cIP": r.Client, "sIP": r.Server, "csUriStem": r.Stem, "csUserAgent": r.UserAgent, "scStatus": r.Status,
	} {
		if value != nil {
			out[column] = *value
		} else if v, ok := defaults[column].(string); ok {
			out[column] = v
		}
	}
	return out
}

// sentinelForms are the ways in which a row can reach the processor.
var sentinelForms = map[string]struct {
	input rareclient.Input
	put   func(rl plog.ResourceLogs, at time.Time, row map[string]string)
}{
	"attributes of iis_log": {rareclient.InputSemconv, putSemconv},
	"columns as attributes": {rareclient.InputTable, func(rl plog.ResourceLogs, at time.Time, row map[string]string) {
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		putColumns(lr.Attributes(), row)
		lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	}},
	"columns in a map body": {rareclient.InputTable, func(rl plog.ResourceLogs, at time.Time, row map[string]string) {
		body := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetEmptyMap()
		putColumns(body, row)
		body.PutStr("TimeGenerated", at.UTC().Format("2006-01-02T15:04:05.0000000Z"))
	}},
	"rows of the portal's export": {rareclient.InputTable, func(rl plog.ResourceLogs, at time.Time, row map[string]string) {
		body := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetEmptyMap()
		putColumns(body, row)
		body.PutStr("TimeGenerated", at.UTC().Format("1/2/2006, 3:04:05.000 PM"))
	}},
}

func putSemconv(rl plog.ResourceLogs, at time.Time, row map[string]string) {
	if v, ok := row["sSiteName"]; ok {
		rl.Resource().Attributes().PutStr("iis.site", v)
	}
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	for column, key := range map[string]string{
		"cIP": "client.address", "sIP": "network.local.address", "csUriStem": "url.path", "csUserAgent": "user_agent.original",
	} {
		if v, ok := row[column]; ok {
			lr.Attributes().PutStr(key, v)
		}
	}
	if v, ok := row["scStatus"]; ok {
		if n, err := strconv.Atoi(v); err == nil { // iis_log writes a number, and keeps a text that is none
			lr.Attributes().PutInt("http.response.status_code", int64(n))
		} else {
			lr.Attributes().PutStr("http.response.status_code", v)
		}
	}
}

func putColumns(m pcommon.Map, row map[string]string) {
	for k, v := range row {
		m.PutStr(k, v)
	}
}

// TestSentinelCases runs the worked cases of the query, all rows in one window,
// as iis_log would write them and as rows of the table.
func TestSentinelCases(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "sentinel", "cases.json"))
	require.NoError(t, err)
	var cases sentinelCases
	require.NoError(t, json.Unmarshal(raw, &cases))
	require.Len(t, cases.Cases, 81)
	for name, form := range sentinelForms {
		for _, c := range cases.Cases {
			t.Run(name+"/"+c.ID, func(t *testing.T) {
				ld := plog.NewLogs()
				for i := range c.Input {
					form.put(ld.ResourceLogs().AppendEmpty(), c.Input[i].TimeGenerated, c.Input[i].columns(cases.Meta.RowDefaults))
				}
				cfg := createDefaultConfig().(*Config)
				cfg.Input = form.input
				cfg.Semantics = rule.Sentinel
				cfg.Forward = ForwardNone
				cfg.ClientThreshold = c.Threshold
				cfg.Match.Extensions = c.Extensions
				require.NoError(t, cfg.Validate())
				got := sentinelFindings(detect(t, cfg, ld))
				want := slices.Clone(c.Expected)
				for i := range want {
					sites := slices.Sorted(slices.Values(want[i].Sites))
					want[i].Sites = slices.Compact(sites) // the query lists a site once per client
				}
				require.ElementsMatch(t, want, got, "%s: %s", c.Title, c.Reason)
			})
		}
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
