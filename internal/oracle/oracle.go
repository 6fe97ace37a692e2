// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package oracle finds what a hunt over a folder of logs must find, in the
// plainest way: every line is split at its blanks, every client is remembered,
// nothing is forgotten. It imports nothing from the project, so that a mistake in
// a component cannot be repeated here.
//
// The rule is the default one: 24 hour windows aligned to the epoch, which are
// the days in UTC; groups by URL path without regard to case and user agent;
// exactly one client, which is a /64 network where its addresses are IPv6.
package oracle

import (
	"cmp"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Finding is a page that one client alone asked for on a day, with one user
// agent. Times are RFC 3339 texts, lists are sorted.
type Finding struct {
	WindowStart  string   `json:"window_start"`
	WindowEnd    string   `json:"window_end"`
	URLPath      string   `json:"url_path"`   // as the earliest request wrote it
	UserAgent    string   `json:"user_agent"` // with blanks, not +
	Clients      []string `json:"clients"`
	Sites        []string `json:"sites"`
	RequestCount int64    `json:"request_count"`
	FirstSeen    string   `json:"first_seen"`
	LastSeen     string   `json:"last_seen"`
	Complete     bool     `json:"complete"` // nothing of the day can be missing
}

type (
	key struct{ day, path, agent string }

	// group is what is remembered of the requests with a key.
	group struct {
		clients, sites map[string]bool
		owners         map[string]bool // of the clients' addresses
		path           string          // of the first
		first, last    time.Time
		requests       int64
	}

	logs struct {
		groups  map[key]*group
		damaged map[string]bool // days with a line that cannot be used
	}
)

// Find returns the findings in all .log and .log.gz files below a folder, sorted
// by window, path and user agent.
func Find(folder string) ([]Finding, error) {
	all := &logs{groups: map[key]*group{}, damaged: map[string]bool{}}
	if err := Lines(folder, all.add); err != nil {
		return nil, err
	}
	found := []Finding{}
	for k, g := range all.groups {
		if len(g.owners) != 1 {
			continue
		}
		start, err := time.Parse(time.DateOnly, k.day)
		if err != nil {
			return nil, err
		}
		found = append(found, Finding{
			WindowStart:  start.Format(time.RFC3339),
			WindowEnd:    start.AddDate(0, 0, 1).Format(time.RFC3339),
			URLPath:      g.path,
			UserAgent:    strings.ReplaceAll(k.agent, "+", " "),
			Clients:      slices.Sorted(maps.Keys(g.clients)),
			Sites:        slices.Sorted(maps.Keys(g.sites)),
			RequestCount: g.requests,
			FirstSeen:    g.first.Format(time.RFC3339),
			LastSeen:     g.last.Format(time.RFC3339),
			Complete:     !all.damaged[k.day],
		})
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.WindowStart, b.WindowStart),
			strings.Compare(a.URLPath, b.URLPath),
			strings.Compare(a.UserAgent, b.UserAgent))
	})
	return found, nil
}

func (l *logs) add(line *Line) error {
	if !line.Usable {
		l.damaged[day(line.At)] = true
		return nil
	}
	if !wanted(line) {
		return nil
	}
	path := line.Value("cs-uri-stem")
	k := key{day(line.At), strings.ToLower(path), line.Value("cs(User-Agent)")}
	g := l.groups[k]
	if g == nil {
		g = &group{clients: map[string]bool{}, owners: map[string]bool{}, sites: map[string]bool{}, path: path, first: line.At}
		l.groups[k] = g
	}
	client := line.Value("c-ip")
	g.clients[client], g.owners[owner(client)], g.sites[line.Site] = true, true, true
	g.requests++
	if line.At.Before(g.first) {
		g.path, g.first = path, line.At
	}
	if line.At.After(g.last) {
		g.last = line.At
	}
	return nil
}

// owner is the /64 network of an IPv6 address; anything else stands for itself.
func owner(client string) string {
	a, err := netip.ParseAddr(client)
	if err != nil || a.Is4() || a.Is4In6() {
		return client
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return client
	}
	return p.String()
}

func day(at time.Time) string { return at.Format(time.DateOnly) }

// wanted is the rule's first part.
func wanted(l *Line) bool {
	return l.Value("sc-status") == "200" &&
		extension.MatchString(l.Value("cs-uri-stem")) &&
		strings.HasPrefix(strings.ToLower(l.Value("cs(User-Agent)")), "mozilla") &&
		!Private(l.Value("c-ip")) &&
		!Private(l.Value("s-ip")) // "" where the log has no such column: kept
}

// extension is KQL's has_any: one of them stands somewhere in the path, and no
// letter or digit follows it.
var extension = regexp.MustCompile(`(?i)\.(php|aspx|asp|cfml)([^0-9a-z]|$)`)

// Private tells whether an address belongs to nobody on the internet. A text that
// is no address is not private.
func Private(text string) bool {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	address = address.WithZone("").Unmap()
	return address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast()
}
