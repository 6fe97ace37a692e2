// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

func TestOrigin(t *testing.T) {
	for _, tt := range []struct {
		referer, host, server string
		want                  Origin
		reason                string
	}{
		{"", "shop.example.com", "", OriginNone, "not logged, or not sent"},
		{"-", "shop.example.com", "", OriginNone, "not sent"},
		{"https://shop.example.com/a?u=https://evil.example.net", "shop.example.com", "", OriginOwn, "a URL in the query is no host"},
		{"HTTPS://Shop.Example.COM:8443", "shop.example.com", "", OriginOwn, "case and port do not count"},
		{"https://shop.example.com?x", "shop.example.com", "", OriginOwn, "a query without a path"},
		{"https://shop.example.com@evil.example.net/", "shop.example.com", "", OriginForeign, "a user name that looks like the host"},
		{"https://evil.example.net/shop.example.com", "shop.example.com", "", OriginForeign, "the host in the path"},
		{"https://www.shop.example.com/", "shop.example.com", "", OriginForeign, "another name is another host"},
		{"nonsense", "shop.example.com", "", OriginForeign, "whatever it is, no page of the site"},
		{"https://shop.example.com/", "", "", OriginUnknown, "cs-host is not logged"},
		{"https://198.51.100.5/x", "", "198.51.100.5", OriginOwn, "asked for by its address"},
		{"https://[2001:db8::5]:443/x", "2001:db8::5", "", OriginOwn, "an IPv6 address in brackets"},
	} {
		r := rule.Request{Referer: tt.referer, Host: tt.host, Server: tt.server}
		if got := originOf(&r); got != tt.want {
			t.Errorf("%q on %q: %d, want %d: %s", tt.referer, tt.host, got, tt.want, tt.reason)
		}
	}
}

// Half of the samples are the earliest, the other half what tells most.
func TestTheMostTellingSamplesAreKept(t *testing.T) {
	c := hourly()
	c.Evidence = 4
	records := make([]rule.Request, 0, 200)
	for i := range 200 {
		r := at(time.Duration(i)*time.Second, "/a.aspx", "203.0.113.1")
		r.Method, r.Referer, r.Host = "GET", "https://shop.example.com/", "shop.example.com"
		records = append(records, r)
	}
	records[50].Query = "id=1"
	records[120].Method = "POST"
	records[150].Referer = ""
	records[151].Referer, records[151].Bytes = "", 1<<20
	f := find(c, "rule", rule.NewSeed(), records...)[0]
	var got []int
	for _, s := range f.Samples {
		got = append(got, int((s.Time-day.UnixNano())/1e9))
	}
	if want := []int{0, 1, 120, 151}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v: two of the earliest, what was sent, and the largest answer without a referer", got, want)
	}
	if f.NoReferer != 2 || f.Foreign != 0 || !slices.Equal(f.Methods, []string{"GET", "POST"}) {
		t.Errorf("%d without referer, %d foreign, methods %v", f.NoReferer, f.Foreign, f.Methods)
	}
}

// Samples are a set: what is kept does not depend on the order of additions,
// on how they were spread over sets before, or on how often they were added.
func TestSamplesAreAUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		bound := r.IntN(7)
		var all []Sample
		for range r.IntN(40) {
			all = append(all, Sample{Time: r.Int64N(10), Method: pick(r, "GET", "POST"), Query: pick(r, "", "a", "b"), Origin: Origin(r.IntN(4)), Bytes: r.Int64N(2)})
		}
		var want samples
		for i := range all {
			want = want.add(&all[i], bound)
		}
		var parts [3]samples
		for range 3 { // each sample is in one to three of the parts
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for i := range all {
				p := &parts[r.IntN(3)]
				*p = p.add(&all[i], bound)
			}
		}
		var got samples
		for _, p := range []samples{parts[2], parts[0], parts[1], parts[0]} {
			for i := range p {
				got = got.add(&p[i], bound)
			}
		}
		if !slices.Equal(got, want) || len(got) > bound {
			t.Fatalf("bound %d: got %v, want %v", bound, got, want)
		}
	}
}

func TestManyMethodsAndLongNamesAreBounded(t *testing.T) {
	var records []rule.Request
	for i := range 100 {
		r := at(time.Duration(i), "/a.aspx", "203.0.113.1")
		r.Method = fmt.Sprintf("M%03d%s", i, strings.Repeat("x", 9000))
		r.Host = strings.Repeat("h", 5000) // cut, and then the same each time
		r.Site = strings.Repeat("s", 5000)
		records = append(records, r)
	}
	f := find(hourly(), "rule", rule.NewSeed(), records...)[0]
	if len(f.Methods) != maxMethods || len(f.Methods[0]) != maxMethod {
		t.Errorf("%d methods of %d bytes", len(f.Methods), len(f.Methods[0]))
	}
	if len(f.Hosts) != 1 || len(f.Hosts[0]) != maxName || len(f.Sites) != 1 {
		t.Errorf("%d hosts, %d sites", len(f.Hosts), len(f.Sites))
	}
}

// A client that is no address may be as long as a log line; it is cut, and is
// one client nevertheless.
func TestALongClientIsOneClient(t *testing.T) {
	long := strings.Repeat("c", 64<<10)
	got := find(hourly(), "rule", rule.NewSeed(), at(1, "/a.aspx", long), at(2, "/a.aspx", long))
	if len(got) != 1 || got[0].Requests != 2 || len(got[0].Clients[0]) > maxClient+64 {
		t.Fatalf("%d findings", len(got))
	}
	if got := find(hourly(), "rule", rule.NewSeed(), at(1, "/a.aspx", long), at(2, "/a.aspx", long+"d")); len(got) != 0 {
		t.Error("two clients that differ after the cut became one")
	}
}
