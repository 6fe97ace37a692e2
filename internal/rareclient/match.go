// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"net/netip"
	"slices"
	"strings"
)

// Request is what the rule looks at in one web request. Strings may share
// memory with larger buffers: the engine copies what it keeps.
type Request struct {
	Time      int64 // event time, nanoseconds since the Unix epoch
	Path      string
	UserAgent string
	Client    string // as logged; "" or "-" when unknown
	Server    string // the server's own address; "" or "-" when unknown
	Host      string // the host name asked for, without port
	Site      string
	Method    string
	Query     string
	Referer   string
	User      string
	File      string
	Status    int   // 0 when unknown
	Bytes     int64 // of the response

	ClientAddr netip.Addr // set by Match; the zero Addr when Client is no address
}

// Stage is a match stage, in the order in which the query applies them.
type Stage uint8

// The match stages.
const (
	StageExtension Stage = iota
	StageStatus
	StagePrivateClient
	StagePrivateServer
	StageUserAgent
	NumStages
)

var stageNames = [NumStages]string{"extension", "status", "private_client", "private_server", "user_agent"}

func (s Stage) String() string { return stageNames[s] }

// Verdict is the outcome of Match: Matched, Missing, Foreign, a Stage, or
// NumStages + the index of an exclusion.
type Verdict int

// The verdicts that are not a stage.
const (
	Matched Verdict = -1
	// Missing: the request passed all that could be tested, but lacks url.path,
	// http.response.status_code or client.address. It could have been a second
	// client, so it is a loss.
	Missing Verdict = -2
	// Foreign: neither path nor status, so this is no web request at all.
	Foreign Verdict = -3
)

// Need is an attribute without which a request cannot be counted.
type Need uint8

// The needs, in the order in which they are looked for.
const (
	NeedPath Need = iota
	NeedStatus
	NeedClient
	NumNeeds
)

// lacks returns what a request with the verdict Missing has not.
func (r *Request) lacks() Need {
	switch {
	case r.Path == "":
		return NeedPath
	case r.Status == 0:
		return NeedStatus
	default:
		return NeedClient
	}
}

// Matcher decides which requests the rule counts. It holds no state.
type Matcher struct {
	extensions []string // lower case
	status     []int
	prefixes   []string // lower case
	semantics  Semantics
	clients    Privates
	servers    Privates
	fold       bool
	exclusions []exclusion
}

// NewMatcher compiles the match stages and exclusions of a valid Config.
func NewMatcher(c *Config) *Matcher {
	return &Matcher{
		extensions: lowered(c.Match.Extensions),
		status:     c.Match.StatusCodes,
		prefixes:   lowered(c.Match.UserAgentPrefixes),
		semantics:  c.Semantics,
		clients:    c.Match.PrivateClients,
		servers:    c.Match.PrivateServers,
		fold:       c.foldCase(),
		exclusions: compileExclusions(c),
	}
}

func lowered(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strings.ToLower(s)
	}
	return out
}

// Exclusions returns the names of the exclusions, in the order of their verdicts.
func (m *Matcher) Exclusions() []string {
	names := make([]string, len(m.exclusions))
	for i := range m.exclusions {
		names[i] = m.exclusions[i].name
	}
	return names
}

// Match runs the stages on r and sets r.ClientAddr. A stage whose attribute is
// absent lets the request pass, so that a request which another stage drops is
// not called a loss.
func (m *Matcher) Match(r *Request) Verdict {
	if r.Path == "" && r.Status == 0 {
		return Foreign
	}
	if r.Path != "" && len(m.extensions) > 0 && !m.extension(r.Path) {
		return Verdict(StageExtension)
	}
	if r.Status != 0 && len(m.status) > 0 && !slices.Contains(m.status, r.Status) {
		return Verdict(StageStatus)
	}
	r.ClientAddr = parseAddr(r.Client)
	if m.semantics == Corrected {
		r.ClientAddr = r.ClientAddr.Unmap()
	}
	if m.clients == Exclude && m.privateClient(r) {
		return Verdict(StagePrivateClient)
	}
	if m.servers == Exclude && m.privateServer(r.Server) {
		return Verdict(StagePrivateServer)
	}
	if len(m.prefixes) > 0 && !slices.ContainsFunc(m.prefixes, func(p string) bool { return startsWith(r.UserAgent, p) }) {
		return Verdict(StageUserAgent)
	}
	for i := range m.exclusions {
		if m.exclusions[i].matches(r, m.fold) {
			return Verdict(int(NumStages) + i)
		}
	}
	if r.Path == "" || absent(r.Client) || r.Status == 0 && len(m.status) > 0 {
		return Missing
	}
	return Matched
}

func (m *Matcher) extension(path string) bool {
	for _, e := range m.extensions {
		if has(path, e) {
			return true
		}
	}
	return false
}

func (m *Matcher) privateClient(r *Request) bool {
	if m.semantics == Sentinel {
		return !ipv4Public(r.ClientAddr) || startsWith(r.Client, "127.")
	}
	return internal(r.ClientAddr)
}

func (m *Matcher) privateServer(server string) bool {
	a := parseAddr(server)
	if m.semantics == Sentinel {
		return !ipv4Public(a)
	}
	return internal(a)
}

func absent(s string) bool { return s == "" || s == "-" }

// parseAddr returns the zero Addr for a text that is no IP address.
func parseAddr(s string) netip.Addr {
	if absent(s) {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
