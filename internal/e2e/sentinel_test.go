// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sentinelCase is a worked case of the query, see testdata/sentinel.
type sentinelCase struct {
	ID         string              `json:"id"`
	Title      string              `json:"title"`
	Threshold  int                 `json:"client_threshold"`
	Extensions []string            `json:"extensions"`
	Input      []map[string]string `json:"-"`
	RawInput   []map[string]any    `json:"input"`
	Expected   []struct {
		Path      string    `json:"url_path"`
		UserAgent string    `json:"user_agent"`
		FirstSeen time.Time `json:"first_seen"`
		QueryEnd  time.Time `json:"query_end_time"`
		Clients   []string  `json:"clients"`
		Sites     []string  `json:"sites"`
		Requests  int64     `json:"request_count"`
	} `json:"expected"`
	Reason string `json:"reason"`
}

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

func sentinelCases(t *testing.T) []sentinelCase {
	raw, err := os.ReadFile("../../testdata/sentinel/cases.json")
	require.NoError(t, err)
	var all struct {
		Meta struct {
			RowDefaults map[string]any `json:"row_defaults"`
		} `json:"meta"`
		Cases []sentinelCase `json:"cases"`
	}
	require.NoError(t, json.Unmarshal(raw, &all))
	for i := range all.Cases {
		c := &all.Cases[i]
		for _, row := range c.RawInput {
			full := map[string]string{}
			for k, v := range all.Meta.RowDefaults {
				full[k] = fmt.Sprint(v)
			}
			for k, v := range row {
				full[k] = fmt.Sprint(v)
			}
			c.Input = append(c.Input, full)
		}
	}
	return all.Cases
}

// asLog writes the rows as a log file. A value that is empty or has a blank
// cannot stand in one.
func (c *sentinelCase) asLog() (text string, ok bool) {
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
	for _, c := range sentinelCases(t) {
		text, ok := c.asLog()
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
			c.requireFindings(t, s.get("sink/all").records())
		})
	}
	require.Equal(t, []string{"agg-011", "agg-021", "sip-009", "ua-005", "ua-011", "ua-013"}, left,
		"cases that no log file can hold: no row at all, a blank or an empty text as a value")
}

func (c *sentinelCase) requireFindings(t *testing.T, records []record) {
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
