// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/oracle"
	"github.com/iishunt/iishunt/internal/rank"
	"github.com/iishunt/iishunt/internal/report"
)

// TestHuntInTheSample runs config/hunt.yaml as make hunt does, and looks for
// what the sample's plain recomputation expects in the report.
func TestHuntInTheSample(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "hunt.html")
	ndjson := filepath.Join(t.TempDir(), "hunt.ndjson")
	t.Setenv("IISHUNT_LOGS", sample+"/**/*.{log,log.gz}")
	t.Setenv("IISHUNT_REPORT", path)
	t.Setenv("IISHUNT_NDJSON", ndjson)
	config, err := os.ReadFile("../../config/hunt.yaml")
	require.NoError(t, err)
	c := startCollector(t, newSinks(), string(config))
	c.waitForLog(allEvaluated)
	c.shutdown()

	doc, err := report.ReadFile(path)
	require.NoError(t, err)
	found := map[string]report.Window{}
	detections := 0
	for _, f := range doc.Findings {
		for _, w := range f.Windows {
			found[strings.Join([]string{w.Start.Format(time.RFC3339), f.Path, doc.Agents[f.Agent], strings.Join(f.Clients, " ")}, "|")] = w
			detections++
		}
	}
	raw, err := os.ReadFile(filepath.Join(sample, "expected.json"))
	require.NoError(t, err)
	var expected []oracle.Finding
	require.NoError(t, json.Unmarshal(raw, &expected))
	for _, e := range expected {
		slices.Sort(e.Clients)
		w, ok := found[strings.Join([]string{e.WindowStart, e.URLPath, e.UserAgent, strings.Join(e.Clients, " ")}, "|")]
		require.True(t, ok, "%s %s", e.WindowStart, e.URLPath)
		require.Equal(t, e.RequestCount, w.Requests, e.URLPath)
		require.Equal(t, e.Complete, w.Complete, e.URLPath)
	}
	require.Len(t, found, len(expected)+4, "and the partner's page on the private server, on four days")

	shell := doc.Findings[0]
	require.Equal(t, "/uploads/logo.aspx", shell.Path, "the web shell is the most telling of all")
	require.Len(t, shell.Windows, 4)
	require.Equal(t, rank.Strong, shell.Level)
	lines, err := os.ReadFile(ndjson)
	require.NoError(t, err)
	require.Equal(t, detections, strings.Count(string(lines), "\n"))
}
