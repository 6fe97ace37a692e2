// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/rank"
)

// Finding is a page (or whatever the rule groups by) and its clients, with all
// their detections.
type Finding struct {
	Rule        int               `json:"rule"` // index into the report's rules
	Path        string            `json:"path,omitempty"`
	Page        string            `json:"page,omitempty"`
	Agent       int               `json:"agent"` // index into the report's user agents
	Group       map[string]string `json:"group,omitempty"`
	Clients     []string          `json:"clients,omitempty"`
	Counted     []string          `json:"counted,omitempty"` // what is counted, where it is not addresses
	ClientCount int               `json:"client_count"`
	Sites       []string          `json:"sites,omitempty"`
	Hosts       []string          `json:"hosts,omitempty"`
	Servers     []string          `json:"servers,omitempty"`
	Requests    int64             `json:"requests"`
	AtLeast     bool              `json:"at_least,omitempty"` // windows overlap: requests of some are not added
	Days        int               `json:"days"`               // UTC days with a request, as far as is known
	rank.Score
	Windows []Window `json:"windows"` // by start

	rule  *Rule
	agent string
}

// findings joins the detections and ranks the findings, the most telling first.
func (s *Store) findings() []*Finding {
	byKey := map[string]*Finding{}
	var all []*Finding
	for _, d := range s.sorted() {
		k := d.key()
		f := byKey[k]
		if f == nil {
			f = &Finding{Path: d.Path, Page: d.Page, Group: d.Group, Counted: d.Counted, rule: &d.Rule, agent: d.UserAgent}
			byKey[k] = f
			all = append(all, f)
		}
		f.join(d)
	}
	for _, f := range all {
		f.count()
	}
	order(all, "")
	return all
}

// Without returns the findings as they would be ranked without the signal of that
// ID; "" is no signal's.
func (doc *Document) Without(signal string) []*Finding {
	all := make([]*Finding, len(doc.Findings))
	for i, f := range doc.Findings {
		c := *f
		all[i] = &c
	}
	order(all, signal)
	return all
}

// order gives each finding its score, without that of a signal, and sorts them,
// the most telling first.
func order(all []*Finding, without string) {
	seen := make([]rank.Finding, len(all))
	for i, f := range all {
		seen[i] = rank.Finding{
			Path: f.Path, Page: f.Page, Agent: f.agent, Clients: owners(f.Counted, f.Clients), Days: f.Days, Requests: f.Requests, First: f.First(), Windows: make([]*rank.Window, len(f.Windows)),
		}
		for j := range f.Windows {
			seen[i].Windows[j] = &f.Windows[j].Window
		}
	}
	for i, score := range rank.Without(without, seen) {
		all[i].Score = score
	}
	slices.SortFunc(all, (*Finding).compare)
}

// key is the same for the detections of one finding: IIS paths have no case, and
// one page may be written in many ways.
func (d *Detection) key() string {
	k, err := json.Marshal([]any{d.Rule.ID, d.Rule.Name, cmp.Or(d.Page, strings.ToLower(d.Path)), d.UserAgent, d.Group, owners(d.Counted, d.Clients)})
	if err != nil {
		panic(err) // texts always encode
	}
	return string(k)
}

// owners are what tells the clients from others: who has a network comes from
// another of its addresses every day.
func owners(counted, clients []string) []string {
	if len(counted) > 0 {
		return counted
	}
	return clients
}

func (f *Finding) join(d *Detection) {
	f.rule = &d.Rule // the newest version
	f.ClientCount = max(f.ClientCount, d.ClientCount)
	f.Clients = union(f.Clients, d.Clients, maxClients)
	f.Sites = union(f.Sites, d.Sites, maxPlaces)
	f.Hosts = union(f.Hosts, d.Hosts, maxPlaces)
	f.Servers = union(f.Servers, d.Servers, maxPlaces)
	f.Windows = append(f.Windows, d.Window)
}

func union(a, b []string, limit int) []string {
	if len(a) == 0 {
		return b
	}
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(slices.Clone(a), s)
		}
	}
	slices.Sort(a)
	return a[:min(len(a), limit)]
}

// count adds up the windows; of those that overlap only the earlier ones, since
// they may speak of the same requests.
func (f *Finding) count() {
	days, between := map[string]bool{}, int64(0)
	var counted time.Time
	for i := range f.Windows {
		w := &f.Windows[i]
		days[w.First.UTC().Format(time.DateOnly)] = true
		days[w.Last.UTC().Format(time.DateOnly)] = true
		if w.Start.Before(counted) {
			f.AtLeast = true
			continue
		}
		f.Requests += w.Requests
		counted = w.End
		if w.Usage != nil { // of a long window the first and the last request are not all days
			ends := int64(1)
			if !w.First.UTC().Truncate(24 * time.Hour).Equal(w.Last.UTC().Truncate(24 * time.Hour)) {
				ends = 2
			}
			between += max(0, w.Usage.Days-ends)
		}
	}
	f.Days = len(days) + int(between)
}

// First is the time of the first request.
func (f *Finding) First() time.Time {
	t := f.Windows[0].First
	for i := range f.Windows {
		if f.Windows[i].First.Before(t) {
			t = f.Windows[i].First
		}
	}
	return t
}

// Last is the time of the last request.
func (f *Finding) Last() time.Time {
	t := f.Windows[0].Last
	for i := range f.Windows {
		if f.Windows[i].Last.After(t) {
			t = f.Windows[i].Last
		}
	}
	return t
}

// compare is the order of the report: the most telling first.
func (f *Finding) compare(o *Finding) int {
	return cmp.Or(
		cmp.Compare(o.Points, f.Points),
		cmp.Compare(rank.Severity(o.rule.Severity), rank.Severity(f.rule.Severity)),
		cmp.Compare(o.Days, f.Days),
		cmp.Compare(o.Requests, f.Requests),
		o.Last().Compare(f.Last()),
		cmp.Compare(f.Path, o.Path),
		cmp.Compare(f.agent, o.agent),
		cmp.Compare(f.Windows[0].ID, o.Windows[0].ID),
	)
}
