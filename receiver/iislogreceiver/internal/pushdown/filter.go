// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package pushdown runs the rule's match stages on lines, before they become
// records: lines that cannot matter cost next to nothing.
package pushdown

import (
	"net/netip"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/record"
)

// maxPlans bounds what a Filter remembers of plans.
const maxPlans = 1024

// columnsOf are the positions of what the match stages look at, and how much of
// it stands at the beginning of a line.
type columnsOf struct {
	record.MatchColumns
	// lead is how many columns at the beginning of a line hold nothing but
	// what hardly changes from line to line.
	lead int
	// What is known from those columns alone.
	leadTime, leadOrigin bool
}

// newColumnsOf returns nil for a plan whose lines cannot be dropped.
func newColumnsOf(p *record.Plan) *columnsOf {
	found, ok := p.MatchColumns()
	if !ok {
		return nil
	}
	c := &columnsOf{MatchColumns: found}
	for c.lead < p.Columns-1 && (c.lead == p.Date || c.lead == p.Time || c.lead == p.Site || c.lead == p.Host || c.lead == c.Server) {
		c.lead++
	}
	c.leadTime = p.Date < c.lead && p.Time < c.lead
	c.leadOrigin = p.Site < c.lead && p.Host < c.lead
	return c
}

// Filter runs the match stages on lines, with the very tests of rare_client. It
// keeps what neighbouring lines share.
type Filter struct {
	matcher    *rule.Matcher
	proxies    *record.Proxies // nil: c-ip is the client
	decodePlus bool
	raw        bool // bytes that are not UTF-8 are passed on
	agents     record.AgentCache
	clock      w3c.Clock

	columns columns
	plan    *record.Plan
	places  *columnsOf // of plan; nil where no line can be dropped
	cache   map[*record.Plan]*columnsOf
	// What the line before had in the columns at its beginning.
	nanos int64
	from  record.Origin
	// server is the address that was tested last, public whether it passed.
	server string
	public bool
}

// NewFilter returns a Filter for a match block. proxies is nil where c-ip is the
// client; raw tells that bytes which are not UTF-8 are passed on.
func NewFilter(match rule.MatchConfig, proxies *record.Proxies, decodePlus, raw bool, zone *time.Location) *Filter {
	cfg := rule.DefaultConfig()
	cfg.Match = match
	return &Filter{matcher: rule.NewMatcher(&cfg), proxies: proxies, decodePlus: decodePlus, raw: raw, clock: w3c.Clock{Zone: zone}, cache: map[*record.Plan]*columnsOf{}}
}

// Begin prepares for lines under a plan, or under another #Date.
func (f *Filter) Begin(p *record.Plan) {
	c, known := f.cache[p]
	if !known {
		if len(f.cache) >= maxPlans {
			clear(f.cache)
		}
		c = newColumnsOf(p)
		f.cache[p] = c
	}
	f.plan, f.places = p, c
	lead := 0
	if c != nil {
		lead = c.lead
	}
	f.columns.reset(p.Columns, lead)
	f.server = ""
}

// Fate is what a Filter says of a line.
type Fate uint8

const (
	// Keep: the line passes all stages, or it is in doubt what rare_client
	// would do with it.
	Keep Fate = iota
	// Drop: a stage drops it.
	Drop
	// Foreign: it is no web request. It is kept, but does not count.
	Foreign
)

// Line looks at a line: where it comes from, its time (0 if that is not
// known), what becomes of it, and if it is dropped, by which stage.
//
// Bytes that are not UTF-8 are not repaired before the tests. They are no
// letters or digits in either form, and occur in no text of the configuration.
func (f *Filter) Line(l *w3c.Line, site, baseDate string) (from record.Origin, nanos int64, fate Fate, stage rule.Stage) {
	same := f.columns.set(l)
	p, c := f.plan, f.places
	if c == nil || !same || !c.leadOrigin {
		f.from = f.origin(site)
	}
	if c == nil {
		return f.from, 0, Keep, 0
	}
	if !same || !c.leadTime {
		date := baseDate
		if p.Date >= 0 {
			date = f.columns.at(p.Date)
		}
		var ok bool
		if f.nanos, ok = f.clock.Parse(date, f.columns.at(p.Time)); !ok {
			f.nanos = 0
		}
	}
	if f.nanos == 0 {
		return f.from, 0, Keep, 0
	}
	fate, stage = f.stage(c)
	return f.from, f.nanos, fate, stage
}

// origin is record.OriginOf for a line of which only single columns are known.
func (f *Filter) origin(site string) record.Origin {
	from := record.Origin{Site: site}
	if v := f.columns.value(f.plan.Site); v != "" {
		from.Site = v
	}
	if v := f.columns.value(f.plan.Host); v != "" {
		from.Host = v
	}
	if !f.raw {
		from.Site, from.Host = w3c.Repair(from.Site), w3c.Repair(from.Host)
	}
	return from
}

// stage runs the stages in the order in which rule.Matcher.Match does.
func (f *Filter) stage(c *columnsOf) (Fate, rule.Stage) {
	path := f.columns.value(c.Path)
	if c.URI {
		path, _, _ = strings.Cut(path, "?")
	}
	if !f.matcher.PassPath(path) {
		return Drop, rule.StageExtension
	}
	status, isNumber := w3c.ParseInt(f.columns.value(c.Status))
	switch {
	case path == "" && !isNumber:
		return Foreign, 0
	case isNumber && (status < 1 || status > 999):
		return Keep, 0 // it is not worth telling the unknown from the impossible
	case isNumber && !f.matcher.PassStatus(int(status)):
		return Drop, rule.StageStatus
	}
	client := f.columns.value(c.Client)
	if client != "" && f.proxies != nil {
		client = f.proxies.Client(client, f.columns.value(f.plan.Forwarded))
	}
	if !f.matcher.PassClient(client) {
		return Drop, rule.StagePrivateClient
	}
	if !f.passServer(c) {
		return Drop, rule.StagePrivateServer
	}
	agent := f.columns.value(c.Agent)
	if f.decodePlus {
		agent = f.agents.Decode(agent)
	}
	if !f.matcher.PassUserAgent(agent) {
		return Drop, rule.StageUserAgent
	}
	if !f.matcher.PassMethod(f.columns.value(c.Method)) {
		return Drop, rule.StageMethod
	}
	if !f.raw {
		path = w3c.Repair(path) // a prefix may have the characters that stand for bytes
	}
	if !f.matcher.PassPathPrefix(path) {
		return Drop, rule.StagePathPrefix
	}
	return Keep, 0
}

// passServer tests the server's address: s-ip, or without it an address that is
// asked for instead of a name. It is the same for nearly all lines of a file.
func (f *Filter) passServer(c *columnsOf) bool {
	server := f.columns.value(c.Server)
	if server == "" {
		if host := f.columns.value(c.CSHost); host != "" {
			host = record.HostWithoutPort(host)
			if _, err := netip.ParseAddr(host); err == nil {
				server = host
			}
		}
		return f.matcher.PassServer(server)
	}
	if server != f.server {
		f.server, f.public = strings.Clone(server), f.matcher.PassServer(server)
	}
	return f.public
}
