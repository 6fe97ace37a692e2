// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rank_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rank"
)

// ordinary is a finding of one day with nothing telling about it.
func ordinary(path, client string, requests int64) rank.Finding {
	return rank.Finding{
		Path: path, Agent: "Mozilla/5.0", Severity: "Low", Clients: []string{client}, Sites: []string{"W3SVC1"}, Days: 1, Requests: requests,
		Windows: []*rank.Window{{Requests: requests, Methods: []string{"GET"}, Complete: true}},
	}
}

// points returns the points of each signal of the finding of path, besides one
// ordinary finding that shows that referers are logged.
func points(path string, change func(*rank.Finding)) map[string]int {
	f := ordinary(path, "203.0.113.7", 3)
	change(&f)
	out := map[string]int{}
	for _, r := range rank.Scores([]rank.Finding{ordinary("/ordinary.aspx", "192.0.2.200", 1), f})[1].Reasons {
		out[r.Signal] = r.Points
	}
	return out
}

func asIs(*rank.Finding) {}

func days(n int) func(*rank.Finding) { return func(f *rank.Finding) { f.Days = n } }

func methods(m ...string) func(*rank.Finding) {
	return func(f *rank.Finding) { f.Windows[0].Methods = m }
}

func userAgent(s string) func(*rank.Finding) { return func(f *rank.Finding) { f.Agent = s } }

func severity(s string) func(*rank.Finding) { return func(f *rank.Finding) { f.Severity = s } }

func TestSignals(t *testing.T) {
	yes, no := true, false
	type signals = map[string]int
	for _, tt := range []struct {
		why    string
		path   string
		change func(*rank.Finding)
		want   signals
	}{
		{"nothing applies", "/page.aspx", asIs, signals{}},
		{"two days", "/page.aspx", days(2), signals{"days": 10}},
		{"more days", "/page.aspx", days(3), signals{"days": 20}},
		{"five days give no more than 30", "/page.aspx", days(5), signals{"days": 30}},

		{"a folder for uploads", "/Uploads/logo.aspx", asIs, signals{"upload_folder": 30}},
		{"a folder for uploads above others", "/x/images/2026/a.b/logo.aspx", asIs, signals{"upload_folder": 30}},
		{"the page is named so, not the folder", "/uploads.aspx", asIs, signals{}},
		{"a folder that begins so", "/imagesearch/find.aspx", asIs, signals{}},

		{"a command", "/page.aspx", func(f *rank.Finding) { f.Windows[0].Command = "whoami" }, signals{"command": 30}},

		{"POST", "/page.aspx", methods("GET", "POST"), signals{"sends": 25}},
		{"PUT is sent by tools", "/page.aspx", methods("PUT"), signals{"sends": 25, "method": 5}},
		{"HEAD sends nothing", "/page.aspx", methods("GET", "HEAD"), signals{}},

		{"a new page", "/page.aspx", func(f *rank.Finding) { f.Windows[0].New = &yes }, signals{"new": 20}},
		{"a known page", "/page.aspx", func(f *rank.Finding) { f.Windows[0].New = &no }, signals{}},
		{"new in the first window, known from it in the second", "/page.aspx", func(f *rank.Finding) {
			second := *f.Windows[0]
			f.Windows[0].New, second.New = &yes, &no
			f.Windows = append(f.Windows, &second)
		}, signals{"new": 20}},

		{"a severe rule", "/page.aspx", severity("High"), signals{"severity": 20}},
		{"a rule of medium severity", "/page.aspx", severity("Medium"), signals{"severity": 10}},

		{"a short name", "/x.aspx", asIs, signals{"name": 15}},
		{"digits", "/1234.php", asIs, signals{"name": 15}},
		{"a hexadecimal number", "/9f86d081884c.aspx", asIs, signals{"name": 15}},
		{"a known shell", "/r57.php", asIs, signals{"name": 15}},
		{"two extensions", "/photo.jpg.aspx", asIs, signals{"name": 15}},
		{"IIS runs what is before the semicolon", "/photo.asp;.jpg", asIs, signals{"name": 15}},
		{"a word of hexadecimal letters is too short", "/facade.aspx", asIs, signals{}},

		{"a scanner", "/page.aspx", userAgent("Mozilla/5.00 (Nikto/2.5.0)"), signals{"agent": 15}},
		{"curl", "/page.aspx", userAgent("curl/8.5.0"), signals{"agent": 15}},

		{"no referer at all", "/page.aspx", func(f *rank.Finding) { f.Windows[0].NoReferer = 3 }, signals{"no_referer": 10}},
		{"some have one", "/page.aspx", func(f *rank.Finding) { f.Windows[0].NoReferer = 2 }, signals{}},
		{"a site that logs none", "/page.aspx", func(f *rank.Finding) {
			f.Windows[0].NoReferer, f.Sites = 3, []string{"W3SVC9"}
		}, signals{}},
		{"from another host", "/page.aspx", func(f *rank.Finding) { f.Windows[0].ForeignReferer = 1 }, signals{"foreign_referer": 10}},

		{"ten requests", "/page.aspx", func(f *rank.Finding) { f.Requests = 10 }, signals{"busy": 10}},
		{"something was lost", "/page.aspx", func(f *rank.Finding) {
			f.Windows[0].Complete, f.Windows[0].IncompleteReason = false, []string{"late"}
		}, signals{"incomplete": 0}},
		{"a client of another finding", "/page.aspx", func(f *rank.Finding) { f.Clients = []string{"192.0.2.200"} }, signals{"client": 0}},
	} {
		require.Equal(t, tt.want, points(tt.path, tt.change), tt.why)
	}
}

func TestCommand(t *testing.T) {
	for query, want := range map[string]string{
		"x=1&cmd=dir":                "cmd=dir",
		"q=%77hoami":                 "whoami",
		"f=..%2f..%2fweb.config":     "../",
		"%zz+net+user+x":             "net user", // it cannot be decoded
		"q=ten+commandments&recmd=1": "",
		"cmd=":                       "",
		"":                           "",
	} {
		require.Equal(t, want, rank.Command(query), query)
	}
}

func TestLevels(t *testing.T) {
	level := func(path string, change func(*rank.Finding)) string {
		f := ordinary(path, "203.0.113.7", 3)
		change(&f)
		return rank.Scores([]rank.Finding{f})[0].Level
	}
	require.Equal(t, rank.Weak, level("/page.aspx", methods("POST")))
	require.Equal(t, rank.Moderate, level("/uploads/page.aspx", asIs))
	require.Equal(t, rank.Strong, level("/uploads/page.aspx", days(4)))
}

func TestEverySignalHasACase(t *testing.T) {
	source, err := os.ReadFile("rank_test.go")
	require.NoError(t, err)
	for _, s := range rank.Signals {
		require.True(t, bytes.Contains(source, fmt.Appendf(nil, "%q: %d", s.ID, s.Points)), "%s: no case gives the most points of the signal", s.ID)
		require.GreaterOrEqual(t, s.Points, 0, "no signal takes points away: what would excuse a request can be forged")
	}
}

// The README's table is the table.
func TestReadmeHasTheSignals(t *testing.T) {
	readme, err := os.ReadFile("../../exporter/huntreportexporter/README.md")
	require.NoError(t, err)
	for _, s := range rank.Signals {
		points := fmt.Sprint(s.Points)
		if s.Points == 0 {
			points = "–"
		}
		row := fmt.Sprintf("| %s | %s | %s |\n", s.Label, points, s.Why)
		require.True(t, bytes.Contains(readme, []byte(row)), "the README lacks %s", row)
	}
}
