// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMetricsAreSummedOverTheirAttributes(t *testing.T) {
	const text = `# HELP otelcol_receiver_iis_log_lines Lines read, by kind.
# TYPE otelcol_receiver_iis_log_lines counter
otelcol_receiver_iis_log_lines{kind="record",receiver="iis_log"} 1e+06
otelcol_receiver_iis_log_lines{kind="directive",receiver="iis_log"} 4
otelcol_receiver_accepted_log_records_total{receiver="iis_log"} 7
otelcol_process_uptime 3
`
	got, err := parseMetrics(text, map[string]int64{metricLines: 0, metricAccepted: 0, metricErrors: 0})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{metricLines: 1_000_004, metricAccepted: 7}, got)
}

func TestARunIsOverWhenEverythingIsThereAndNoMore(t *testing.T) {
	w := watch{want: map[string]int64{metricLines: 5, metricErrors: 0, metricDetections: 2}, begin: time.Now()}
	for _, c := range []struct {
		name    string
		got     map[string]int64
		in      bool
		done    bool
		failure string
	}{
		{"lines are missing", map[string]int64{metricLines: 4, metricDetections: 2}, false, false, ""},
		{"detections are missing", map[string]int64{metricLines: 5}, true, false, ""},
		{"all is there", map[string]int64{metricLines: 5, metricDetections: 2}, true, true, ""},
		{"a line is an error", map[string]int64{metricLines: 5, metricErrors: 1}, true, false, metricErrors + " is 1"},
		{"a detection too many", map[string]int64{metricLines: 5, metricDetections: 3}, true, false, metricDetections + " is 3"},
	} {
		w.got = c.got
		done, err := w.compare()
		if c.failure != "" {
			require.ErrorContains(t, err, c.failure, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		require.Equal(t, c.done, done, c.name)
		require.Equal(t, c.in, w.allIn > 0, c.name)
	}
}

func TestFindingsAreReadFromWhatTheDebugExporterWrites(t *testing.T) {
	const text = `ResourceLog #0
LogRecord #0
Body: Str(1 client (203.0.113.7) made all 2 requests)
Attributes:
     -> url.path: Str(/Uploads/a.aspx)
     -> user_agent.original: Str(Mozilla/5.0 (X11))
     -> client.address: Str(203.0.113.7)
     -> detection.client_count: Int(1)
LogRecord #1
Attributes:
     -> url.path: Str(/a.php)
     -> user_agent.original: Str(Mozilla/5.0 (Windows NT 10.0))
     -> client.address: Str(2001:db8::7)
     -> detection.client_count: Int(1)
`
	require.Equal(t, []finding{
		{path: "/a.php", agent: "Mozilla/5.0 (Windows NT 10.0)", client: "2001:db8::7"},
		{path: "/uploads/a.aspx", agent: "Mozilla/5.0 (X11)", client: "203.0.113.7"},
	}, detections(text))
}

func TestFindingsThatDifferAreNamed(t *testing.T) {
	a := finding{path: "/a.php", agent: "Mozilla", client: "192.0.2.1"}
	b := finding{path: "/b.php", agent: "Mozilla", client: "192.0.2.1"}
	require.NoError(t, sameFindings([]finding{a}, []finding{a}))
	require.ErrorContains(t, sameFindings([]finding{a, b}, []finding{a}), "/b.php")
	require.ErrorContains(t, sameFindings(nil, []finding{a}), "/a.php")
	require.ErrorContains(t, sameFindings([]finding{a, a}, []finding{a}), "twice")
}

func TestMedianTakesEachFigureByItself(t *testing.T) {
	runs := []usage{{CPU: 3, Wall: 10, Peak: 5}, {CPU: 1, Wall: 30, Peak: 6}, {CPU: 2, Wall: 20, Peak: 1}}
	require.Equal(t, usage{CPU: 2, Wall: 20, Peak: 5}, median(runs))
	require.Equal(t, usage{CPU: 2, Wall: 20, Peak: 5}, median(append(runs[:2:2], usage{CPU: 2, Wall: 20, Peak: 1}, usage{CPU: 2, Wall: 20, Peak: 5})))
}

func TestReadmeShowsEveryResult(t *testing.T) {
	dir := t.TempDir()
	r := result{
		Data: dataset{Lines: 1000, Files: 2, Size: 281_000}, Runs: 3, Versions: []string{"Go 1"},
		Rows: []row{
			{Key: "a", Full: usage{CPU: 3 * time.Second}, Start: usage{CPU: time.Second}},
			{Key: "b", Full: usage{CPU: 23 * time.Second}, Start: usage{CPU: time.Second}},
		},
	}
	require.NoError(t, r.save(filepath.Join(dir, "results")))
	all, err := load(filepath.Join(dir, "results"))
	require.NoError(t, err)
	require.Equal(t, []result{r}, all)
	require.NoError(t, writeReadme(filepath.Join(dir, "README.md"), filepath.Join(dir, "results")))
	require.Contains(t, r.table(), "| **2.00** | 2000000 |")
	require.Contains(t, r.ratios(), "| 11.00 | at least 10 | reached |")
}
