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
	Path     string
	Agent    string // the user agent
	Severity string // the rule's: High, Medium, Low or another text
	Clients  []string
	Sites    []string
	Hosts    []string
	Days     int       // UTC days on which a window's requests begin or end
	Requests int64     // of all windows; of overlapping ones only the first
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

	Command string `json:"-"` // what looks like one in the queries; see Command
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
	ModerateFrom = 30

	maxDetailBytes = 100
)

// Scores judges the findings, each beside the others, in their order.
func Scores(all []Finding) []Score {
	n := newNeighbours(all)
	scores := make([]Score, len(all))
	for i := range all {
		scores[i] = judge(&all[i], n)
	}
	return scores
}

// neighbours is what a finding's points take from the other findings.
type neighbours struct {
	logsReferer map[string]bool // places of which a request has a referer, so that it is logged there
	findings    map[string]int  // of each client
}

func newNeighbours(all []Finding) *neighbours {
	n := &neighbours{logsReferer: map[string]bool{}, findings: map[string]int{}}
	for i := range all {
		f := &all[i]
		if missing, requests := f.referers(); missing < requests {
			for _, place := range f.places() {
				n.logsReferer[place] = true
			}
		}
		for _, client := range f.Clients {
			n.findings[client]++
		}
	}
	return n
}

func judge(f *Finding, n *neighbours) Score {
	s := Score{Level: Weak}
	for i := range Signals {
		points, detail := Signals[i].test(f, n)
		if points > 0 || detail != "" {
			s.Reasons = append(s.Reasons, Reason{Signals[i].ID, points, printable.Cut(detail, maxDetailBytes)})
			s.Points += points
		}
	}
	slices.SortStableFunc(s.Reasons, func(a, b Reason) int { return cmp.Compare(b.Points, a.Points) })
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

// places are the sites, or the hosts where the site is not logged.
func (f *Finding) places() []string {
	switch {
	case len(f.Sites) > 0:
		return f.Sites
	case len(f.Hosts) > 0:
		return f.Hosts
	default:
		return []string{""}
	}
}

func (f *Finding) referers() (missing, requests int64) {
	for _, w := range f.Windows {
		missing += w.NoReferer
		requests += w.Requests
	}
	return missing, requests
}
