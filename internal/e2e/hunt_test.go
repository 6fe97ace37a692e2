// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rank"
	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/runner"
)

// TestHuntInTheSample runs config/hunt.yaml as make hunt does: all logs are one
// window, and pages are what is looked at.
func TestHuntInTheSample(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "hunt.html")
	ndjson := filepath.Join(t.TempDir(), "hunt.ndjson")
	t.Setenv("IISHUNT_LOGS", sample+"/**/*.{log,log.gz}")
	t.Setenv("IISHUNT_REPORT", path)
	t.Setenv("IISHUNT_NDJSON", ndjson)
	config, err := os.ReadFile("../../config/hunt.yaml")
	require.NoError(t, err)
	c := startCollector(t, newSinks(), string(config))
	c.waitForLog(runner.Evaluated)
	c.shutdown()

	doc, err := report.ReadFile(path)
	require.NoError(t, err)
	pages := map[string]bool{}
	for _, f := range doc.Findings {
		require.Len(t, f.Windows, 1, "%s: there is one window", f.Path)
		require.LessOrEqual(t, f.ClientCount, 3, f.Path)
		require.False(t, pages[f.Path], "%s: a page is one finding", f.Path)
		pages[f.Path] = true
	}
	for _, page := range []string{"/admin/orders.aspx", "/partner/prices.aspx", "/shell.aspx", "/diag.aspx", "/ecp/default.aspx"} {
		require.True(t, pages[page], page)
	}
	require.Len(t, doc.Findings, 23)
	shell := doc.Findings[0]
	require.Equal(t, "/uploads/logo.aspx", shell.Path, "the web shell is the most telling of all")
	require.Equal(t, rank.Strong, shell.Level)
	require.Equal(t, 4, shell.Days)
	require.EqualValues(t, 53, shell.Requests)
	lines, err := os.ReadFile(ndjson)
	require.NoError(t, err)
	require.Equal(t, len(doc.Findings), strings.Count(string(lines), "\n"))
}
