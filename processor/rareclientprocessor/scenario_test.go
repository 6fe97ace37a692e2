// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.yaml.in/yaml/v3"

	"github.com/iishunt/iishunt/internal/detection"
	"github.com/iishunt/iishunt/internal/golden"
	"github.com/iishunt/iishunt/internal/rareclient"
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/storagetest"
	"github.com/iishunt/iishunt/processor/rareclientprocessor/internal/metadata"
)

var (
	root      = filepath.Join("..", "..")
	scenarios = filepath.Join(root, "testdata", "scenarios")
)

// A scenario is a folder: settings and records in, detections and metrics out.
// The README beside them says what each file is.
func TestScenarios(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(scenarios, "*", "config.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, path := range folders {
		folder := filepath.Dir(path)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				require.FileExists(t, filepath.Join(folder, "README.md"), "the reason")
				detections, metrics := runScenario(t, scenarioConfig(t, path), filepath.Join(folder, "records.jsonl"))
				golden.Equal(t, filepath.Join(folder, "detections.json"), detections)
				golden.Equal(t, filepath.Join(folder, "metrics.txt"), metrics)
			})
		})
	}
}

// Every preset, every ready-made configuration and every recipe has a scenario.
func TestNothingIsWithoutAScenario(t *testing.T) {
	var used []string
	paths, err := filepath.Glob(filepath.Join(scenarios, "*", "config.yaml"))
	require.NoError(t, err)
	for _, path := range paths {
		raw := readYAML(t, path)
		if file, ok := raw["use"].(string); ok {
			used = append(used, filepath.Base(file))
		}
		if recipe, ok := raw["recipe"].(string); ok {
			used = append(used, recipe)
		}
		if presets, ok := raw["exclude_presets"].([]any); ok && len(presets) == 1 {
			used = append(used, presets[0].(string))
		}
	}
	for _, preset := range rule.PresetNames() {
		require.Contains(t, used, preset)
	}
	for name := range recipes(t) {
		require.Contains(t, used, name)
	}
	configs, err := filepath.Glob(filepath.Join(root, "config", "*.yaml"))
	require.NoError(t, err)
	for _, path := range configs {
		require.Contains(t, used, filepath.Base(path))
	}
}

func readYAML(t *testing.T, path string) map[string]any {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var raw map[string]any
	require.NoError(t, yaml.Unmarshal(text, &raw))
	return raw
}

// recipes are the settings of each recipe in the documentation by its name.
func recipes(t *testing.T) map[string]map[string]any {
	text, err := os.ReadFile(filepath.Join(root, "docs", "recipes.md"))
	require.NoError(t, err)
	out := map[string]map[string]any{}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1) {
		var doc struct {
			Processors map[string]map[string]any `yaml:"processors"`
		}
		require.NoError(t, yaml.Unmarshal(block[1], &doc))
		for id, settings := range doc.Processors {
			name, ok := strings.CutPrefix(id, "rare_client/")
			require.True(t, ok, id)
			require.NotContains(t, out, name)
			out[name] = settings
		}
	}
	require.Len(t, out, 10)
	return out
}

// scenarioConfig reads the processor's settings, or with "use" those of a
// ready-made configuration, a connector's included, or with "recipe" those of one.
func scenarioConfig(t *testing.T, path string) *Config {
	raw := readYAML(t, path)
	if file, ok := raw["use"].(string); ok {
		require.Len(t, raw, 1, "a scenario of a configuration tests it as it is")
		collector := readYAML(t, filepath.Join(root, "config", file))
		components, ok := collector["processors"].(map[string]any)
		if connectors, found := collector["connectors"].(map[string]any); found {
			components, ok = connectors, true
		}
		require.True(t, ok)
		raw, _ = components["rare_client"].(map[string]any)
		require.NotNil(t, raw)
	}
	if recipe, ok := raw["recipe"].(string); ok {
		require.Len(t, raw, 1, "a scenario of a recipe tests it as it is")
		raw = recipes(t)[recipe]
		require.NotNil(t, raw, recipe)
	}
	cfg, err := load(raw)
	require.NoError(t, err)
	cfg.Forward = ForwardNone
	return cfg
}

// runScenario gives the processor the records of a file at once, eight days
// after the last of them, so that every window closes.
func runScenario(t *testing.T, cfg *Config, path string) (detections, metrics []byte) {
	ld, last := readRecords(t, path, cfg.Input)
	time.Sleep(time.Until(last.Add(8 * 24 * time.Hour)))
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(t.Context(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), storagetest.Host{component.MustNewID("file_storage"): storagetest.NewDisk()}))
	require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	time.Sleep(3 * cfg.IdleTimeout)
	values := values(t, tel)
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, tel.Shutdown(context.Background()))

	var lines []string
	for name, n := range values {
		// Neither the wall clock, nor the encoding, nor a setting is what the input does.
		if n != 0 && !strings.HasPrefix(name, "watermark_lag") && !strings.HasPrefix(name, "storage_size") && name != "groups_limit" {
			lines = append(lines, fmt.Sprintf("%s %d\n", name, n))
		}
	}
	slices.Sort(lines)
	return detectionsJSON(t, sink), []byte(strings.Join(lines, ""))
}

// readRecords reads one record from each line: an object of attributes. time is
// the record's timestamp, why is for the reader, iis.site and host.name belong
// to the resource. Rows of the table become map bodies.
func readRecords(t *testing.T, path string, input rareclient.Input) (plog.Logs, time.Time) {
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	ld := plog.NewLogs()
	var last time.Time
	for s := bufio.NewScanner(file); s.Scan(); {
		var raw map[string]any
		require.NoError(t, json.Unmarshal(s.Bytes(), &raw), "%s", s.Text())
		delete(raw, "why")
		rl := ld.ResourceLogs().AppendEmpty()
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		if input == rareclient.InputTable {
			require.NoError(t, lr.Body().SetEmptyMap().FromRaw(raw))
			at, err := time.Parse(time.RFC3339, raw["TimeGenerated"].(string))
			require.NoError(t, err)
			last = maxTime(last, at)
			continue
		}
		if text, ok := raw["time"].(string); ok {
			at, err := time.Parse(time.RFC3339, text)
			require.NoError(t, err)
			lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
			last = maxTime(last, at)
			delete(raw, "time")
		}
		for _, key := range []string{"iis.site", "host.name"} {
			if v, ok := raw[key].(string); ok {
				rl.Resource().Attributes().PutStr(key, v)
				delete(raw, key)
			}
		}
		require.NoError(t, lr.Attributes().FromRaw(raw))
	}
	return ld, last
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// detectionsJSON is what a backend gets, without what is the same in each
// detection of a rule.
func detectionsJSON(t *testing.T, sink *consumertest.LogsSink) []byte {
	out := []map[string]any{}
	for _, ld := range sink.AllLogs() {
		for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			if detection.EventOf(lr) != detection.Detection {
				continue
			}
			attributes := lr.Attributes().AsRaw()
			maps.DeleteFunc(attributes, func(k string, _ any) bool {
				return k != "security_rule.name" && (strings.HasPrefix(k, "security_rule.") || strings.HasPrefix(k, "threat.")) &&
					k != "threat.technique.id"
			})
			out = append(out, map[string]any{
				"time": lr.Timestamp().AsTime().Format(time.RFC3339), "severity": lr.SeverityText(),
				"body": lr.Body().Str(), "attributes": attributes,
			})
		}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(out))
	return text.Bytes()
}
