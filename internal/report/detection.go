// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"maps"
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/printable"
	"github.com/iishunt/iishunt/internal/rank"
)

// What is kept of a detection, all of which an attacker may choose: longer texts
// are cut, and of longer lists the first elements are kept.
const (
	maxKeyBytes     = 2048 // the path, the user agent
	maxQueryBytes   = 1024
	maxRefererBytes = 512
	maxNameBytes    = 256 // any other text
	maxClients      = 50
	maxPlaces       = 32 // sites, hosts, server addresses
	maxList         = 16 // methods, reasons, tactics, techniques, other group values
	maxSamples      = 20
	maxCount        = 1 << 50 // sums of such numbers do not overflow
)

// Detection is what rare_client says about one window.
type Detection struct {
	ID          string
	Rule        Rule
	Page        string            // that all paths of the finding ask for; "" where the rule does not group by it
	Path        string            // "" where the rule does not group by it
	UserAgent   string            // the same
	Group       map[string]string // what else the rule groups by
	Clients     []string          // their addresses, sorted; at most maxClients
	Counted     []string          // what is counted, where it is not addresses: networks, users; sorted, at most maxClients
	ClientCount int
	Sites       []string // sorted, as are the next two
	Hosts       []string
	Servers     []string
	Window
}

// Rule says which rule found it.
type Rule struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name,omitempty"`
	Version     string   `json:"version,omitempty"`
	Description string   `json:"description,omitempty"`
	Category    string   `json:"category,omitempty"`
	Reference   string   `json:"reference,omitempty"`
	Severity    string   `json:"severity,omitempty"`
	Tactics     []Threat `json:"tactics,omitempty"`
	Techniques  []Threat `json:"techniques,omitempty"`
}

// Threat is a tactic or technique of MITRE ATT&CK.
type Threat struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// Window is the part of a detection that belongs to its window.
type Window struct {
	ID    string    `json:"id"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	First time.Time `json:"first"` // the first request
	Last  time.Time `json:"last"`
	rank.Window
	Samples []Sample `json:"samples,omitempty"` // in order of time
}

// Sample is a request.
type Sample struct {
	Time    time.Time `json:"time"`
	Client  string    `json:"client,omitempty"`
	Method  string    `json:"method,omitempty"`
	Query   string    `json:"query,omitempty"`
	Referer string    `json:"referer,omitempty"`
	User    string    `json:"user,omitempty"`
	File    string    `json:"file,omitempty"`
	Status  int       `json:"status,omitempty"`
	Bytes   int64     `json:"bytes,omitempty"`
}

// tidy makes a detection harmless and bounded, wherever it comes from, and
// reports whether it can be kept: it has an id, and times that can be written.
func (d *Detection) tidy() bool {
	for _, t := range []time.Time{d.Start, d.End, d.First, d.Last} {
		if !writable(t) {
			return false
		}
	}
	if !d.History.IsZero() && !writable(d.History) {
		d.History = time.Time{}
	}
	d.Window.ID = text(d.ID, maxNameBytes)
	d.ID = d.Window.ID
	d.Rule.tidy()
	d.Path = text(d.Path, maxKeyBytes)
	d.Page = text(d.Page, maxKeyBytes)
	d.UserAgent = text(d.UserAgent, maxKeyBytes)
	d.Group = group(d.Group)
	d.Clients = list(d.Clients, maxClients)
	slices.Sort(d.Clients)
	d.Counted = list(d.Counted, maxClients)
	slices.Sort(d.Counted)
	d.ClientCount = max(d.ClientCount, len(owners(d.Counted, d.Clients)))
	for _, l := range []*[]string{&d.Sites, &d.Hosts, &d.Servers} {
		*l = list(*l, maxPlaces)
		slices.Sort(*l)
	}
	d.Requests, d.NoReferer, d.ForeignReferer = min(max(d.Requests, 0), maxCount), min(max(d.NoReferer, 0), maxCount), min(max(d.ForeignReferer, 0), maxCount)
	d.PageClients = max(d.PageClients, 0)
	if u := d.Usage; u != nil {
		for _, n := range []*int64{&u.Days, &u.Hours, &u.Sends, &u.Answered, &u.Failed, &u.OwnReferer, &u.SentSized, &u.SmallestSent, &u.LargestSent} {
			*n = min(max(*n, 0), maxCount)
		}
	}
	d.Methods = list(d.Methods, maxList)
	d.IncompleteReason = list(d.IncompleteReason, maxList)
	d.Samples = samples(d.Samples)
	d.Command = ""
	for i := 0; i < len(d.Samples) && d.Command == ""; i++ {
		d.Command = rank.Command(d.Samples[i].Query)
	}
	if len(d.Clients) == 1 && d.Counted == nil { // it need not be repeated with each sample
		for i := range d.Samples {
			if d.Samples[i].Client == d.Clients[0] {
				d.Samples[i].Client = ""
			}
		}
	}
	return d.ID != ""
}

// writable tells whether a time has an RFC 3339 form.
func writable(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 }

func text(s string, limit int) string { return printable.Text(printable.Cut(s, limit)) }

func list(in []string, limit int) []string {
	var out []string
	for _, s := range in[:min(len(in), limit)] {
		out = append(out, text(s, maxNameBytes))
	}
	return out
}

func group(in map[string]string) map[string]string {
	var out map[string]string
	for _, k := range slices.Sorted(maps.Keys(in)) {
		if len(out) == maxList {
			break
		}
		if out == nil {
			out = map[string]string{}
		}
		out[text(k, maxNameBytes)] = text(in[k], maxKeyBytes)
	}
	return out
}

func samples(in []Sample) []Sample {
	var out []Sample
	for _, s := range in[:min(len(in), maxSamples)] {
		if writable(s.Time) {
			out = append(out, Sample{
				Time: s.Time, Client: text(s.Client, maxNameBytes), Method: text(s.Method, maxNameBytes),
				Query: text(s.Query, maxQueryBytes), Referer: text(s.Referer, maxRefererBytes), User: text(s.User, maxNameBytes),
				File: text(s.File, maxKeyBytes), Status: s.Status, Bytes: s.Bytes,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Sample) int { return a.Time.Compare(b.Time) })
	return out
}

func (r *Rule) tidy() {
	for _, s := range []*string{&r.ID, &r.Name, &r.Version, &r.Category, &r.Reference, &r.Severity} {
		*s = text(*s, maxNameBytes)
	}
	r.Description = text(r.Description, maxKeyBytes)
	r.Tactics, r.Techniques = threats(r.Tactics), threats(r.Techniques)
}

func threats(in []Threat) []Threat {
	var out []Threat
	for _, t := range in[:min(len(in), maxList)] {
		out = append(out, Threat{ID: text(t.ID, maxNameBytes), Name: text(t.Name, maxNameBytes), Reference: text(t.Reference, maxNameBytes)})
	}
	return out
}

// size estimates the bytes that the detection takes in the report.
func (d *Detection) size() int {
	n := 600 + inJSON(d.Path) + inJSON(d.Page) + inJSON(d.UserAgent)
	for k, v := range d.Group {
		n += inJSON(k) + inJSON(v)
	}
	for _, l := range [][]string{d.Clients, d.Counted, d.Sites, d.Hosts, d.Servers, d.Methods, d.IncompleteReason} {
		for _, s := range l {
			n += inJSON(s) + 3
		}
	}
	for i := range d.Samples {
		s := &d.Samples[i]
		n += 100 + inJSON(s.Client) + inJSON(s.Method) + inJSON(s.Query) + inJSON(s.Referer) + inJSON(s.User) + inJSON(s.File)
	}
	return n
}

// inJSON is how many bytes a text takes in the report: "<" becomes \u003c.
func inJSON(s string) int {
	n := len(s)
	for i := range len(s) {
		switch s[i] {
		case '<', '>', '&':
			n += 5
		case '"', '\\':
			n++
		}
	}
	return n
}
