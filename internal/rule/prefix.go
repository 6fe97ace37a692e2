// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"net/netip"
	"slices"
)

// Prefixes are networks and single addresses, as ParsePrefix returns them.
type Prefixes []netip.Prefix

// ParsePrefix reads a CIDR or a single address.
func ParsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), err
}

// Contain reports whether an address is in one of the networks. An IPv4 address
// that is written as an IPv6 one is that IPv4 address, and zones are left out.
func (p Prefixes) Contain(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(x netip.Prefix) bool { return x.Contains(a) })
}
