// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"

	"github.com/iishunt/iishunt/internal/printable"
)

// Signal is a property that makes a finding more telling. None takes points
// away: what would excuse a request can be forged.
type Signal struct {
	ID     string `json:"id"`
	Points int    `json:"points"` // the most that it gives
	Label  string `json:"label"`  // a word or two
	Why    string `json:"why"`    // why it matters

	// test returns the points (0: it does not apply), and what it saw.
	test func(*Finding, *context) (int, string)
}

// Reason is a signal that a finding has.
type Reason struct {
	Signal string `json:"signal"`
	Points int    `json:"points"`
	Detail string `json:"detail,omitempty"`
}

// The levels, by points.
const (
	Strong   = "strong"   // strongFrom and more
	Moderate = "moderate" // moderateFrom and more
	Weak     = "weak"

	maxDetail = 100 // bytes of what a signal saw

	strongFrom   = 60
	moderateFrom = 30
)

// context is what a finding's points take from the other findings.
type context struct {
	hasReferer map[string]bool // sites of which some request has a referer, so that it is logged
	pages      map[string]int  // findings of each client
}

// Signals is the table of all signals, in the order of their points.
var Signals = []Signal{
	{"days", 30, "comes back", "The same client uses a page that nobody else asks for on several days. 10 points for each day after the first.", days},
	{"upload_folder", 30, "upload folder", "The path lies under a folder for uploads, pictures or temporary files, where no script belongs.", uploadFolder},
	{"command", 30, "command in query", "A query of a sample request looks like a command, a path outside the site or encoded code.", command},
	{"sends", 25, "sends data", "Requests with a method that sends something (POST, PUT, ...) were answered as a success: the page does something with it.", sends},
	{"new", 20, "new page", "Nobody had asked for the page before, as far back as is remembered.", newPage},
	{"severity", 20, "severity", "The rule itself is severe: 20 points for High, 10 for Medium.", severity},
	{"name", 15, "odd name", "The file is named as tools name theirs: one or two letters, only digits, a long hexadecimal number, a known web shell, or two extensions.", oddName},
	{"agent", 15, "attack tool", "The user agent names a scanner or an attack tool.", attackTool},
	{"no_referer", 10, "no referer", "No request has a referer, though the site logs it: nobody followed a link to get there.", noReferer},
	{"foreign_referer", 10, "foreign referer", "Requests come from a page of another host.", foreignReferer},
	{"busy", 10, "used often", "Ten requests and more: somebody works with the page.", busy},
	{"method", 5, "odd method", "A method that browsers do not use for pages.", oddMethod},
	{"incomplete", 0, "incomplete", "Something was lost that could have been a second client: the finding may be a false alert.", incomplete},
	{"client", 0, "client of more", "Its client has other findings too: look at them together.", clientOfMore},
}

// rank gives each finding its reasons and sorts them all.
func rank(all []*Finding) {
	c := &context{hasReferer: map[string]bool{}, pages: map[string]int{}}
	for _, f := range all {
		if missing, requests := f.referers(); missing < requests {
			for _, s := range f.places() {
				c.hasReferer[s] = true
			}
		}
		for _, client := range f.Clients {
			c.pages[client]++
		}
	}
	for _, f := range all {
		f.judge(c)
	}
	slices.SortFunc(all, (*Finding).compare)
}

func (f *Finding) judge(c *context) {
	for i := range Signals {
		s := &Signals[i]
		points, detail := s.test(f, c)
		if points > 0 || detail != "" {
			f.Reasons = append(f.Reasons, Reason{s.ID, points, printable.Cut(detail, maxDetail)})
			f.Score += points
		}
	}
	slices.SortStableFunc(f.Reasons, func(a, b Reason) int { return cmp.Compare(b.Points, a.Points) })
	switch {
	case f.Score >= strongFrom:
		f.Level = Strong
	case f.Score >= moderateFrom:
		f.Level = Moderate
	default:
		f.Level = Weak
	}
}

// places are the sites, or the hosts where the site is not logged.
func (f *Finding) places() []string {
	if len(f.Sites) > 0 {
		return f.Sites
	}
	if len(f.Hosts) > 0 {
		return f.Hosts
	}
	return []string{""}
}

func (f *Finding) referers() (missing, requests int64) {
	for i := range f.Windows {
		missing += f.Windows[i].NoReferer
		requests += f.Windows[i].Requests
	}
	return missing, requests
}
