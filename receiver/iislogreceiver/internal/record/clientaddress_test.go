// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/w3c"
)

func TestClientBehindProxies(t *testing.T) {
	p := NewProxies(ClientAddressConfig{Header: "X-Forwarded-For", TrustedProxies: []string{"10.0.0.0/8", "198.51.100.7", "fd00::/8"}})
	for _, tt := range []struct{ peer, list, want, reason string }{
		{"10.0.0.1", "203.0.113.9", "203.0.113.9", "one proxy, one client"},
		{"10.0.0.1", "203.0.113.9,+198.51.100.7:4711", "203.0.113.9", "two proxies; IIS writes the blank as +"},
		{"10.0.0.1", "203.0.113.9, 198.51.100.7", "203.0.113.9", "the blank as itself"},
		{"10.0.0.1", "192.0.2.66,203.0.113.9", "203.0.113.9", "the client sent a header of its own: what it claims is not believed"},
		{"10.0.0.1", "10.9.9.9,203.0.113.9", "203.0.113.9", "it claims to be a trusted proxy"},
		{"203.0.113.5", "192.0.2.66", "203.0.113.5", "the peer is no proxy of ours: it is the client"},
		{"203.0.113.5", "10.0.0.1", "203.0.113.5", "the same, claiming to be one"},
		{"10.0.0.1", "10.0.0.2,10.0.0.3", "", "all are proxies"},
		{"10.0.0.1", "203.0.113.9:51515", "203.0.113.9", "with a port"},
		{"10.0.0.1", "[2001:db8::1]:51515", "2001:db8::1", "IPv6 in brackets with a port"},
		{"10.0.0.1", "[2001:db8::1]", "2001:db8::1", "IPv6 in brackets"},
		{"10.0.0.1", "2001:db8::1", "2001:db8::1", "IPv6 without"},
		{"10.0.0.1", "fe80::1%14", "fe80::1%14", "a zone stays in the text"},
		{"fd00::1", "203.0.113.9", "203.0.113.9", "an IPv6 proxy"},
		{"::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9", "an IPv4-mapped one"},
		{"10.0.0.1", `\203.0.113.9`, "203.0.113.9", "a backslash in front, as some balancers write"},
		{"10.0.0.1", `"203.0.113.9"`, "203.0.113.9", "quotes"},
		{"10.0.0.1", "unknown", "", "the proxy does not tell"},
		{"10.0.0.1", "203.0.113.9,unknown", "", "what stands left of it is not believed"},
		{"10.0.0.1", "unknown,203.0.113.9", "203.0.113.9", "what stands left of the client does not matter"},
		{"10.0.0.1", "203.0.113.9,", "203.0.113.9", "an empty entry"},
		{"10.0.0.1", "", "", "an empty list"},
		{"10.0.0.1", "-", "", "no header, although the proxy writes one"},
		{"10.0.0.1", "203.0.113.78,+_hidden", "", "hidden by the proxy"},
		{"10.0.0.1", ", ,", "", "nothing but commas"},
		{"10.0.0.1", "203.0.113.9;10.0.0.2", "", "another separator"},
		{"10.0.0.1", "[2001:db8::1", "", "a bracket that is not closed"},
		{"10.0.0.1", "' OR 1=1 --", "", "garbage"},
		{"garbage", "203.0.113.9", "garbage", "a peer that is no address cannot be trusted"},
	} {
		require.Equal(t, tt.want, p.Client(tt.peer, tt.list), "%s via %q: %s", tt.peer, tt.list, tt.reason)
	}
}

func TestClientOfEachHeader(t *testing.T) {
	long := strings.Repeat("192.0.2.66,", 400)
	for _, tt := range []struct{ header, value, want, reason string }{
		{"Forwarded", "for=203.0.113.9", "203.0.113.9", "RFC 7239"},
		{"forwarded", "For=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9", "in any case, among others"},
		{"Forwarded", `for="203.0.113.9:4711"`, "203.0.113.9", "in quotes, with a port"},
		{"Forwarded", `for="[2001:db8::1]:4711"`, "2001:db8::1", "IPv6"},
		{"Forwarded", `for=192.0.2.66,+for=203.0.113.9;proto=http,+for=10.0.0.2`, "203.0.113.9", "a list, read from its right end"},
		{"Forwarded", `for="192.0.2.66, for=203.0.113.9`, "203.0.113.9", "a quote that the client left open"},
		{"Forwarded", `for="a,b", for=203.0.113.9;host="x,y;for=192.0.2.66"`, "", "two addresses in an element: none is believed"},
		{"Forwarded", "for=203.0.113.9, for=_hidden", "", "hidden by the proxy"},
		{"Forwarded", "for=203.0.113.9, for=unknown", "", "the proxy does not know"},
		{"Forwarded", "for=203.0.113.9, proto=https", "", "a proxy that does not tell"},
		{"Forwarded", "for=10.0.0.2", "", "only proxies"},
		{"Forwarded", "203.0.113.9", "", "not in the form of this header"},
		{"Forwarded", "-", "", "none"},
		{"X-Forwarded-For", "for=203.0.113.9", "", "not in the form of this header"},
		{"X-Forwarded-For", long + "203.0.113.9", "", "longer than IIS logs it: the end is missing"},
		{"X-Forwarded-For", (long + "203.0.113.9")[:4096], "", "as IIS cuts it"},
		{"X-Forwarded-For", long[:4000] + ",203.0.113.9", "203.0.113.9", "long, but whole"},
		{"X-Original-For", "192.0.2.66, 203.0.113.9", "203.0.113.9", "a header nobody knows is a list"},
		{"CF-Connecting-IP", "203.0.113.9", "203.0.113.9", "Cloudflare"},
		{"cf-connecting-ip", "2001:db8::1", "2001:db8::1", "IPv6"},
		{"CF-Connecting-IP", "192.0.2.66, 203.0.113.9", "", "it is never a list: somebody passed on what the client sent"},
		{"CF-Connecting-IP", "unknown", "", "no address"},
		{"CF-Connecting-IP", "10.0.0.2", "", "a proxy"},
		{"CF-Connecting-IP", "-", "", "past Cloudflare, through our own proxy"},
		{"True-Client-IP", "203.0.113.9", "203.0.113.9", "Akamai"},
		{"True-Client-IP", "203.0.113.9,203.0.113.9", "", "not a list"},
		{"X-Azure-ClientIP", "203.0.113.9", "203.0.113.9", "Front Door"},
		{"X-Azure-ClientIP", "203.0.113.9 192.0.2.66", "", "not a list"},
		{"X-Azure-SocketIP", "203.0.113.9", "203.0.113.9", "Front Door, whatever the client claims"},
		{"Fastly-Client-IP", "203.0.113.9", "203.0.113.9", "Fastly"},
		{"X-Real-IP", "203.0.113.9", "203.0.113.9", "nginx"},
	} {
		p := NewProxies(ClientAddressConfig{Header: tt.header, TrustedProxies: []string{"10.0.0.0/8"}, MaxLength: DefaultMaxLength})
		require.Equal(t, tt.want, p.Client("10.0.0.1", tt.value), "%s: %.80q: %s", tt.header, tt.value, tt.reason)
		require.Equal(t, "192.0.2.1", p.Client("192.0.2.1", tt.value), "%s from elsewhere is not believed", tt.header)
	}
}

// Whatever a client sends, it is itself or unknown, with each header: the proxy
// appends to a list, and replaces what is single.
func FuzzClientIsItselfOrUnknown(f *testing.F) {
	for _, s := range []string{"192.0.2.66", `for="`, `for=192.0.2.66;"`, "for=10.0.0.1,", strings.Repeat("x", 4090), "[::1]:80, unknown,\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		for header := range forms {
			p := NewProxies(ClientAddressConfig{Header: header, TrustedProxies: []string{"10.0.0.0/8"}, MaxLength: DefaultMaxLength})
			value := sent + ", 203.0.113.9"
			switch forms[header] {
			case forwarded:
				value = sent + ", for=203.0.113.9;proto=https"
			case single:
				value = "203.0.113.9"
			}
			if len(value) > DefaultMaxLength {
				value = value[:DefaultMaxLength] // as IIS does
			}
			got := p.Client("10.0.0.1", value)
			if got != "203.0.113.9" && (got != "" || len(value) < DefaultMaxLength) {
				t.Errorf("%s: %q made it %q", header, sent, got)
			}
		}
	})
}

// Whatever a client sends, it cannot make itself look like another one.
func FuzzClientCannotBeSpoofed(f *testing.F) {
	f.Add("192.0.2.66")
	f.Add("10.0.0.5,")
	f.Add("[::1]:80, unknown,\\")
	p := NewProxies(ClientAddressConfig{Header: "X-Forwarded-For", TrustedProxies: []string{"10.0.0.0/8"}})
	f.Fuzz(func(t *testing.T, sent string) {
		// The first proxy appends the address of the client to what it sent.
		if got := p.Client("10.0.0.1", sent+", 203.0.113.9"); got != "203.0.113.9" {
			t.Errorf("%q made it %q", sent, got)
		}
		if got := p.Client("203.0.113.9", sent); got != "203.0.113.9" {
			t.Errorf("without a proxy, %q made it %q", sent, got)
		}
	})
}

func TestClientAddressConfiguration(t *testing.T) {
	for want, c := range map[string]ClientAddressConfig{
		"trusted_proxies is empty":   {Header: "X-Forwarded-For"},
		"header is not set":          {TrustedProxies: []string{"10.0.0.0/8"}},
		`header is "X Forwarded"`:    {Header: "X Forwarded", TrustedProxies: []string{"10.0.0.1"}},
		"max_length is -1":           {MaxLength: -1},
		"maxCustomFieldLength":       {MaxLength: 5000},
		`trusted_proxies has "10.0"`: {Header: "X-Forwarded-For", TrustedProxies: []string{"10.0"}},
	} {
		require.ErrorContains(t, c.Check(), want)
	}
	ok := ClientAddressConfig{Header: "X-Forwarded-For", TrustedProxies: []string{"10.0.0.0/8", "2001:db8::1"}}
	require.NoError(t, ok.Check())
	require.NoError(t, (&ClientAddressConfig{}).Check())
}

func TestAHeaderThatIsNotLoggedIsMissing(t *testing.T) {
	logged := w3c.ParseSchema("date time cs-uri-stem c-ip cs(User-Agent) sc-status x-forwarded-for")
	quoted := w3c.ParseSchema("date time cs-uri-stem c-ip cs(User-Agent) sc-status cs(X-Forwarded-For)")
	without := w3c.ParseSchema("date time cs-uri-stem c-ip cs(User-Agent) sc-status")
	require.Empty(t, missingColumns(logged, "X-Forwarded-For"))
	require.Empty(t, missingColumns(quoted, "X-Forwarded-For"))
	require.Empty(t, missingColumns(without, ""))
	require.Equal(t, "X-Forwarded-For", missingColumns(without, "X-Forwarded-For")[0].Name)
}
