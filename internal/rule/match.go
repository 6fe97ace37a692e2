// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/page"
)

// Matcher decides which requests the rule counts. It holds no state.
type Matcher struct {
	extensions []string   // lower case
	point      byte       // that all extensions begin with, such as their dot; 0 if there is none
	next       [256]uint8 // index in behind of a character that follows the point
	behind     [][]string // extensions by the character that follows the point; none for 0
	status     []int
	prefixes   []string // of user agents, lower case
	methods    []string
	folders    []string // without the slash at the end, folded where paths are
	pages      bool     // folders are compared with the page of a path, too
	semantics  Semantics
	clients    Privates
	servers    Privates
	fold       bool
	counted    bool // something else than the client's address is counted
	exclusions []exclusion
}

// NewMatcher compiles the match stages and exclusions of a valid Config.
func NewMatcher(c *Config) *Matcher {
	extensions := lowered(c.Match.terms())
	m := &Matcher{
		extensions: extensions,
		point:      point(extensions),
		status:     c.Match.StatusCodes,
		prefixes:   lowered(c.Match.UserAgentPrefixes),
		methods:    c.Match.Methods,
		pages:      c.Semantics != Sentinel,
		semantics:  c.Semantics,
		clients:    c.Match.PrivateClients,
		servers:    c.Match.PrivateServers,
		fold:       c.FoldsCase(),
		counted:    c.Counted() != "",
		exclusions: compileExclusions(c),
	}
	if m.point != 0 {
		m.index()
	}
	for _, s := range c.Match.PathPrefixes {
		m.folders = append(m.folders, folder(s, m.fold))
	}
	return m
}

// index sorts the extensions by what follows the point, so that a set of many
// costs no more than one of few.
func (m *Matcher) index() {
	m.behind = [][]string{nil}
	for _, e := range m.extensions {
		at := m.next[e[1]]
		if at == 0 {
			at = uint8(len(m.behind)) // at most 230: there are no more characters in lower case
			m.behind = append(m.behind, nil)
			m.next[e[1]], m.next[upper(e[1])] = at, at
		}
		m.behind[at] = append(m.behind[at], e)
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
	if !m.PassPath(r.Path) {
		return Verdict(StageExtension)
	}
	if !m.PassStatus(r.Status) {
		return Verdict(StageStatus)
	}
	var ok bool
	if r.ClientAddr, ok = m.passClient(r.Client); !ok {
		return Verdict(StagePrivateClient)
	}
	if !m.PassServer(r.Server) {
		return Verdict(StagePrivateServer)
	}
	if !m.PassUserAgent(r.UserAgent) {
		return Verdict(StageUserAgent)
	}
	if !m.PassMethod(r.Method) {
		return Verdict(StageMethod)
	}
	if !m.PassPathPrefix(r.Path) {
		return Verdict(StagePathPrefix)
	}
	for i := range m.exclusions {
		if m.exclusions[i].matches(r, m.fold) {
			return Verdict(int(NumStages) + i)
		}
	}
	if _, lacks := m.Lacks(r); lacks {
		return Missing
	}
	return Matched
}

// Lacks returns what a request without a verdict of a stage has not.
func (m *Matcher) Lacks(r *Request) (n Need, lacks bool) {
	switch {
	case r.Path == "":
		return NeedPath, true
	case r.Status == 0 && len(m.status) > 0:
		return NeedStatus, true
	case !m.knows(r):
		return NeedClient, true
	case Absent(r.Method) && len(m.methods) > 0:
		return NeedMethod, true
	default:
		return 0, false
	}
}

// knows reports whether the request tells what is counted.
func (m *Matcher) knows(r *Request) bool {
	if m.counted {
		return !Absent(r.Counted)
	}
	return !Absent(r.Client) && (m.semantics == Sentinel || r.ClientAddr.IsValid() || !unknown(r.Client))
}

// PassPath is StageExtension, and with those that follow it is for callers who
// look at one value at a time, in the order of the stages. A request with
// neither path nor status is Foreign before any of them.
func (m *Matcher) PassPath(path string) bool {
	return path == "" || len(m.extensions) == 0 || m.extension(path)
}

// PassStatus is StageStatus; 0 is an unknown status.
func (m *Matcher) PassStatus(status int) bool {
	return status == 0 || len(m.status) == 0 || slices.Contains(m.status, status)
}

// PassClient is StagePrivateClient.
func (m *Matcher) PassClient(client string) bool {
	_, ok := m.passClient(client)
	return ok
}

// PassServer is StagePrivateServer.
func (m *Matcher) PassServer(server string) bool {
	if m.servers != Exclude {
		return true
	}
	a := parseAddr(server)
	if m.semantics == Sentinel {
		return ipv4Public(a)
	}
	return !internal(a)
}

// PassUserAgent is StageUserAgent.
func (m *Matcher) PassUserAgent(agent string) bool {
	return len(m.prefixes) == 0 || slices.ContainsFunc(m.prefixes, func(p string) bool { return startsWith(agent, p) })
}

// PassMethod is StageMethod.
func (m *Matcher) PassMethod(method string) bool {
	return len(m.methods) == 0 || Absent(method) || slices.ContainsFunc(m.methods, func(s string) bool { return strings.EqualFold(s, method) })
}

// PassPathPrefix is StagePathPrefix. A path passes by the way it is written, or by
// the page that it asks for: nobody gets out of a folder by another spelling. One
// that climbs is only where its page is.
func (m *Matcher) PassPathPrefix(path string) bool {
	if len(m.folders) == 0 || path == "" {
		return true
	}
	var room [128]byte
	written := append(room[:0], path...)
	if m.fold {
		written = page.AppendFold(room[:0], path)
	}
	if !climbs(path) && m.inFolder(written) {
		return true
	}
	return m.pages && m.inFolder(page.Append(room[:0], path, m.fold))
}

func (m *Matcher) inFolder(path []byte) bool {
	for _, f := range m.folders {
		if len(path) >= len(f) && string(path[:len(f)]) == f && (len(path) == len(f) || path[len(f)] == '/') {
			return true
		}
	}
	return false
}

func (m *Matcher) extension(path string) bool {
	if m.point == 0 {
		return slices.ContainsFunc(m.extensions, func(e string) bool { return has(path, e) })
	}
	for i := 0; ; i++ {
		n := strings.IndexByte(path[i:], m.point)
		if i += n; n < 0 || i+1 == len(path) {
			return false
		}
		for _, e := range m.behind[m.next[path[i+1]]] {
			if hasAt(path, i, e) {
				return true
			}
		}
	}
}

// point returns the character that every extension begins with, if that is the
// same for all, has no case, and is not all of one: then one look for it in a
// path serves them all. Else it returns 0.
func point(extensions []string) byte {
	if len(extensions) == 0 {
		return 0
	}
	c := extensions[0][0]
	for _, e := range extensions {
		if e[0] != c || alphanumeric(c) || len(e) == 1 {
			return 0
		}
	}
	return c
}

func (m *Matcher) passClient(client string) (netip.Addr, bool) {
	a := parseAddr(client)
	if m.semantics == Sentinel {
		return a, m.clients != Exclude || ipv4Public(a) && !startsWith(client, "127.")
	}
	if !a.IsValid() && !Absent(client) {
		// Some sources write the port, too.
		if p, err := netip.ParseAddrPort(client); err == nil {
			a = p.Addr()
		}
	}
	a = a.Unmap()
	return a, m.clients != Exclude || !internal(a)
}
