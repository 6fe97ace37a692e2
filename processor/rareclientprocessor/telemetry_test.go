// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/processor/rareclientprocessor/internal/metadata"
)

// put appends a log record; an empty text leaves the attribute out.
func put(ld plog.Logs, at time.Time, status int64, path, client, server, agent string) plog.LogRecord {
	lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	if !at.IsZero() {
		lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	}
	for k, v := range map[string]string{"url.path": path, "client.address": client, "network.local.address": server, "user_agent.original": agent} {
		if v != "" {
			lr.Attributes().PutStr(k, v)
		}
	}
	if status != 0 {
		lr.Attributes().PutInt("http.response.status_code", status)
	}
	return lr
}

func newLogs() plog.Logs {
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	return ld
}

// scenario gives the processor one record of every fate.
func scenario(now time.Time) plog.Logs {
	const moz, srv = "Mozilla/5.0", "198.51.100.5"
	ld := newLogs()
	put(ld, now, 200, "/a.aspx", "203.0.113.1", srv, moz)                   // a finding
	put(ld, now, 200, "/b.aspx", "203.0.113.1", srv, moz)                   // settled by the next
	put(ld, now, 200, "/b.aspx", "203.0.113.2", srv, moz)                   //
	put(ld, now, 200, "/c.aspx", "203.0.113.1", srv, moz)                   // over max_groups
	put(ld, now, 200, "/a.css", "203.0.113.1", srv, moz)                    // extension
	put(ld, now, 404, "/a.aspx", "203.0.113.1", srv, moz)                   // status
	put(ld, now, 200, "/a.aspx", "10.0.0.1", srv, moz)                      // private client
	put(ld, now, 200, "/a.aspx", "203.0.113.1", "10.0.0.1", moz)            // private server
	put(ld, now, 200, "/a.aspx", "203.0.113.1", srv, "curl")                // user agent
	put(ld, now, 200, "/ok/a.aspx", "203.0.113.1", srv, moz)                // excluded
	put(ld, now, 200, "/a.aspx", "", srv, moz)                              // missing attribute
	put(ld, now.Add(time.Hour), 200, "/a.aspx", "203.0.113.1", srv, moz)    // future, a group of its own window
	put(ld, now.Add(25*time.Hour), 200, "/a.aspx", "203.0.113.1", srv, moz) // too far ahead
	put(ld, now, 0, "", "", "", "")                                         // not a request
	put(ld, time.Time{}, 0, "", "", "", "").Attributes().PutStr("iis.parse_error", "15 values for 22 columns")
	return ld
}

func TestEveryMetricMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		set := processortest.NewNopSettings(metadata.Type)
		set.TelemetrySettings = tel.NewTelemetrySettings()
		cfg := createDefaultConfig().(*Config)
		cfg.Window = 24 * time.Hour
		cfg.Every = time.Hour
		cfg.SuppressFor = 90 * time.Minute
		cfg.Forward = ForwardNone
		cfg.MaxGroups = 2
		cfg.WindowRecords = false // the answers are for detections
		cfg.Exclude = []rule.ExcludeConfig{{Name: "ok", Paths: []string{"/ok"}}}
		require.NoError(t, cfg.Validate())
		next := &answers{errs: []error{errors.New("full"), nil, nil /* the correction */}}
		for range 100 { // whatever is offered, however short
			next.errs = append(next.errs, consumererror.NewPermanent(errors.New("no")))
		}
		p, err := NewFactory().CreateLogs(t.Context(), set, cfg, next)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))

		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(90 * time.Minute)))
		begin := time.Now()
		require.NoError(t, p.ConsumeLogs(t.Context(), scenario(begin)))
		before := values(t, tel)
		time.Sleep(61 * time.Minute) // one window closes; its finding is refused first
		late := newLogs()
		put(late, begin, 200, "/a.aspx", "203.0.113.2", "198.51.100.5", "Mozilla/5.0")
		require.NoError(t, p.ConsumeLogs(t.Context(), late))
		time.Sleep(2 * time.Hour) // more windows close: the finding is the same
		put(late, time.Now(), 200, "/z.aspx", "203.0.113.2", "198.51.100.5", "Mozilla/5.0")
		require.NoError(t, p.ConsumeLogs(t.Context(), late))
		during := values(t, tel)
		require.NoError(t, p.Shutdown(context.Background()))
		after := values(t, tel)

		for name, want := range map[string]int64{
			"records outcome=matched": 5, "records outcome=extension": 1, "records outcome=status": 1,
			"records outcome=private_client": 1, "records outcome=private_server": 1, "records outcome=user_agent": 1,
			"records outcome=not_a_request": 1, "excluded exclusion=ok": 1,
			"lost reason=max_groups": 2, "lost reason=future_time": 1, "lost reason=missing_attribute": 1, "lost reason=parse_error": 1,
			"future_timestamps": 2, "groups state=open": 1, "groups state=settled": 1, "sources": 1,
			"groups_used": 2, "groups_limit": 2, "next_window_end": begin.Truncate(time.Hour).Add(time.Hour).Unix(),
		} {
			if name == "records outcome=matched" {
				want++ // the future one and the excluded one
			}
			require.Equal(t, want, before[name], "%s in %v", name, before)
		}
		require.EqualValues(t, 2, during["lost reason=late"], "%v", during)
		require.NotZero(t, during["lost reason=sender_began"])
		require.NotZero(t, during["windows complete=false"])
		require.EqualValues(t, 1, during["detections complete=false"])
		require.NotZero(t, during["detections_suppressed"])
		require.NotZero(t, after["detections_dropped"], "refused for good")
		require.Contains(t, during, "watermark_lag")
		require.Contains(t, before, "detections_waiting")
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}

type answers struct {
	consumertest.LogsSink
	errs []error
}

func (a *answers) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if len(a.errs) > 0 {
		err := a.errs[0]
		a.errs = a.errs[1:]
		if err != nil {
			return err
		}
	}
	return a.LogsSink.ConsumeLogs(ctx, ld)
}

// values reads every metric of the processor as "name key=value"; each point names
// the component.
func values(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	var rm metricdata.ResourceMetrics
	require.NoError(t, tel.Reader.Collect(context.Background(), &rm))
	out := map[string]int64{}
	key := func(name string, set attribute.Set) string {
		const prefix = "otelcol_processor_rare_client_"
		require.Greater(t, len(name), len(prefix), name)
		require.True(t, set.HasValue("processor"), name)
		name = name[len(prefix):]
		for _, kv := range set.ToSlice() {
			if kv.Key == "processor" {
				continue // the same on all
			}
			name += fmt.Sprintf(" %s=%s", kv.Key, kv.Value.String())
		}
		return name
	}
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					out[key(m.Name, p.Attributes)] = p.Value
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					out[key(m.Name, p.Attributes)] = p.Value
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					out[key(m.Name, p.Attributes)] = int64(p.Value)
				}
			}
		}
	}
	return out
}
