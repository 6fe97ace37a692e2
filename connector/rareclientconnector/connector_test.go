// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientconnector

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.yaml.in/yaml/v3"

	"github.com/iishunt/iishunt/connector/rareclientconnector/internal/metadata"
	"github.com/iishunt/iishunt/internal/detection"
)

func load(raw map[string]any) (*Config, error) {
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(raw).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

// requests returns one log record for each client of a page.
func requests(at time.Time, path string, clients ...string) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, client := range clients {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
		lr.Body().SetStr("the log line")
		a := lr.Attributes()
		a.PutStr("url.path", path)
		a.PutStr("user_agent.original", "Mozilla/5.0")
		a.PutStr("client.address", client)
		a.PutInt("http.response.status_code", 200)
	}
	return ld
}

// Records in, detections alone out: nothing of the input reaches the other pipeline.
func TestOnlyDetectionsComeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		set := connectortest.NewNopSettings(metadata.Type)
		set.TelemetrySettings = tel.NewTelemetrySettings()
		cfg, err := load(map[string]any{"window": "1h"})
		require.NoError(t, err)
		sink := new(consumertest.LogsSink)
		c, err := NewFactory().CreateLogsToLogs(t.Context(), set, cfg, sink)
		require.NoError(t, err)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))

		require.NoError(t, c.ConsumeLogs(t.Context(), requests(time.Now(), "/shell.aspx", "203.0.113.7", "203.0.113.7")))
		require.NoError(t, c.ConsumeLogs(t.Context(), requests(time.Now(), "/shop.aspx", "203.0.113.7", "203.0.113.8")))
		require.Empty(t, sink.AllLogs())
		time.Sleep(2 * time.Hour) // the window ends and is evaluated

		var events []string
		for _, ld := range sink.AllLogs() {
			for lr := range detection.Records(ld) {
				events = append(events, lr.EventName())
			}
		}
		require.Equal(t, []string{"iishunt.window", "iishunt.rare_client", "iishunt.window"}, events)
		scope := sink.AllLogs()[1].ResourceLogs().At(0).ScopeLogs().At(0)
		require.Equal(t, metadata.ScopeName, scope.Scope().Name())
		lr := scope.LogRecords().At(0)
		require.Equal(t, "iishunt.rare_client", lr.EventName())
		require.Contains(t, lr.Body().Str(), "1 client (203.0.113.7) made all 2 requests for /shell.aspx")

		var rm metricdata.ResourceMetrics
		require.NoError(t, tel.Reader.Collect(context.Background(), &rm))
		moved := 0
		for _, sm := range rm.ScopeMetrics {
			for _, m := range sm.Metrics {
				require.True(t, strings.HasPrefix(m.Name, "otelcol_connector_rare_client_"), m.Name)
				if d, ok := m.Data.(metricdata.Gauge[int64]); ok {
					require.True(t, d.DataPoints[0].Attributes.HasValue("connector"), "%s names the component", m.Name)
					moved++
				}
			}
		}
		require.NotZero(t, moved)
		require.NoError(t, c.Shutdown(t.Context()))
		require.NoError(t, tel.Shutdown(context.Background()))
	})
}

func TestConfig(t *testing.T) {
	_, err := load(map[string]any{"forward": "all"})
	require.ErrorContains(t, err, "forward", "a key that would do nothing does not exist")
	_, err = load(map[string]any{"every": "48h"})
	require.ErrorContains(t, err, "every: 48h0m0s is longer than window")
	require.Equal(t, 1, strings.Count(err.Error(), "every: 48h0m0s"), "told once")
}

func TestTheReadmesConfigurationIsRead(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		var doc struct {
			Connectors map[string]map[string]any `yaml:"connectors"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(block[1]), &doc))
		require.NotEmpty(t, doc.Connectors, "%s", block[1])
		for _, raw := range doc.Connectors {
			_, err := load(raw)
			require.NoError(t, err)
		}
	}
}
