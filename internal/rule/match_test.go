// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"slices"
	"testing"
)

const ua = "Mozilla/5.0"

func TestMatchStages(t *testing.T) {
	good := Request{Path: "/a.aspx", Status: 200, Client: "203.0.113.1", Server: "198.51.100.5", UserAgent: ua}
	with := func(change func(*Request)) Request {
		r := good
		change(&r)
		return r
	}
	stage := func(s Stage) Verdict { return Verdict(s) }
	for _, tt := range []struct {
		name                string
		request             Request
		corrected, sentinel Verdict
	}{
		{"a request that counts", good, Matched, Matched},
		{"another extension", with(func(r *Request) { r.Path = "/a.css" }), stage(StageExtension), stage(StageExtension)},
		{"not found", with(func(r *Request) { r.Status = 404 }), stage(StageStatus), stage(StageStatus)},
		{"a status that is no number", with(func(r *Request) { r.Status = -1 }), stage(StageStatus), stage(StageStatus)},
		{"private client", with(func(r *Request) { r.Client = "10.1.2.3" }), stage(StagePrivateClient), stage(StagePrivateClient)},
		{"loopback client", with(func(r *Request) { r.Client = "127.0.0.9" }), stage(StagePrivateClient), stage(StagePrivateClient)},
		{"link-local client: not in the query's ranges", with(func(r *Request) { r.Client = "169.254.1.1" }), stage(StagePrivateClient), Matched},
		{"IPv6 client: null in the query", with(func(r *Request) { r.Client = "2001:db8::1" }), Matched, stage(StagePrivateClient)},
		{"link-local IPv6 client with a zone", with(func(r *Request) { r.Client = "fe80::1%4" }), stage(StagePrivateClient), stage(StagePrivateClient)},
		{"a client that is a host name", with(func(r *Request) { r.Client = "pc-17.example.com" }), Matched, stage(StagePrivateClient)},
		{"a client that nobody knows", with(func(r *Request) { r.Client = "unknown" }), Missing, stage(StagePrivateClient)},
		{"no client: it could be anybody", with(func(r *Request) { r.Client = "-" }), Missing, stage(StagePrivateClient)},
		{"private server", with(func(r *Request) { r.Server = "172.16.5.5" }), stage(StagePrivateServer), stage(StagePrivateServer)},
		{"loopback server: the query tests only RFC 1918", with(func(r *Request) { r.Server = "127.0.0.1" }), stage(StagePrivateServer), Matched},
		{"IPv6 server", with(func(r *Request) { r.Server = "2001:db8::5" }), Matched, stage(StagePrivateServer)},
		{"no server address, as in App Service logs", with(func(r *Request) { r.Server = "" }), Matched, stage(StagePrivateServer)},
		{"not a browser", with(func(r *Request) { r.UserAgent = "curl/8.4.0" }), stage(StageUserAgent), stage(StageUserAgent)},
		{"no user agent", with(func(r *Request) { r.UserAgent = "" }), stage(StageUserAgent), stage(StageUserAgent)},
		{"no path, but a status that counts", with(func(r *Request) { r.Path = "" }), Missing, Missing},
		{"no path and another status", with(func(r *Request) { r.Path, r.Status = "", 404 }), stage(StageStatus), stage(StageStatus)},
		{"no status", with(func(r *Request) { r.Status = 0 }), Missing, Missing},
		{"no status, but another extension", with(func(r *Request) { r.Status, r.Path = 0, "/a.css" }), stage(StageExtension), stage(StageExtension)},
		{"no web request", Request{Client: "203.0.113.1"}, Foreign, Foreign},
	} {
		for semantics, want := range map[Semantics]Verdict{Corrected: tt.corrected, Sentinel: tt.sentinel} {
			c := DefaultConfig()
			c.Semantics = semantics
			r := tt.request
			if got := NewMatcher(&c).Match(&r); got != want {
				t.Errorf("%s, %s: %d, want %d", tt.name, semantics, got, want)
			}
		}
	}
}

func TestEmptyListsMatchEverything(t *testing.T) {
	c := DefaultConfig()
	c.Match = MatchConfig{PrivateClients: Include, PrivateServers: Include}
	m := NewMatcher(&c)
	for _, r := range []Request{
		{Path: "/", Client: "10.0.0.1", Server: "10.0.0.2", Status: 500},
		{Path: "/x.jpg", Client: "::1", UserAgent: "curl"},
	} {
		if v := m.Match(&r); v != Matched {
			t.Errorf("%+v: %d", r, v)
		}
	}
}

func TestExclusions(t *testing.T) {
	c := DefaultConfig()
	c.Match.Extensions = nil
	c.Exclude = []ExcludeConfig{
		{Name: "scanner", Clients: []string{"198.51.100.0/24", "2001:db8:1::/48", "203.0.113.9"}},
		{Name: "health", Paths: []string{"/health/"}, UserAgents: []string{"UptimeRobot"}},
		{Name: "hosts", Hosts: []string{"scan.example.com", "*.test.example.com"}},
	}
	c.ExcludePresets = []string{"monitoring"}
	m := NewMatcher(&c)
	for _, tt := range []struct {
		reason  string
		request Request
		want    Verdict
	}{
		{"address in the network", Request{Path: "/a", Client: "198.51.100.7"}, Verdict(NumStages)},
		{"IPv4-mapped address in the network", Request{Path: "/a", Client: "::ffff:198.51.100.7"}, Verdict(NumStages)},
		{"IPv6 with a zone", Request{Path: "/a", Client: "2001:db8:1::5%2"}, Verdict(NumStages)},
		{"single address", Request{Path: "/a", Client: "203.0.113.9"}, Verdict(NumStages)},
		{"other address", Request{Path: "/a", Client: "203.0.113.10"}, Matched},
		{"path and agent fit", Request{Path: "/Health/live", UserAgent: "Mozilla/5.0+(compatible;+UptimeRobot/2.0)"}, Verdict(NumStages) + 1},
		{"the folder itself", Request{Path: "/health", UserAgent: "Mozilla UptimeRobot"}, Verdict(NumStages) + 1},
		{"only the path fits: every list must", Request{Path: "/health/live"}, Matched},
		{"not on a segment boundary", Request{Path: "/healthy", UserAgent: "Mozilla UptimeRobot"}, Matched},
		{"a path that climbs out is never excluded", Request{Path: "/health/../up.aspx", UserAgent: "Mozilla UptimeRobot"}, Matched},
		{"exact host, any case", Request{Path: "/a", Host: "SCAN.example.com"}, Verdict(NumStages) + 2},
		{"host below the suffix", Request{Path: "/a", Host: "x.test.example.com"}, Verdict(NumStages) + 2},
		{"the suffix itself is no match", Request{Path: "/a", Host: "test.example.com"}, Matched},
		{"a host that only ends alike", Request{Path: "/a", Host: "xtest.example.com"}, Matched},
		{"preset", Request{Path: "/metrics/x"}, Verdict(NumStages) + 3},
	} {
		r := tt.request
		r.Status = 200
		if r.Client == "" {
			r.Client = "203.0.113.1"
		}
		if r.UserAgent == "" {
			r.UserAgent = ua
		}
		if got := m.Match(&r); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.reason, got, tt.want)
		}
	}
	if got := m.Exclusions(); len(got) != 4 || got[3] != "preset:monitoring" {
		t.Errorf("names %v", got)
	}
}

func TestSetsOfExtensions(t *testing.T) {
	for _, tt := range []struct {
		extensions  []string
		match, miss []string
	}{
		{[]string{"set:asp"}, []string{"/x.asp", "/x.CER", "/x.asa/info", "/x.cdx;.jpg"}, []string{"/x.aspx", "/x.ashx", "/asp", "/x.certificate"}},
		{[]string{"set:aspx"}, []string{"/x.aspx", "/x.cshtml"}, []string{"/x.asp", "/x.ashx", "/route"}},
		{[]string{"set:handlers"}, []string{"/x.ashx", "/x.asmx/Get", "/x.svc", "/webresource.axd"}, []string{"/x.aspx"}},
		{[]string{"set:php"}, []string{"/x.php", "/x.php5", "/x.PHTML", "/x.phar"}, []string{"/x.php6", "/php", "/x.inc"}},
		{[]string{"set:coldfusion"}, []string{"/x.cfm", "/x.cfc", "/x.cfml"}, []string{"/x.cf", "/x.cfg"}},
		{[]string{"set:all_scripts"}, []string{"/x.asp", "/x.aspx", "/x.ashx", "/x.php7", "/x.cfm", "/x.jsp", "/cgi/x.pl", "/x.exe", "/x.stm"}, []string{"/x.html", "/x.js", "/x", "/x.jpg"}},
		{[]string{"set:php", ".html", "set:asp"}, []string{"/x.php", "/x.html", "/x.asp"}, []string{"/x.aspx"}},
	} {
		c := DefaultConfig()
		c.Match.Extensions = tt.extensions
		if err := c.Check(); err != nil {
			t.Error(err)
		}
		m := NewMatcher(&c)
		for _, p := range tt.match {
			if !m.PassPath(p) {
				t.Errorf("%v misses %s", tt.extensions, p)
			}
		}
		for _, p := range tt.miss {
			if m.PassPath(p) {
				t.Errorf("%v matches %s", tt.extensions, p)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	c := DefaultConfig()
	c.Match.Methods = []string{"post", "PUT"}
	m := NewMatcher(&c)
	for method, want := range map[string]Verdict{
		"POST": Matched, "put": Matched, "GET": Verdict(StageMethod), "POSTS": Verdict(StageMethod), "_OTHER": Verdict(StageMethod),
		"": Missing, "-": Missing, // it could have been one
	} {
		r := Request{Path: "/a.aspx", Status: 200, Client: "203.0.113.1", Server: "198.51.100.5", UserAgent: ua, Method: method}
		if got := m.Match(&r); got != want {
			t.Errorf("%q: %d, want %d", method, got, want)
		}
	}
}

func TestPathPrefixes(t *testing.T) {
	for _, tt := range []struct {
		path, reason              string
		corrected, kept, sentinel bool // kept: corrected, with fold_case: false
	}{
		{"/uploads/x.aspx", "in the folder", true, true, true},
		{"/uploads", "the folder itself", true, true, true},
		{"/Uploads/x.aspx", "another case", true, false, false},
		{"/uploads2/x.aspx", "not on a segment boundary", false, false, false},
		{"/a/uploads/x.aspx", "not at the beginning", false, false, false},
		{"//uploads//x.aspx", "another spelling of it", true, true, false},
		{"/./uploads/x.aspx", "the same", true, true, false},
		{"/(S(abc))/uploads/x.aspx", "the same", true, true, false},
		{"/uploads./x.aspx", "the same", true, true, false},
		{`\uploads\x.aspx`, "the same", true, true, false},
		{"/x/../uploads/x.aspx", "the same", true, true, false},
		{"/uploads/../x.aspx", "it climbs out", false, false, false},
		{"/uploads/a/../x.aspx", "it climbs, and stays", true, true, false},
		{"/svc/a.aspx/item/7", "path info", true, true, true},
		{"/svc/a.aspx/items", "another path info", false, false, false},
		{"/Ä/x.aspx", "no ASCII", true, false, false},
		{"/ä/x.aspx", "no ASCII", true, true, true},
		{"/caf\xe9/x.aspx", "a byte is no letter", false, false, false},
	} {
		for name, change := range map[string]func(*Config) bool{
			"corrected": func(*Config) bool { return tt.corrected },
			"kept":      func(c *Config) bool { c.FoldCase = new(false); return tt.kept },
			"sentinel":  func(c *Config) bool { c.Semantics = Sentinel; return tt.sentinel },
		} {
			c := DefaultConfig()
			c.Match.PathPrefixes = []string{"/uploads/", "/svc/a.aspx/item", "/ä"}
			want := change(&c)
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			if got := NewMatcher(&c).PassPathPrefix(tt.path); got != want {
				t.Errorf("%s, %s (%s): %v, want %v", name, tt.path, tt.reason, got, want)
			}
		}
	}
	c := DefaultConfig()
	c.Match.PathPrefixes = []string{"/uploads"}
	m := NewMatcher(&c)
	if n := testing.AllocsPerRun(10, func() { m.PassPathPrefix("//Shop/products/17.aspx/info") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzExtension: looking once for what all extensions begin with finds what
// looking for each of them finds.
func FuzzExtension(f *testing.F) {
	for _, path := range []string{"/x.php", "/x.php5", "/x.aspx.bak", "/a.b.c.asp_", "/..asp", "/x.", ".asp", "/asp", "/x.aspx;jsessionid=1"} {
		f.Add(path, ".php", ".asp")
	}
	f.Add("/a.asp", "asp", ".asp")
	f.Add("/.a.asp", "..", ".a")
	f.Fuzz(func(t *testing.T, path, one, two string) {
		c := DefaultConfig()
		c.Match.Extensions = []string{one, two}
		if c.Match.Check() != nil {
			return
		}
		m := NewMatcher(&c)
		if want, got := slices.ContainsFunc(m.extensions, func(e string) bool { return has(path, e) }), m.extension(path); got != want {
			t.Errorf("%q of %q: %v, want %v", m.extensions, path, got, want)
		}
	})
}
