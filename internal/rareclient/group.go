// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// What a finding keeps at most; what an attacker chooses is bounded.
const (
	maxValue  = 2048 // bytes of a group value
	maxSample = 1024 // bytes of a text in a sample request
	maxSites  = 256  // sites of a finding
	maxNames  = 32   // host names, and server addresses, of a finding
)

// Sample is one request kept as evidence.
type Sample struct {
	Time    int64 // nanoseconds since the Unix epoch
	Client  string
	Method  string
	Query   string
	Referer string
	User    string
	File    string
	Status  int
	Bytes   int64
}

func (s *Sample) compare(o *Sample) int {
	return cmp.Or(
		cmp.Compare(s.Time, o.Time), strings.Compare(s.Client, o.Client),
		strings.Compare(s.Method, o.Method), strings.Compare(s.Query, o.Query),
		strings.Compare(s.Referer, o.Referer), strings.Compare(s.User, o.User),
		strings.Compare(s.File, o.File), cmp.Compare(s.Status, o.Status), cmp.Compare(s.Bytes, o.Bytes))
}

// client identifies a client: by its address where it is one, so that two
// spellings of an address are one client, else by its text.
type client struct {
	addr netip.Addr
	text string // as logged; of several spellings the smallest
}

func (c *client) same(o *client) bool {
	if c.addr.IsValid() || o.addr.IsValid() {
		return c.addr == o.addr
	}
	return c.text == o.text
}

// site is a site with the time of its first request in the group.
type site struct {
	name  string
	first int64
}

// group is the state of an unsettled group in one pane: at most
// client_threshold clients. One more settles it, and only its key remains.
//
// Everything kept is a function of the set of requests seen, not of their
// order: smallest, largest, sum, or the smallest N of a total order.
type group struct {
	values   []string // of group_by, as spelled in the earliest request
	first    int64
	last     int64
	requests uint64
	clients  []client
	sites    []site   // the smallest maxSites names, sorted
	hosts    []string // the smallest maxNames, sorted
	servers  []string // the smallest maxNames, sorted
	samples  []Sample // the earliest, sorted
}

func newGroup(r *Request, values []string) *group {
	return &group{values: copyValues(values), first: r.Time, last: r.Time}
}

func copyValues(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = boundedValue(v)
	}
	return out
}

// boundedValue copies v; one that is too long keeps a digest of the whole, so
// that two long values stay different.
func boundedValue(v string) string {
	if len(v) <= maxValue {
		return strings.Clone(v)
	}
	sum := sha256.Sum256([]byte(v))
	return cut(v, maxValue) + "…[cut, sha256 " + hex.EncodeToString(sum[:8]) + "]"
}

// cut returns at most n bytes of s, ending at a rune boundary.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func clip(s string) string { return strings.Clone(cut(s, maxSample)) }

// add counts one request. It returns false when its client is one more than
// the threshold: the group is settled and must be forgotten.
func (g *group) add(r *Request, values []string, threshold, evidence int) bool {
	if !g.addClient(client{r.ClientAddr, r.Client}, threshold) {
		return false
	}
	g.requests++
	g.last = max(g.last, r.Time)
	if r.Time < g.first || r.Time == g.first && !slices.Equal(values, g.values) {
		g.spell(r.Time, copyValues(values))
	}
	g.sites = addSite(g.sites, r.Site, r.Time)
	g.hosts = addName(g.hosts, r.Host)
	g.servers = addName(g.servers, r.Server)
	g.addSample(r, evidence)
	return true
}

// addClient adds a client that is new, and of two spellings keeps the smaller.
func (g *group) addClient(c client, threshold int) bool {
	for i := range g.clients {
		known := &g.clients[i]
		if !known.same(&c) {
			continue
		}
		if c.text < known.text {
			known.text = clip(c.text)
		}
		return true
	}
	if len(g.clients) == threshold {
		return false
	}
	g.clients = append(g.clients, client{c.addr, clip(c.text)})
	return true
}

// spell keeps the spelling (bounded copies) of the earliest request, of equally
// early ones the smallest.
func (g *group) spell(t int64, values []string) {
	if t < g.first || t == g.first && slices.Compare(values, g.values) < 0 {
		g.values = values
	}
	g.first = min(g.first, t)
}

func (g *group) addSample(r *Request, evidence int) {
	n := len(g.samples)
	if n == evidence && (n == 0 || r.Time > g.samples[n-1].Time) {
		return
	}
	s := Sample{
		Time: r.Time, Client: r.Client, Method: cut(r.Method, maxSample), Query: cut(r.Query, maxSample),
		Referer: cut(r.Referer, maxSample), User: cut(r.User, maxSample), File: cut(r.File, maxSample),
		Status: r.Status, Bytes: r.Bytes,
	}
	at, _ := slices.BinarySearchFunc(g.samples, s, func(a, b Sample) int { return a.compare(&b) })
	if at == evidence {
		return
	}
	s.Client, s.Method, s.Query = clip(s.Client), clip(s.Method), clip(s.Query)
	s.Referer, s.User, s.File = clip(s.Referer), clip(s.User), clip(s.File)
	g.samples = insertBounded(g.samples, at, s, evidence)
}

// insertBounded inserts v and drops what is then past the bound.
func insertBounded[T any](s []T, at int, v T, bound int) []T {
	if len(s) == bound {
		s = s[:bound-1]
	}
	return slices.Insert(s, at, v)
}

func addSite(sites []site, name string, t int64) []site {
	at, found := slices.BinarySearchFunc(sites, name, func(s site, n string) int { return strings.Compare(s.name, n) })
	if found {
		sites[at].first = min(sites[at].first, t)
		return sites
	}
	if at == maxSites {
		return sites
	}
	return insertBounded(sites, at, site{clip(name), t}, maxSites)
}

func addName(names []string, name string) []string {
	at, found := slices.BinarySearch(names, name)
	if found || absent(name) || at == maxNames {
		return names
	}
	return insertBounded(names, at, clip(name), maxNames)
}

// clone returns a copy that can be changed.
func (g *group) clone() *group {
	c := *g
	c.clients = slices.Clone(g.clients)
	c.sites = slices.Clone(g.sites)
	c.hosts = slices.Clone(g.hosts)
	c.servers = slices.Clone(g.servers)
	c.samples = slices.Clone(g.samples)
	return &c
}

// merge adds what another pane knows of the same group. It returns false when
// the clients together are more than the threshold.
func (g *group) merge(o *group, threshold, evidence int) bool {
	for _, c := range o.clients {
		if !g.addClient(c, threshold) {
			return false
		}
	}
	g.requests += o.requests
	g.last = max(g.last, o.last)
	g.spell(o.first, o.values)
	for _, s := range o.sites {
		g.sites = addSite(g.sites, s.name, s.first)
	}
	for _, n := range o.hosts {
		g.hosts = addName(g.hosts, n)
	}
	for _, n := range o.servers {
		g.servers = addName(g.servers, n)
	}
	g.samples = append(g.samples, o.samples...)
	slices.SortFunc(g.samples, func(a, b Sample) int { return a.compare(&b) })
	g.samples = g.samples[:min(len(g.samples), evidence)]
	return true
}
