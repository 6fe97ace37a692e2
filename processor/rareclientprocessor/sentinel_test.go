// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"context"
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

	"github.com/iishunt/iishunt/internal/detection"
	"github.com/iishunt/iishunt/internal/rareclient"
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/sentineltest"
	"github.com/iishunt/iishunt/processor/rareclientprocessor/internal/metadata"
)

// sentinelColumns are those that the query looks at, but for the time.
var sentinelColumns = []string{"sSiteName", "cIP", "sIP", "csUriStem", "csUserAgent", "scStatus"}

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
	cases := sentineltest.Cases(t, root)
	require.Len(t, cases, 81)
	for name, form := range sentinelForms {
		for _, c := range cases {
			t.Run(name+"/"+c.ID, func(t *testing.T) {
				ld := plog.NewLogs()
				for _, row := range c.Input {
					read := map[string]string{}
					for _, column := range sentinelColumns {
						if value, ok := row[column]; ok {
							read[column] = value
						}
					}
					form.put(ld.ResourceLogs().AppendEmpty(), row.Time(t), read)
				}
				cfg := createDefaultConfig().(*Config)
				cfg.Input = form.input
				cfg.Semantics = rule.Sentinel
				cfg.Forward = ForwardNone
				cfg.ClientThreshold = c.Threshold
				cfg.Match.Extensions = c.Extensions
				require.NoError(t, cfg.Validate())
				got := sentinelFindings(t, detect(t, cfg, ld))
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
		for lr := range detection.Records(ld) {
			if detection.EventOf(lr) == detection.Detection {
				out = append(out, lr)
			}
		}
	}
	return out
}

func sentinelFindings(t *testing.T, records []plog.LogRecord) []sentineltest.Finding {
	out := []sentineltest.Finding{}
	for _, lr := range records {
		d, ok := detection.Read(lr)
		require.True(t, ok)
		out = append(out, sentineltest.Finding{
			Path: d.Path, UserAgent: d.UserAgent, FirstSeen: d.First, QueryEnd: d.Last,
			Clients: d.Clients, Sites: d.Sites, Requests: d.Requests,
		})
	}
	return out
}
