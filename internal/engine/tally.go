// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/rule"
)

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

// tally is what the requests of a group tell. Everything in it is a function
// of the set of requests, not of their order: smallest, largest, sum, or the
// smallest N of a total order.
//
// Engine.mu guards it as long as its pane takes records. Afterwards it never
// changes, so evaluations read it without the lock.
type tally struct {
	values []string // of group_by, as spelled in the earliest request
	spellings
	first    int64
	last     int64
	requests uint64
	clients  []client
	// addresses are those of the clients that are not in clients, the smallest
	// maxNames, sorted: of owners of several, and all where not addresses are counted.
	addresses []string
	sites     []site   // the smallest maxSites names, sorted
	hosts     []string // the smallest maxNames, sorted
	servers   []string // the smallest maxNames, sorted
	methods   []string // the smallest maxMethods, sorted
	noRef     uint32   // requests without a referer
	foreign   uint32   // requests with a referer of another host
	samples   samples
	traits    Traits
}

// newTally returns the tally of a group of which r is the first request. That is not
// counted yet.
func newTally(r *rule.Request, values []string, b *bounds) *tally {
	return &tally{
		values: copyValues(values), first: r.Time, last: r.Time,
		spellings: spellings{path: boundedValue(writtenPath(r, values, b), maxValue)},
	}
}

// add counts one request. It returns false when its client is one more than
// the threshold: the group is settled and must be forgotten.
func (t *tally) add(r *rule.Request, values []string, b *bounds) bool {
	if !t.addClient(b.client(r), b) {
		return false
	}
	if b.counted {
		t.addresses = addName(t.addresses, r.Client, maxNames)
	}
	written := writtenPath(r, values, b)
	if b.pageAt >= 0 {
		t.addPath(written, values[b.pageAt], t.requests == 0)
	}
	t.requests++
	t.last = max(t.last, r.Time)
	if r.Time < t.first || r.Time == t.first && (written != t.path || !slices.Equal(values, t.values)) {
		t.spell(r.Time, copyValues(values), boundedValue(written, maxValue), b)
	}
	t.sites = addSite(t.sites, r.Site, r.Time)
	t.hosts = addName(t.hosts, r.Host, maxNames)
	t.servers = addName(t.servers, r.Server, maxNames)
	t.methods = addName(t.methods, cut(r.Method, maxMethod), maxMethods)
	origin := originOf(r)
	switch origin {
	case OriginNone:
		t.noRef++
	case OriginForeign:
		t.foreign++
	}
	t.traits.add(r, origin)
	s := sampleOf(r, origin)
	s.Path = cut(written, maxSample)
	t.samples = t.samples.add(&s, b.evidence)
	return true
}

// addClient adds a client that is new, and of two spellings keeps the smaller. Of
// an owner of several addresses that is one of them; the others are in addresses.
func (t *tally) addClient(c client, b *bounds) bool {
	for i := range t.clients {
		known := &t.clients[i]
		if !known.same(&c) {
			continue
		}
		if c.text == known.text {
			return true
		}
		if b.owners.Network(c.addr) != "" {
			t.addresses = addName(t.addresses, max(c.text, known.text), maxNames)
		}
		if c.text < known.text {
			known.text = strings.Clone(c.text)
		}
		return true
	}
	if len(t.clients) == b.clients {
		return false
	}
	t.clients = append(t.clients, client{c.addr, strings.Clone(c.text)})
	return true
}

// spell keeps the spelling (bounded copies) of the earliest request, of equally
// early ones the smallest.
func (t *tally) spell(at int64, values []string, path string, b *bounds) {
	if at < t.first || at == t.first && cmp.Or(slices.Compare(values, t.values), comparePaths(path, t.path, values, b)) < 0 {
		t.values, t.path = values, path
	}
	t.first = min(t.first, at)
}

func addSite(sites []site, name string, t int64) []site {
	name = cut(name, maxName)
	at, found := slices.BinarySearchFunc(sites, name, func(s site, n string) int { return strings.Compare(s.name, n) })
	if found {
		sites[at].first = min(sites[at].first, t)
		return sites
	}
	if at == maxSites {
		return sites
	}
	return insertBounded(sites, at, site{strings.Clone(name), t}, maxSites)
}

// text returns the bytes of its texts.
func (t *tally) text() int {
	n := len(t.path)
	for _, v := range t.values {
		n += len(v)
	}
	for _, list := range [...][]string{t.paths, t.addresses, t.hosts, t.servers, t.methods} {
		for _, name := range list {
			n += len(name)
		}
	}
	for i := range t.sites {
		n += len(t.sites[i].name)
	}
	for i := range t.samples {
		s := &t.samples[i]
		n += len(s.Path) + len(s.Client) + len(s.Method) + len(s.Query) + len(s.Referer) + len(s.User) + len(s.File)
	}
	return n
}

// clone returns a copy that can be changed.
func (t *tally) clone() *tally {
	c := *t
	c.paths = slices.Clone(t.paths)
	c.clients = slices.Clone(t.clients)
	c.addresses = slices.Clone(t.addresses)
	c.sites = slices.Clone(t.sites)
	c.hosts = slices.Clone(t.hosts)
	c.servers = slices.Clone(t.servers)
	c.methods = slices.Clone(t.methods)
	c.samples = slices.Clone(t.samples)
	c.traits.Days = slices.Clone(t.traits.Days)
	return &c
}

// merge adds what another pane knows of the same group. It returns false when
// the clients together are more than the threshold.
func (t *tally) merge(o *tally, b *bounds) bool {
	for _, c := range o.clients {
		if !t.addClient(c, b) {
			return false
		}
	}
	for _, a := range o.addresses {
		t.addresses = addName(t.addresses, a, maxNames)
	}
	if b.pageAt >= 0 {
		t.mergePaths(&o.spellings, o.values[b.pageAt])
	}
	t.requests += o.requests
	t.last = max(t.last, o.last)
	t.spell(o.first, o.values, o.path, b)
	for _, s := range o.sites {
		t.sites = addSite(t.sites, s.name, s.first)
	}
	for _, n := range o.hosts {
		t.hosts = addName(t.hosts, n, maxNames)
	}
	for _, n := range o.servers {
		t.servers = addName(t.servers, n, maxNames)
	}
	for _, n := range o.methods {
		t.methods = addName(t.methods, n, maxMethods)
	}
	t.noRef += o.noRef
	t.foreign += o.foreign
	t.traits.merge(&o.traits)
	for i := range o.samples {
		t.samples = t.samples.add(&o.samples[i], b.evidence)
	}
	return true
}
