// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"net/netip"
	"strings"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
)

// sieveColumns are the positions of what the match stages look at, -1 where a
// record of this schema lacks it.
type sieveColumns struct {
	path, status, client, server, csHost, agent int
	// uri: path is that of cs-uri, with the query behind it.
	uri bool
	// lead is how many columns at the beginning of a line hold nothing but
	// what hardly changes from line to line.
	lead int
	// What is known from those columns alone.
	leadTime, leadOrigin bool
}

// newSieveColumns looks for the columns among those that become attributes,
// because the stages must see what rare_client would. It returns nil for a
// schema whose lines cannot be dropped: their time is not known, or two
// columns become one attribute.
func newSieveColumns(p *plan) *sieveColumns {
	if p.time < 0 {
		return nil
	}
	s := &sieveColumns{path: -1, status: -1, client: -1, server: -1, csHost: p.csHost, agent: -1}
	for _, st := range p.steps {
		switch {
		case st.attr == "url.path" && s.path >= 0:
			return nil
		case st.attr == "url.path":
			s.path, s.uri = st.index, st.op == opURI
		case st.op == opStatus:
			s.status = st.index
		case st.op == opClientIP:
			s.client = st.index
		case st.op == opServerIP:
			s.server = st.index
		case st.op == opUserAgent:
			s.agent = st.index
		}
	}
	for s.lead < p.columns-1 && (s.lead == p.date || s.lead == p.time || s.lead == p.site || s.lead == p.host || s.lead == s.server) {
		s.lead++
	}
	s.leadTime = p.date < s.lead && p.time < s.lead
	s.leadOrigin = p.site < s.lead && p.host < s.lead
	return s
}

// sieve runs the match stages on lines, with the very tests of rare_client. It
// keeps what neighbouring lines share.
type sieve struct {
	matcher    *rule.Matcher
	proxies    *proxies // nil: c-ip is the client
	decodePlus bool
	raw        bool // bytes that are not UTF-8 are passed on
	agents     agentCache
	clock      w3c.Clock

	columns columns
	plan    *plan
	// What the line before had in the columns at its beginning.
	nanos int64
	from  origin
	// server is the address that was tested last, public whether it passed.
	server string
	public bool
}

func newSieve(cfg *Config, p *proxies) *sieve {
	if cfg.Match == nil {
		return nil
	}
	r := rule.DefaultConfig()
	r.Match = *cfg.Match
	return &sieve{matcher: rule.NewMatcher(&r), proxies: p, decodePlus: cfg.DecodePlus, raw: isRaw(cfg.Encoding)}
}

// begin prepares for lines under a plan, or under another #Date.
func (s *sieve) begin(p *plan) {
	s.plan = p
	if p.sieve != nil {
		s.columns.reset(p.columns, p.sieve.lead)
	} else {
		s.columns.reset(p.columns, 0)
	}
	s.server = ""
}

// fate is what the sieve says of a line.
type fate uint8

const (
	// keep: the line passes all stages, or it is in doubt what rare_client
	// would do with it.
	keep fate = iota
	// drop: a stage drops it.
	drop
	// foreign: it is no web request. It is kept, but does not count.
	foreign
)

// line looks at a line: where it comes from, its time (0 if that is not
// known), what becomes of it, and if it is dropped, by which stage.
//
// Bytes that are not UTF-8 are not repaired before the tests. They are no
// letters or digits in either form, and occur in no text of the configuration.
func (s *sieve) line(l *w3c.Line, site, baseDate string) (from origin, nanos int64, f fate, stage rule.Stage) {
	same := s.columns.set(l)
	p, c := s.plan, s.plan.sieve
	if c == nil || !same || !c.leadOrigin {
		s.from = s.origin(site)
	}
	if c == nil {
		return s.from, 0, keep, 0
	}
	if !same || !c.leadTime {
		date := baseDate
		if p.date >= 0 {
			date = s.columns.at(p.date)
		}
		var ok bool
		if s.nanos, ok = s.clock.Parse(date, s.columns.at(p.time)); !ok {
			s.nanos = 0
		}
	}
	if s.nanos == 0 {
		return s.from, 0, keep, 0
	}
	f, stage = s.stage(c)
	return s.from, s.nanos, f, stage
}

// origin is originOf for a line of which only single columns are known.
func (s *sieve) origin(site string) origin {
	from := origin{site: site}
	if v := s.columns.value(s.plan.site); v != "" {
		from.site = v
	}
	if v := s.columns.value(s.plan.host); v != "" {
		from.host = v
	}
	if !s.raw {
		from.site, from.host = w3c.Repair(from.site), w3c.Repair(from.host)
	}
	return from
}

// stage runs the stages in the order in which rule.Matcher.Match does.
func (s *sieve) stage(c *sieveColumns) (fate, rule.Stage) {
	path := s.columns.value(c.path)
	if c.uri {
		path, _, _ = strings.Cut(path, "?")
	}
	if !s.matcher.PassPath(path) {
		return drop, rule.StageExtension
	}
	status, isNumber := w3c.ParseInt(s.columns.value(c.status))
	switch {
	case path == "" && !isNumber:
		return foreign, 0
	case isNumber && (status < 1 || status > 999):
		return keep, 0 // it is not worth telling the unknown from the impossible
	case isNumber && !s.matcher.PassStatus(int(status)):
		return drop, rule.StageStatus
	}
	client := s.columns.value(c.client)
	if list := s.columns.value(s.plan.forwarded); client != "" && list != "" && s.proxies != nil {
		client = s.proxies.client(client, list)
	}
	if !s.matcher.PassClient(client) {
		return drop, rule.StagePrivateClient
	}
	if !s.passServer(c) {
		return drop, rule.StagePrivateServer
	}
	agent := s.columns.value(c.agent)
	if s.decodePlus {
		agent = s.agents.decode(agent)
	}
	if !s.matcher.PassUserAgent(agent) {
		return drop, rule.StageUserAgent
	}
	return keep, 0
}

// passServer tests the server's address: s-ip, or without it an address that is
// asked for instead of a name. It is the same for nearly all lines of a file.
func (s *sieve) passServer(c *sieveColumns) bool {
	server := s.columns.value(c.server)
	if server == "" {
		if host := s.columns.value(c.csHost); host != "" {
			host = hostWithoutPort(host)
			if _, err := netip.ParseAddr(host); err == nil {
				server = host
			}
		}
		return s.matcher.PassServer(server)
	}
	if server != s.server {
		s.server, s.public = strings.Clone(server), s.matcher.PassServer(server)
	}
	return s.public
}
