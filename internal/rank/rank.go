// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package rank says how telling a finding is: its signals, the points they give,
// and the level that the points make. It knows findings alone: not how they are
// written, nor where they come from.
package rank

import (
	"cmp"
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/printable"
)

// Finding is what the signals look at: a page and its clients, with all windows
// in which they were found.
type Finding struct {
	Path     string    // as the first request wrote it
	Page     string    // the file that it asks for; "" where that is not known
	Agent    string    // the user agent; "" where the rule does not group by it
	Clients  []string  // as they are counted: addresses, networks or other values
	Days     int       // UTC days with a request
	Requests int64     // of all windows; of overlapping ones only the first
	First    time.Time // the first request
	Windows  []*Window // by start; at least one
}

// Window is what the signals look at in a window. A report has it as it is.
type Window struct {
	Requests         int64     `json:"requests"`
	Methods          []string  `json:"methods,omitempty"`
	NoReferer        int64     `json:"no_referer,omitempty"`      // requests without
	ForeignReferer   int64     `json:"foreign_referer,omitempty"` // requests with another host's
	New              *bool     `json:"new,omitempty"`             // nil: nothing is remembered
	History          time.Time `json:"history,omitzero"`          // from when on it is
	Complete         bool      `json:"complete"`
	IncompleteReason []string  `json:"incomplete,omitempty"`

	// PageClients is how many clients the page had, over all groups; 0: not known.
	PageClients int64  `json:"page_clients,omitempty"`
	PageMore    bool   `json:"page_more,omitempty"` // there were more
	Usage       *Usage `json:"usage,omitempty"`     // nil: not known

	Command string `json:"-"` // what looks like one in the queries; see Command
}

// Usage is how the page was used in a window.
type Usage struct {
	Days          int64 `json:"days"`                     // UTC days with a request
	Hours         int64 `json:"hours,omitempty"`          // hours of the day, of 24
	Sends         int64 `json:"sends,omitempty"`          // requests that send something
	Answered      int64 `json:"answered,omitempty"`       // with 2xx or 304
	Failed        int64 `json:"failed,omitempty"`         // with 4xx or 5xx
	OwnReferer    int64 `json:"own_referer,omitempty"`    // requests that the page itself refers to
	RefererLogged bool  `json:"referer_logged,omitempty"` // on each of the days, on one of its sites
	// Answers to requests that send something, where their size is logged.
	SentSized    int64 `json:"sent_sized,omitempty"`
	SmallestSent int64 `json:"smallest_sent,omitempty"` // bytes
	LargestSent  int64 `json:"largest_sent,omitempty"`
}

// Score is the verdict on a finding.
type Score struct {
	Points  int      `json:"score"`
	Level   string   `json:"level"`             // Strong, Moderate or Weak
	Reasons []Reason `json:"reasons,omitempty"` // most points first
}

// Reason is a signal that a finding has.
type Reason struct {
	Signal string `json:"signal"`
	Points int    `json:"points"`
	Detail string `json:"detail,omitempty"` // what the signal saw
}

// The levels, by points.
const (
	Strong   = "strong"   // StrongFrom and more
	Moderate = "moderate" // ModerateFrom and more
	Weak     = "weak"

	StrongFrom   = 60 // points
	ModerateFrom = 40

	maxDetailBytes = 100
)

// One judges a finding by itself: what a detection can say when it is made.
func One(f *Finding) Score { return judge(f, &neighbours{}, "") }

// Scores judges the findings, each beside the others, in their order.
func Scores(all []Finding) []Score { return Without("", all) }

// Without is Scores without the signal of that ID: what the signal earns is the
// difference.
func Without(signal string, all []Finding) []Score {
	n := newNeighbours(all)
	scores := make([]Score, len(all))
	for i := range all {
		scores[i] = judge(&all[i], n, signal)
	}
	return scores
}

// neighbours is what a finding's points take from the other findings.
type neighbours struct {
	findings map[string]int // of each client
	probes   map[string]int // of these, pages that never answered
	answered map[string]int // of these, pages that did
	total    int            // findings that answered
}

func newNeighbours(all []Finding) *neighbours {
	n := &neighbours{findings: map[string]int{}, probes: map[string]int{}, answered: map[string]int{}}
	for i := range all {
		f := &all[i]
		u, known := f.usage()
		answered := known && u.Answered > 0
		if answered {
			n.total++
		}
		for _, client := range f.Clients {
			n.findings[client]++
			if known && u.Answered == 0 && u.Failed > 0 {
				n.probes[client]++
			}
			if answered {
				n.answered[client]++
			}
		}
	}
	return n
}

const (
	crowdFindings  = 20 // of a client, and half of all, before it is taken for many
	readerFindings = 10 // of a client, before it is taken for one that reads everything
)

// crowd reports whether each client of a finding has most of all findings that
// answered. A proxy hides who asked, and a program that reads the whole site is
// alone wherever nobody goes: that nobody else came then says nothing.
func (n *neighbours) crowd(f *Finding) bool {
	for _, client := range f.Clients {
		if k := n.answered[client]; k < crowdFindings || 2*k < n.total {
			return false
		}
	}
	return len(f.Clients) > 0
}

// reader reports whether each client of a finding reads many rare pages, and sends
// nothing to this one.
func (n *neighbours) reader(f *Finding) bool {
	if u, known := f.usage(); !known || u.Sends > 0 {
		return false
	}
	for _, client := range f.Clients {
		if n.answered[client] < readerFindings {
			return false
		}
	}
	return len(f.Clients) > 0
}

func judge(f *Finding, n *neighbours, without string) Score {
	s := Score{Level: Weak}
	capped := false
	for i := range Signals {
		sig := &Signals[i]
		if sig.ID == without {
			continue
		}
		points, detail := sig.test(f, n)
		if points <= 0 && detail == "" {
			continue
		}
		s.Reasons = append(s.Reasons, Reason{sig.ID, points, printable.Cut(detail, maxDetailBytes)})
		s.Points += points
		capped = capped || sig.caps
	}
	slices.SortStableFunc(s.Reasons, func(a, b Reason) int { return cmp.Compare(b.Points, a.Points) })
	if capped {
		s.Points = min(s.Points, ModerateFrom-1)
	}
	switch {
	case s.Points >= StrongFrom:
		s.Level = Strong
	case s.Points >= ModerateFrom:
		s.Level = Moderate
	}
	return s
}

// Words are the labels of the reasons.
func (s *Score) Words() []string {
	var out []string
	for _, r := range s.Reasons {
		for i := range Signals {
			if Signals[i].ID == r.Signal {
				out = append(out, Signals[i].Label)
			}
		}
	}
	return out
}

// IDs are the signals of the reasons.
func (s *Score) IDs() []string {
	var out []string
	for _, r := range s.Reasons {
		out = append(out, r.Signal)
	}
	return out
}

// Severity orders the severities of rules: High, Medium, Low, any other. It
// breaks ties: a rule that calls itself severe lifts no finding above another's
// evidence.
func Severity(s string) int {
	return map[string]int{"High": 3, "Medium": 2, "Low": 1}[s]
}

// usage adds up the windows. known is false where a window lacks it.
func (f *Finding) usage() (u Usage, known bool) {
	u.RefererLogged = true
	for i, w := range f.Windows {
		o := w.Usage
		if o == nil {
			return Usage{}, false
		}
		u.Sends += o.Sends
		u.Answered += o.Answered
		u.Failed += o.Failed
		u.OwnReferer += o.OwnReferer
		u.Hours = max(u.Hours, o.Hours)
		u.RefererLogged = u.RefererLogged && o.RefererLogged
		if o.SentSized > 0 {
			if u.SentSized == 0 {
				u.SmallestSent, u.LargestSent = o.SmallestSent, o.LargestSent
			}
			u.SentSized += o.SentSized
			u.SmallestSent, u.LargestSent = min(u.SmallestSent, o.SmallestSent), max(u.LargestSent, o.LargestSent)
		}
		if i == 0 || f.Days > 1 {
			u.Days = int64(f.Days)
		}
	}
	return u, true
}

// page is the largest number of clients that the page had in a window. known is
// false where a window does not tell.
func (f *Finding) page() (clients int64, known bool) {
	for _, w := range f.Windows {
		switch {
		case w.PageClients <= 0:
			return 0, false
		case w.PageMore:
			clients = max(clients, w.PageClients+1)
		default:
			clients = max(clients, w.PageClients)
		}
	}
	return clients, true
}

// fewClients is how many clients a page has at most that is rare as a page.
const fewClients = 3

// rarePage reports whether hardly anybody asks for the page, with any browser:
// claims about the page, and not about a browser on it, need that.
func (f *Finding) rarePage() bool {
	clients, known := f.page()
	return known && clients <= fewClients
}

func (f *Finding) requests() (n int64) {
	for _, w := range f.Windows {
		n += w.Requests
	}
	return n
}
