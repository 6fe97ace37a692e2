// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
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
		{"10.0.0.1", "10.0.0.2,10.0.0.3", "10.0.0.2", "all are proxies: a request from within"},
		{"10.0.0.1", "203.0.113.9:51515", "203.0.113.9", "with a port"},
		{"10.0.0.1", "[2001:db8::1]:51515", "2001:db8::1", "IPv6 in brackets with a port"},
		{"10.0.0.1", "[2001:db8::1]", "2001:db8::1", "IPv6 in brackets"},
		{"10.0.0.1", "2001:db8::1", "2001:db8::1", "IPv6 without"},
		{"10.0.0.1", "fe80::1%14", "fe80::1%14", "a zone stays in the text"},
		{"fd00::1", "203.0.113.9", "203.0.113.9", "an IPv6 proxy"},
		{"::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9", "an IPv4-mapped one"},
		{"10.0.0.1", `\203.0.113.9`, "203.0.113.9", "a backslash in front, as some balancers write"},
		{"10.0.0.1", `"203.0.113.9"`, "203.0.113.9", "quotes"},
		{"10.0.0.1", "unknown", "10.0.0.1", "the proxy does not tell: it is the last that is known"},
		{"10.0.0.1", "203.0.113.9,unknown", "10.0.0.1", "what stands left of it is not believed"},
		{"10.0.0.1", "unknown,203.0.113.9", "203.0.113.9", "what stands left of the client does not matter"},
		{"10.0.0.1", "203.0.113.9,", "203.0.113.9", "an empty entry"},
		{"10.0.0.1", "", "10.0.0.1", "an empty list"},
		{"10.0.0.1", "[2001:db8::1", "10.0.0.1", "a bracket that is not closed"},
		{"10.0.0.1", "' OR 1=1 --", "10.0.0.1", "garbage"},
		{"garbage", "203.0.113.9", "garbage", "a peer that is no address cannot be trusted"},
	} {
		require.Equal(t, tt.want, p.Client(tt.peer, tt.list), "%s via %q: %s", tt.peer, tt.list, tt.reason)
	}
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
