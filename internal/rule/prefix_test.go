// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrefixes(t *testing.T) {
	for _, c := range []struct {
		prefix string
		in     []string
		out    []string
	}{
		{"198.51.100.7", []string{"198.51.100.7", "::ffff:198.51.100.7"}, []string{"198.51.100.8", "2001:db8::1"}},
		{"198.51.100.99/24", []string{"198.51.100.0", "::ffff:198.51.100.255"}, []string{"198.51.101.0"}},
		{"::ffff:198.51.100.0/120", []string{"198.51.100.7", "::ffff:198.51.100.7"}, []string{"198.51.101.0"}},
		{"2001:db8::/32", []string{"2001:db8::1", "2001:db8::1%eth0"}, []string{"2001:db9::1", "198.51.100.7"}},
		{"fe80::1%eth0", []string{"fe80::1", "fe80::1%eth1"}, []string{"fe80::2"}},
	} {
		p, err := ParsePrefix(c.prefix)
		require.NoError(t, err, c.prefix)
		for _, a := range c.in {
			require.True(t, Prefixes{p}.Contain(netip.MustParseAddr(a)), "%s in %s", a, c.prefix)
		}
		for _, a := range c.out {
			require.False(t, Prefixes{p}.Contain(netip.MustParseAddr(a)), "%s not in %s", a, c.prefix)
		}
	}
	require.False(t, Prefixes(nil).Contain(netip.MustParseAddr("198.51.100.7")))
	require.False(t, Prefixes{netip.MustParsePrefix("0.0.0.0/0")}.Contain(netip.Addr{}), "no address")
	for _, s := range []string{"", "x", "198.51.100.0/33", "198.51.100.0/", "2001:db8::/129"} {
		_, err := ParsePrefix(s)
		require.Error(t, err, s)
	}
}
