// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/report/reporttest"
)

// points returns the points of each signal of the finding of path, besides one
// ordinary finding that shows that referers are logged.
func points(path string, change ...func(*report.Detection)) map[string]int {
	detections := []*report.Detection{reporttest.Detection("/ordinary.aspx", "192.0.2.200", 0, 1)}
	for day, c := range change {
		d := reporttest.Detection(path, "203.0.113.7", day, 3)
		c(d)
		detections = append(detections, d)
	}
	for _, f := range document(detections).Findings {
		if f.Path != "/ordinary.aspx" {
			out := map[string]int{}
			for _, r := range f.Reasons {
				out[r.Signal] = r.Points
			}
			return out
		}
	}
	return nil
}

func asIs(*report.Detection) {}

func query(q string) func(*report.Detection) {
	return func(d *report.Detection) { d.Samples[1].Query = q }
}

func userAgent(s string) func(*report.Detection) {
	return func(d *report.Detection) { d.UserAgent = s }
}

func TestSignals(t *testing.T) {
	yes, no := true, false
	post := func(d *report.Detection) { d.Methods = []string{"GET", "POST"} }
	type signals = map[string]int
	for _, tt := range []struct {
		why    string
		path   string
		change []func(*report.Detection)
		want   signals
	}{
		{"nothing applies", "/page.aspx", []func(*report.Detection){asIs}, signals{}},
		{"two days", "/page.aspx", []func(*report.Detection){asIs, asIs}, signals{"days": 10}},
		{"more days give no more than 30", "/page.aspx", slices.Repeat([]func(*report.Detection){asIs}, 3), signals{"days": 20}},
		{"five days, 15 requests", "/page.aspx", slices.Repeat([]func(*report.Detection){asIs}, 5), signals{"days": 30, "busy": 10}},
		{"one window over midnight is two days", "/page.aspx", []func(*report.Detection){func(d *report.Detection) {
			d.End, d.Last = d.End.Add(time.Hour), d.End.Add(time.Minute)
		}}, signals{"days": 10}},

		{"a folder for uploads", "/Uploads/logo.aspx", []func(*report.Detection){asIs}, signals{"upload_folder": 30}},
		{"a folder for uploads above others", "/x/images/2026/a.b/logo.aspx", []func(*report.Detection){asIs}, signals{"upload_folder": 30}},
		{"the page is named so, not the folder", "/uploads.aspx", []func(*report.Detection){asIs}, signals{}},
		{"a folder that begins so", "/imagesearch/find.aspx", []func(*report.Detection){asIs}, signals{}},

		{"a command by its parameter", "/page.aspx", []func(*report.Detection){query("x=1&cmd=dir")}, signals{"command": 30}},
		{"a command, encoded", "/page.aspx", []func(*report.Detection){query("q=%77hoami")}, signals{"command": 30}},
		{"a path outside the site", "/page.aspx", []func(*report.Detection){query("f=..%2f..%2fweb.config")}, signals{"command": 30}},
		{"a query that cannot be decoded", "/page.aspx", []func(*report.Detection){query("%zz+net+user+x")}, signals{"command": 30}},
		{"a search for commandments", "/page.aspx", []func(*report.Detection){query("q=ten+commandments&recmd=1")}, signals{}},

		{"POST", "/page.aspx", []func(*report.Detection){post}, signals{"sends": 25}},
		{"PUT is sent by tools", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.Methods = []string{"PUT"} }}, signals{"sends": 25, "method": 5}},
		{"HEAD sends nothing", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.Methods = []string{"GET", "HEAD"} }}, signals{}},

		{"a new page", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.New = &yes }}, signals{"new": 20}},
		{"a known page", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.New = &no }}, signals{}},
		{"new on the first day, known from it on the second", "/page.aspx", []func(*report.Detection){
			func(d *report.Detection) { d.New = &yes },
			func(d *report.Detection) { d.New = &no },
		}, signals{"new": 20, "days": 10}},

		{"a severe rule", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.Rule.Severity = "High" }}, signals{"severity": 20}},
		{"a rule of medium severity", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.Rule.Severity = "Medium" }}, signals{"severity": 10}},

		{"a short name", "/x.aspx", []func(*report.Detection){asIs}, signals{"name": 15}},
		{"digits", "/1234.php", []func(*report.Detection){asIs}, signals{"name": 15}},
		{"a hexadecimal number", "/9f86d081884c.aspx", []func(*report.Detection){asIs}, signals{"name": 15}},
		{"a known shell", "/r57.php", []func(*report.Detection){asIs}, signals{"name": 15}},
		{"two extensions", "/photo.jpg.aspx", []func(*report.Detection){asIs}, signals{"name": 15}},
		{"IIS runs what is before the semicolon", "/photo.asp;.jpg", []func(*report.Detection){asIs}, signals{"name": 15}},
		{"a word of hexadecimal letters is too short", "/facade.aspx", []func(*report.Detection){asIs}, signals{}},

		{"a scanner", "/page.aspx", []func(*report.Detection){userAgent("Mozilla/5.00 (Nikto/2.5.0)")}, signals{"agent": 15}},
		{"curl", "/page.aspx", []func(*report.Detection){userAgent("curl/8.5.0")}, signals{"agent": 15}},

		{"no referer at all", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.NoReferer = 3 }}, signals{"no_referer": 10}},
		{"some have one", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.NoReferer = 2 }}, signals{}},
		{"a site that logs none", "/page.aspx", []func(*report.Detection){func(d *report.Detection) {
			d.NoReferer, d.Sites = 3, []string{"W3SVC9"}
		}}, signals{}},
		{"from another host", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.ForeignReferer = 1 }}, signals{"foreign_referer": 10}},

		{"ten requests", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.Requests = 10 }}, signals{"busy": 10}},
		{"something was lost", "/page.aspx", []func(*report.Detection){func(d *report.Detection) {
			d.Complete, d.IncompleteReason = false, []string{"late"}
		}}, signals{"incomplete": 0}},
		{"a client of another finding", "/page.aspx", []func(*report.Detection){func(d *report.Detection) { d.Clients = []string{"192.0.2.200"} }}, signals{"client": 0}},
	} {
		require.Equal(t, tt.want, points(tt.path, tt.change...), tt.why)
	}
}

func TestEverySignalHasACase(t *testing.T) {
	source, err := os.ReadFile("signals_test.go")
	require.NoError(t, err)
	for _, s := range report.Signals {
		require.True(t, bytes.Contains(source, fmt.Appendf(nil, "%q: %d", s.ID, s.Points)), "%s: no case gives the most points of the signal", s.ID)
		require.GreaterOrEqual(t, s.Points, 0, "no signal takes points away: what would excuse a request can be forged")
	}
}

func TestRanking(t *testing.T) {
	var got []string
	for _, f := range document(reporttest.Story()).Findings {
		got = append(got, fmt.Sprintf("%s %d %s", f.Level, f.Score, f.Path))
	}
	require.Equal(t, []string{
		"strong 145 /uploads/logo.aspx",
		"weak 15 /search.aspx",
		"weak 10 /admin/orders.aspx",
		"weak 0 /partner.aspx",
		"weak 0 /giftcard.aspx",
	}, got)
}

// The README's table is the table.
func TestReadmeHasTheSignals(t *testing.T) {
	readme, err := os.ReadFile("../../exporter/huntreportexporter/README.md")
	require.NoError(t, err)
	for _, s := range report.Signals {
		points := fmt.Sprint(s.Points)
		if s.Points == 0 {
			points = "–"
		}
		row := fmt.Sprintf("| %s | %s | %s |\n", s.Label, points, s.Why)
		require.True(t, bytes.Contains(readme, []byte(row)), "the README lacks %s", row)
	}
}
