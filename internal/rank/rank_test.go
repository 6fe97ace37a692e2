// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rank_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rank"
)

var first = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// ordinary is a finding of one day with nothing telling about it: a rare browser
// on a busy page, which is reached by links.
func ordinary(path, client string, requests int64) rank.Finding {
	return rank.Finding{
		Path: path, Agent: "Mozilla/5.0", Clients: []string{client}, Days: 1, Requests: requests, First: first,
		Windows: []*rank.Window{{
			Requests: requests, Methods: []string{"GET"}, Complete: true, History: first, PageClients: 5, PageMore: true,
			Usage: &rank.Usage{Days: 1, Hours: 1, Answered: requests, RefererLogged: true},
		}},
	}
}

// points returns the points of each signal of the finding of path, besides one
// ordinary finding of another client.
func points(path string, change func(*rank.Finding)) map[string]int {
	f := ordinary(path, "203.0.113.7", 3)
	change(&f)
	out := map[string]int{}
	for _, r := range rank.Scores([]rank.Finding{ordinary("/ordinary.aspx", "192.0.2.200", 1), f})[1].Reasons {
		out[r.Signal] = r.Points
	}
	delete(out, "focused") // it is about the other findings; see TestNothingElse
	return out
}

func asIs(*rank.Finding) {}

func page(p string) func(*rank.Finding) { return func(f *rank.Finding) { f.Page = p } }

// all makes several changes.
func all(changes ...func(*rank.Finding)) func(*rank.Finding) {
	return func(f *rank.Finding) {
		for _, c := range changes {
			c(f)
		}
	}
}

func window(change func(*rank.Window)) func(*rank.Finding) {
	return func(f *rank.Finding) { change(f.Windows[0]) }
}

func usage(change func(*rank.Usage)) func(*rank.Finding) {
	return func(f *rank.Finding) { change(f.Windows[0].Usage) }
}

func clients(n int64) func(*rank.Finding) {
	return window(func(w *rank.Window) { w.PageClients, w.PageMore = n, false })
}

func days(n int) func(*rank.Finding) { return func(f *rank.Finding) { f.Days = n } }

func methods(m ...string) func(*rank.Finding) {
	return window(func(w *rank.Window) { w.Methods = m })
}

func sent(n int64) func(*rank.Finding) {
	return all(methods("GET", "POST"), usage(func(u *rank.Usage) { u.Sends = n }))
}

func sizes(n, smallest, largest int64) func(*rank.Finding) {
	return usage(func(u *rank.Usage) { u.SentSized, u.SmallestSent, u.LargestSent = n, smallest, largest })
}

func userAgent(s string) func(*rank.Finding) { return func(f *rank.Finding) { f.Agent = s } }

func noReferer(n int64) func(*rank.Finding) {
	return window(func(w *rank.Window) { w.NoReferer = n })
}

func memory(d time.Duration) func(*rank.Finding) {
	return window(func(w *rank.Window) { w.History = first.Add(-d) })
}

func requests(n int64) func(*rank.Finding) {
	return func(f *rank.Finding) { f.Requests, f.Windows[0].Requests = n, n }
}

const day = 24 * time.Hour

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

		{"the page is in a data folder", "/a/../uploads/page.aspx", page("/uploads/page.aspx"), signals{"folder": 30}},
		{"only the path is, in a folder that is left", "/x/uploads/../page.aspx", page("/x/page.aspx"), signals{"folder": 30}},
		{"a script is no picture, however it is written", "/page.aspx/x.jpg", page("/page.aspx"), signals{}},
		{"a picture, with a dot behind it", "/a.jpg.", page("/a.jpg"), signals{"static": 0}},

		{"nobody else", "/page.aspx", clients(1), signals{"alone": 15}},
		{"one other", "/page.aspx", clients(2), signals{"alone": 10}},
		{"two others", "/page.aspx", clients(3), signals{"alone": 5}},
		{"a rare browser on a busy page is not a rare page", "/page.aspx", clients(4), signals{}},
		{"not known", "/page.aspx", clients(0), signals{}},
		{"alone on one day and not on another", "/page.aspx", func(f *rank.Finding) {
			second := *f.Windows[0]
			f.Windows[0].PageClients, f.Windows[0].PageMore = 1, false
			f.Windows = append(f.Windows, &second)
		}, signals{}},

		{"two days", "/page.aspx", all(clients(1), days(2)), signals{"alone": 15, "days": 5}},
		{"more days", "/page.aspx", all(clients(1), days(5)), signals{"alone": 15, "days": 10, "hours": 5}},
		{"a page that others use comes back every day", "/page.aspx", days(5), signals{"hours": 5}},
		{"the same hours", "/page.aspx", all(days(3), usage(func(u *rank.Usage) { u.Hours = 3 })), signals{"hours": 5}},
		{"any hour", "/page.aspx", all(days(3), usage(func(u *rank.Usage) { u.Hours = 4 })), signals{}},

		{"a script among uploads", "/Uploads/logo.aspx", asIs, signals{"folder": 30}},
		{"a script far below pictures", "/x/images/2026/a.b/logo.aspx", asIs, signals{"folder": 30}},
		{"the page is named so, not the folder", "/uploads.aspx", asIs, signals{}},
		{"a folder that begins so", "/imagesearch/find.aspx", asIs, signals{}},
		{"a picture among pictures", "/images/house.jpg", asIs, signals{"static": 0}},
		{"what follows a script is its argument", "/index.php/media/summer", asIs, signals{}},
		{"a script above is run, and the other is its argument", "/index.php/upload/x.aspx", asIs, signals{}},

		{"a command", "/page.aspx", window(func(w *rank.Window) { w.Command = "whoami" }), signals{"command": 30}},

		{"mostly POST", "/page.aspx", sent(2), signals{"sends": 25}},
		{"some POST", "/page.aspx", sent(1), signals{"sends": 15}},
		{"POST, but nobody counted", "/page.aspx", all(methods("POST"), window(func(w *rank.Window) { w.Usage = nil })), signals{"sends": 15}},
		{"PUT is sent by tools", "/page.aspx", all(sent(3), methods("PUT")), signals{"sends": 25, "method": 10}},
		{"HEAD sends nothing", "/page.aspx", methods("GET", "HEAD"), signals{}},

		{"answers from a line to a file", "/page.aspx", sizes(3, 100, 300), signals{"answers": 10}},
		{"answers that are always the same", "/page.aspx", sizes(3, 64, 64), signals{"answers": 10}},
		{"a form that comes back with a message", "/page.aspx", sizes(3, 9000, 9100), signals{}},
		{"two answers tell nothing", "/page.aspx", sizes(2, 100, 100), signals{}},

		{"no referer at all", "/page.aspx", noReferer(3), signals{"unlinked": 15}},
		{"the page's own form is no link", "/page.aspx", all(noReferer(1), usage(func(u *rank.Usage) { u.OwnReferer = 2 })), signals{"unlinked": 15}},
		{"some came by a link", "/page.aspx", noReferer(2), signals{}},
		{"a request or two without a referer are a robot's", "/page.aspx", all(requests(2), noReferer(2)), signals{"unlinked": 5}},
		{"one request that sends something", "/page.aspx", all(requests(1), noReferer(1), sent(1)), signals{"unlinked": 15, "sends": 25}},
		{"a day on which no referer is logged", "/page.aspx", all(noReferer(3), usage(func(u *rank.Usage) { u.RefererLogged = false })), signals{}},

		{"it appeared a week later", "/page.aspx", all(clients(1), memory(7*day), requests(5)), signals{"alone": 15, "appeared": 10}},
		{"a page of three requests is often late", "/page.aspx", all(clients(1), memory(7*day)), signals{"alone": 15, "appeared": 5}},
		{"a memory of six days is none", "/page.aspx", all(clients(1), memory(6*day)), signals{"alone": 15}},
		{"a page that others use is not new", "/page.aspx", memory(90 * day), signals{}},
		{"it was asked for before the window", "/page.aspx", all(clients(1), memory(90*day), window(func(w *rank.Window) { w.New = &no })), signals{"alone": 15}},
		{"new in the first window, known from it in the second", "/page.aspx", func(f *rank.Finding) {
			all(clients(1), memory(90*day), requests(5))(f)
			second := *f.Windows[0]
			f.Windows[0].New, second.New = &yes, &no
			f.Windows = append(f.Windows, &second)
		}, signals{"alone": 15, "appeared": 10}},

		{"a known shell", "/r57.php", asIs, signals{"name": 25}},
		{"a known shell's second copy", "/shop/c99_2.php", asIs, signals{}},
		{"a numbered shell", "/spinstall0.aspx", asIs, signals{"name": 25}},
		{"two extensions", "/photo.jpg.aspx", asIs, signals{"name": 25}},
		{"IIS runs what is before the semicolon", "/photo.asp;.jpg", asIs, signals{"name": 25}},
		{"almost the login page", "/l0gin.aspx", asIs, signals{"name": 25}},
		{"the login page", "/login.aspx", asIs, signals{}},
		{"a second version of a page is no imitation", "/default2.aspx", asIs, signals{}},
		{"Exchange has no such page", "/owa/auth/15.1.2106/help.aspx", asIs, signals{"name": 25}},
		{"Exchange has this one", "/owa/auth/15.1.2106/logon.aspx", asIs, signals{}},
		{"SharePoint has no such page", "/_layouts/15/info3.aspx", asIs, signals{"name": 25}},
		{"SharePoint has this one", "/sites/x/_layouts/15/ToolPane.aspx", asIs, signals{}},
		{"a short name", "/x.aspx", asIs, signals{"name": 10}},
		{"digits", "/1234.php", asIs, signals{"name": 10}},
		{"a hexadecimal number", "/9f86d081884c.aspx", asIs, signals{"name": 10}},
		{"letters and digits in turn", "/a7xk2q9.aspx", asIs, signals{"name": 10}},
		{"a word of hexadecimal letters", "/facade.aspx", asIs, signals{}},
		{"a year", "/report2026.aspx", asIs, signals{}},
		{"a picture that IIS runs", "/photo.asp;.jpg", asIs, signals{"name": 25}},
		{"a name that only looks so as a picture", "/cmd.png", asIs, signals{"static": 0}},

		{"a scanner", "/page.aspx", userAgent("Mozilla/5.00 (Nikto/2.5.0)"), signals{"agent": 10}},
		{"a browser whose name has a tool's letters", "/page.aspx", userAgent("Mozilla/5.0 curly"), signals{}},

		{"ten requests", "/page.aspx", requests(10), signals{"busy": 5}},
		{"nine requests", "/page.aspx", requests(9), signals{}},
		{"never answered", "/page.aspx", usage(func(u *rank.Usage) { u.Answered, u.Failed = 0, 3 }), signals{"unanswered": 0}},
		{"it answers with an error, and is worked with", "/page.aspx", all(sent(3), usage(func(u *rank.Usage) { u.Answered, u.Failed = 0, 3 })), signals{"sends": 25}},
		{"something was lost", "/page.aspx", window(func(w *rank.Window) { w.Complete, w.IncompleteReason = false, []string{"late"} }), signals{"incomplete": 0}},
		{"a client of another finding", "/page.aspx", func(f *rank.Finding) { f.Clients = []string{"192.0.2.200"} }, signals{"client": 0}},
	} {
		require.Equal(t, tt.want, points(tt.path, tt.change), tt.why)
	}
}

// probing are a client's requests for so many pages that are not there, and for one that is.
func probing(n int, used func(*rank.Finding)) rank.Score {
	var found []rank.Finding
	for i := range n {
		f := ordinary(fmt.Sprintf("/guess%c.aspx", 'a'+i), "203.0.113.7", 1)
		f.Windows[0].Usage.Answered, f.Windows[0].Usage.Failed = 0, 1
		found = append(found, f)
	}
	f := ordinary("/page.aspx", "203.0.113.7", 3)
	used(&f)
	return rank.Scores(append(found, f))[n]
}

func TestSearchedFor(t *testing.T) {
	require.Contains(t, probing(3, asIs).Reasons, rank.Reason{Signal: "probed", Points: 10, Detail: "3 pages that never answered"})
	scores := probing(2, asIs)
	require.NotContains(t, scores.IDs(), "probed", "two wrong names are a mistake")
	scores = probing(3, requests(1))
	require.NotContains(t, scores.IDs(), "probed", "a scanner finds a rare page, and leaves it")
	// "probed": 10
}

// beside is a finding of a rare page among n others of its client.
func beside(n int, change func(*rank.Finding)) rank.Score {
	found := []rank.Finding{ordinary("/ordinary.aspx", "192.0.2.200", 1)}
	for i := range n {
		found = append(found, ordinary(fmt.Sprintf("/read%d.aspx", i), "203.0.113.7", 1))
	}
	f := ordinary("/page.aspx", "203.0.113.7", 3)
	all(clients(1), days(4), noReferer(3), change)(&f)
	return rank.Scores(append(found, f))[len(found)]
}

func TestNothingElse(t *testing.T) {
	require.Contains(t, beside(0, asIs).Reasons, rank.Reason{Signal: "focused", Points: 10, Detail: "no other finding that answered"})
	// "focused": 10
	for why, s := range map[string]rank.Score{
		"it has another one":        beside(1, asIs),
		"the page never answered":   beside(0, usage(func(u *rank.Usage) { u.Answered = 0 })),
		"other people use the page": beside(0, clients(4)),
	} {
		require.NotContains(t, s.IDs(), "focused", why)
	}
}

// A crawler is alone on every page where nobody goes, day after day, and a proxy
// on all of them. What a client does there that is no reading counts all the same.
func TestWhoReadsEverythingIsAloneEverywhere(t *testing.T) {
	s := beside(8, asIs)
	require.Subset(t, s.IDs(), []string{"alone", "days", "unlinked"}, "nine rare pages are a person's")
	s = beside(9, asIs)
	require.NotContains(t, s.IDs(), "days")
	require.Contains(t, s.IDs(), "alone")
	s = beside(9, sent(2))
	require.Contains(t, s.IDs(), "days", "a crawler sends nothing")
	s = beside(19, sent(2))
	require.NotContains(t, s.IDs(), "alone", "it has nearly all findings: a proxy")
	require.Subset(t, s.IDs(), []string{"sends", "unlinked"})
}

func TestCommand(t *testing.T) {
	for query, want := range map[string]string{
		"x=1&cmd=dir":                        "cmd=dir",
		"c=net+view":                         "c=net+view",
		"q=%77hoami":                         "whoami",
		"q=%2577hoami":                       "whoami", // encoded twice
		"f=..%2f..%2fweb.config":             "../",
		"f=..%252f..%252fweb.config":         "../",
		"%zz+net+user+x":                     "net user", // it cannot be decoded
		"p=aXBjb25maWcgL2FsbA%3D%3D":         "p=ipconfig /all",
		"x=ZABpAHIAIABjADoAXAA=":             `x=dir c:\`, // UTF-16
		"cmd=ping+-n+1+192.0.2.1":            "cmd=ping+-n+1+192.0.2.1",
		"Cmd=Ping&User=bob&DeviceType=Phone": "", // ActiveSync
		"Cmd=FolderSync&User=bob":            "",
		"run=daily":                          "",
		"exec=now":                           "",
		"q=ten+commandments&recmd=1":         "",
		"token=YWJjZGVmZ2hpamtsbW5vcA==":     "",
		"cmd=":                               "",
		"":                                   "",
	} {
		require.Equal(t, want, rank.Command(query), query)
	}
}

// What is known of shells by their names: of this list of published ones no
// more than a few may be missed.
func TestPublishedNames(t *testing.T) {
	published := []string{
		"c99.php", "r57.php", "b374k.php", "wso.php", "wso25.php", "c100.php", "cmd.aspx", "cmdasp.asp", "aspxspy.aspx", "aspydrv.asp",
		"chopper.aspx", "godzilla.aspx", "behinder.aspx", "antsword.aspx", "weevely.php", "regeorg.aspx", "neoreg.ashx", "tunnel.aspx", "p0wny.php",
		"p0wny-shell.php", "alfa.php", "indoxploit.php", "spinstall0.aspx", "insomniashell.aspx", "zehir.asp", "ntdaddy.asp", "webshell.ashx",
		"errorEE.aspx", "supp0rt.aspx", "SharPyShell.aspx", "simple-backdoor.php", "shell.aspx",
	}
	var missed []string
	for _, name := range published {
		if points("/app/"+name, asIs)["name"] == 0 {
			missed = append(missed, name)
		}
	}
	require.Empty(t, missed)
	var taken []string
	for _, name := range []string{
		"default.aspx", "about.aspx", "contact.aspx", "search.php", "checkout.aspx", "wp-cron.php", "xmlrpc.php", "admin-ajax.php", "report2.aspx",
		"webresource.axd", "scriptresource.axd", "getimage.ashx", "product-list.aspx", "accounts.aspx", "errors.aspx", "index2.php", "home1.aspx", "print.aspx", "style.php",
	} {
		if points("/app/"+name, asIs)["name"] != 0 {
			taken = append(taken, name)
		}
	}
	require.Empty(t, taken, "ordinary names")
}

func TestLevels(t *testing.T) {
	level := func(path string, change func(*rank.Finding)) string {
		f := ordinary(path, "203.0.113.7", 3)
		change(&f)
		return rank.Scores([]rank.Finding{f})[0].Level
	}
	require.Equal(t, rank.Weak, level("/page.aspx", sent(3)))
	require.Equal(t, rank.Weak, level("/page.aspx", all(clients(1), requests(1), noReferer(1))), "a robot on a rare page")
	require.Equal(t, rank.Moderate, level("/page.aspx", all(sent(3), clients(1))))
	require.Equal(t, rank.Strong, level("/uploads/page.aspx", all(clients(1), noReferer(3))))
	require.Equal(t, rank.Weak, level("/uploads/photo.jpg", all(clients(1), noReferer(3), days(9), sent(3))), "static files are never above weak")
	require.Equal(t, rank.Weak, level("/uploads/cmd.aspx", all(clients(1), noReferer(3), usage(func(u *rank.Usage) { u.Answered = 0 }))), "a guess that was wrong")
}

func TestEverySignalHasACase(t *testing.T) {
	source, err := os.ReadFile("rank_test.go")
	require.NoError(t, err)
	for _, s := range rank.Signals {
		require.True(t, bytes.Contains(source, fmt.Appendf(nil, "%q: %d", s.ID, s.Points)), "%s: no case gives the most points of the signal", s.ID)
		require.GreaterOrEqual(t, s.Points, 0, "no signal takes points away: what would excuse a request can be forged")
	}
	require.True(t, slices.IsSortedFunc(rank.Signals, func(a, b rank.Signal) int { return b.Points - a.Points }))
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
