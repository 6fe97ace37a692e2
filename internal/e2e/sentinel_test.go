// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/sentineltest"
)

// columns are those of the table that make a W3C log file, by their names there.
var columns = [][2]string{
	{"s-sitename", "sSiteName"},
	{"s-computername", "Computer"},
	{"s-ip", "sIP"},
	{"cs-method", "csMethod"},
	{"cs-uri-stem", "csUriStem"},
	{"cs-uri-query", "csUriQuery"},
	{"s-port", "sPort"},
	{"cs-username", "csUserName"},
	{"c-ip", "cIP"},
	{"cs(User-Agent)", "csUserAgent"},
	{"sc-status", "scStatus"},
}

// asLog writes the rows as a log file. A value that is empty or has a blank
// cannot stand in one.
func asLog(c *sentineltest.Case) (text string, ok bool) {
	var b strings.Builder
	b.WriteString("#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time")
	for _, col := range columns {
		b.WriteString(" " + col[0])
	}
	b.WriteString("\r\n")
	for _, row := range c.Input {
		at, err := time.Parse(time.RFC3339, row["TimeGenerated"])
		if err != nil {
			return "", false
		}
		b.WriteString(at.Format("2006-01-02 15:04:05"))
		for _, col := range columns {
			v := row[col[1]]
			if v == "" || strings.Contains(v, " ") {
				return "", false
			}
			b.WriteString(" " + v)
		}
		b.WriteString("\r\n")
	}
	return b.String(), true
}

// TestSentinelCasesAsLogFiles runs the worked cases of the query through a
// whole collector, as log files.
func TestSentinelCasesAsLogFiles(t *testing.T) {
	var left []string
	for _, c := range sentineltest.Cases(t, root) {
		text, ok := asLog(&c)
		if !ok || len(c.Input) == 0 {
			left = append(left, c.ID)
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "u_ex260105.log"), []byte(text), 0o600))
			s := newSinks()
			col := startCollector(t, s, fmt.Sprintf(`
receivers:
  iis_log: {include: ['%s/*.log'], start_at: beginning, poll_interval: 10ms, decode_plus: false}
processors:
  rare_client: {semantics: sentinel, client_threshold: %d, match: {extensions: [%s]}}
exporters:
  sink/all: {}
service:
  pipelines:
    logs: {receivers: [iis_log], processors: [rare_client], exporters: [sink/all]}
`, dir, c.Threshold, strings.Join(c.Extensions, ", ")))
			waitForRecords(t, s.get("sink/all"), len(c.Input))
			col.shutdown() // evaluates the window
			requireFindings(t, &c, s.get("sink/all").records())
		})
	}
	require.Equal(t, []string{"agg-011", "agg-021", "sip-009", "ua-005", "ua-011", "ua-013"}, left,
		"cases that no log file can hold: no row at all, a blank or an empty text as a value")
}

func requireFindings(t *testing.T, c *sentineltest.Case, records []record) {
	got := map[string]map[string]any{}
	for _, r := range records {
		if r.EventName() == "iishunt.rare_client" {
			a := r.Attributes().AsRaw()
			got[fmt.Sprint(a["url.path"], " ", a["user_agent.original"])] = a
		}
	}
	require.Len(t, got, len(c.Expected), "%s: %s", c.Title, c.Reason)
	for _, e := range c.Expected {
		a := got[e.Path+" "+e.UserAgent]
		require.NotNil(t, a, "%s: %s", c.Title, c.Reason)
		require.Equal(t, e.FirstSeen.Format(time.RFC3339), a["detection.first_seen"])
		require.Equal(t, e.QueryEnd.Format(time.RFC3339), a["detection.last_seen"], c.Reason)
		require.Equal(t, anys(e.Clients), a["detection.clients"])
		require.Equal(t, e.Requests, a["detection.request_count"])
		slices.Sort(e.Sites)
		sites := anys(slices.DeleteFunc(slices.Compact(e.Sites), func(s string) bool { return s == "-" })) // absent in a log
		if len(sites) == 0 {
			require.NotContains(t, a, "detection.sites")
			continue
		}
		require.Equal(t, sites, a["detection.sites"])
	}
}

func anys(texts []string) []any {
	var out []any
	for _, s := range texts {
		out = append(out, s)
	}
	return out
}
