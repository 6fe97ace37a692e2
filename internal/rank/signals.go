// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rank

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/printable"
)

// Signal is a property that makes a finding more telling. None takes points
// away: what would excuse a request can be forged. Two keep a finding weak.
type Signal struct {
	ID     string `json:"id"`
	Points int    `json:"points"` // the most that it gives
	Label  string `json:"label"`  // a word or two
	Why    string `json:"why"`    // why it matters

	// test returns the points and what it saw; 0 and "" where it does not apply.
	test func(*Finding, *neighbours) (points int, detail string)
	caps bool // a finding that has it stays weak
}

// Signals is the table of all signals, in the order of their points.
var Signals = []Signal{
	{"folder", 30, "script in a data folder", "A script under a folder for uploads, pictures, styles or client files, where none belongs.", dataFolder, false},
	{"command", 30, "command in query", "A query of a sample request looks like a command, a path outside the site or encoded code.", command, false},
	{"sends", 25, "sends data", "Most requests send something (POST, PUT, ...): the page is worked with, not read. 15 points where only some do.", sends, false},
	{"name", 25, "telling name", "The file is named as published web shells are, has two extensions, imitates a product's file, or lies where the product has no such script; 10 points for a name without sense.", tellingName, false},
	{"alone", 15, "nobody else", "No other client asked for the page, with any browser. 10 points for two clients, 5 for three. Not where one client has most of the findings: it is a proxy, or reads the whole site.", alone, false},
	{"unlinked", 15, "no link leads there", "No request comes from another page of the site, though it logs referers: there is none, or it is the page itself. 5 points for one or two requests that send nothing.", unlinked, false},
	{"days", 10, "comes back", "Hardly anybody asks for the page, and these clients do so on several days. 5 points for the second day. Not for a client that reads ten rare pages, as crawlers do.", days, false},
	{"answers", 10, "answers like a tool", "The answers to what was sent differ threefold in size, or are all equal: neither is how a form answers.", answers, false},
	{"appeared", 10, "appeared later", "The page was asked for from some day on, and not in the week or more before, as far as is remembered. 5 points for less than five requests. Not for a client that reads ten rare pages.", appeared, false},
	{"focused", 10, "nothing else", "Its clients have no other finding that ever answered: they came for this page.", focused, false},
	{"probed", 10, "searched for", "The same client asked for other scripts that were not there, and uses this one.", probed, false},
	{"method", 10, "odd method", "A method that browsers do not use for pages.", oddMethod, false},
	{"agent", 10, "tool", "The user agent names a scanner, an attack tool or a program.", attackTool, false},
	{"busy", 5, "used often", "Ten requests and more: somebody works with the page.", busy, false},
	{"hours", 5, "same hours", "On three days or more, always within the same three hours.", sameHours, false},
	{"static", 0, "static file", "A picture, style, font or document is not run: the finding stays weak.", static, true},
	{"unanswered", 0, "never answered", "The page never answered with success and was sent little: probably it is not there. The finding stays weak.", unanswered, true},
	{"incomplete", 0, "incomplete", "Something was lost that could have been a second client: the finding may be a false alert.", incomplete, false},
	{"client", 0, "client of more", "Its client has other findings too: look at them together.", clientOfMore, false},
}

func alone(f *Finding, n *neighbours) (int, string) {
	clients, known := f.page()
	switch {
	case !known || clients > fewClients || n.crowd(f):
		return 0, ""
	case clients == 1:
		return 15, "1 client"
	case clients == 2:
		return 10, "2 clients"
	default:
		return 5, "3 clients"
	}
}

func days(f *Finding, n *neighbours) (int, string) {
	if f.Days < 2 || !f.rarePage() || n.crowd(f) || n.reader(f) {
		return 0, ""
	}
	return min(5*(f.Days-1), 10), fmt.Sprintf("%d days", f.Days)
}

func sameHours(f *Finding, n *neighbours) (int, string) {
	u, known := f.usage()
	if !known || n.crowd(f) || n.reader(f) || f.Days < 3 || u.Hours == 0 || u.Hours > 3 || len(f.Windows) > 1 {
		return 0, ""
	}
	return 5, plural(u.Hours, "hour") + " of the day"
}

// reading are the methods that send nothing.
var reading = []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"}

func sends(f *Finding, _ *neighbours) (int, string) {
	methods := f.methodsBut(reading...)
	if methods == "" {
		return 0, ""
	}
	if u, known := f.usage(); known && 2*u.Sends >= f.requests() {
		return 25, fmt.Sprintf("%d of %d (%s)", u.Sends, f.requests(), methods)
	}
	return 15, methods
}

func oddMethod(f *Finding, _ *neighbours) (int, string) {
	if methods := f.methodsBut("GET", "HEAD", "POST", "OPTIONS", ""); methods != "" {
		return 10, methods
	}
	return 0, ""
}

// methodsBut lists the methods that are none of these.
func (f *Finding) methodsBut(these ...string) string {
	var out []string
	for _, w := range f.Windows {
		for _, m := range w.Methods {
			if !slices.Contains(out, m) && !slices.Contains(these, m) {
				out = append(out, m)
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// unlinked counts a page's own form as no link.
func unlinked(f *Finding, _ *neighbours) (int, string) {
	u, known := f.usage()
	if !known || !u.RefererLogged {
		return 0, ""
	}
	var missing int64
	for _, w := range f.Windows {
		missing += w.NoReferer
	}
	n := f.requests()
	if n == 0 || missing+u.OwnReferer < n {
		return 0, ""
	}
	detail := "no referer"
	if u.OwnReferer > 0 {
		detail = fmt.Sprintf("%d without, %d from the page itself", missing, u.OwnReferer)
	}
	if n < 3 && u.Sends == 0 {
		return 5, detail
	}
	return 15, detail
}

func answers(f *Finding, _ *neighbours) (int, string) {
	u, known := f.usage()
	switch {
	case !known || u.SentSized < 3:
		return 0, ""
	case u.SmallestSent == u.LargestSent:
		return 10, fmt.Sprintf("always %d bytes", u.LargestSent)
	case u.LargestSent >= 3*u.SmallestSent:
		return 10, fmt.Sprintf("%d to %d bytes", u.SmallestSent, u.LargestSent)
	}
	return 0, ""
}

// longMemory is how much must be remembered from before the first request.
const longMemory = 7 * 24 * time.Hour

// appeared looks at the first window: in the later ones the page is known from it.
func appeared(f *Finding, n *neighbours) (int, string) {
	w := f.Windows[0]
	if !f.rarePage() || n.reader(f) || w.New != nil && !*w.New || w.History.IsZero() || f.First.Sub(w.History) < longMemory {
		return 0, ""
	}
	points := 10
	if f.Requests < 5 {
		points = 5
	}
	return points, fmt.Sprintf("%d days after %s", int(f.First.Sub(w.History).Hours()/24), w.History.UTC().Format(time.DateOnly))
}

func probed(f *Finding, n *neighbours) (int, string) {
	u, known := f.usage()
	if !known || u.Answered == 0 || u.Sends == 0 && f.Requests < 3 || n.crowd(f) {
		return 0, ""
	}
	most := 0
	for _, client := range f.Clients {
		most = max(most, n.probes[client])
	}
	if most < 3 {
		return 0, ""
	}
	return 10, plural(int64(most), "page") + " that never answered"
}

// focused is not known of a detection by itself.
func focused(f *Finding, n *neighbours) (int, string) {
	for _, client := range f.Clients {
		if n.answered[client] != 1 {
			return 0, ""
		}
	}
	if u, known := f.usage(); !known || u.Answered == 0 || !f.rarePage() || n.total < 2 {
		return 0, ""
	}
	return 10, "no other finding that answered"
}

func busy(f *Finding, _ *neighbours) (int, string) {
	if f.Requests < 10 {
		return 0, ""
	}
	return 5, plural(f.Requests, "request")
}

func static(f *Finding, _ *neighbours) (int, string) {
	for _, path := range []string{f.Path, f.Page} {
		if _, _, run := script(path); run { // /photo.asp;.jpg
			return 0, ""
		}
	}
	if ext := extension(cmp.Or(f.Page, f.Path)); slices.Contains(staticExtensions, ext) {
		return 0, "." + ext
	}
	return 0, ""
}

func unanswered(f *Finding, _ *neighbours) (int, string) {
	u, known := f.usage()
	if !known || u.Answered > 0 || u.Sends >= 3 {
		return 0, ""
	}
	return 0, plural(u.Failed, "failure")
}

func incomplete(f *Finding, _ *neighbours) (int, string) {
	n := 0
	var why []string
	for _, w := range f.Windows {
		if w.Complete {
			continue
		}
		n++
		for _, r := range w.IncompleteReason {
			if !slices.Contains(why, r) {
				why = append(why, r)
			}
		}
	}
	if n == 0 {
		return 0, ""
	}
	return 0, fmt.Sprintf("%d of %d windows: %s", n, len(f.Windows), strings.Join(why, ", "))
}

func clientOfMore(f *Finding, n *neighbours) (int, string) {
	most := 0
	for _, client := range f.Clients {
		most = max(most, n.findings[client])
	}
	if most < 2 {
		return 0, ""
	}
	return 0, plural(int64(most-1), "other finding")
}

// short makes somebody else's text fit a reason.
func short(s string) string { return printable.Text(printable.Cut(s, 60)) }

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
