// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/iishunt/iishunt/internal/attr"
)

// The lengths of whole addresses, and of what one owner has of IPv6, in bits.
const (
	wholeIPv4 = 32
	wholeIPv6 = 128
	ownerIPv6 = 64
	leastIPv4 = 8
	leastIPv6 = 16
)

// CountConfig says what a client is: what is counted, and compared with the threshold.
type CountConfig struct {
	// Attribute is the attribute whose different values are counted. Default client.address.
	Attribute string `mapstructure:"attribute"`
	// IPv4Prefix is how many bits of an IPv4 address tell clients apart. Default 32, all.
	IPv4Prefix int `mapstructure:"ipv4_prefix"`
	// IPv6Prefix is the same for IPv6. Default 0, which is 64, and 128 (all) under
	// semantics: sentinel.
	IPv6Prefix int `mapstructure:"ipv6_prefix"`
}

func (c *CountConfig) check() error {
	switch secret := strings.ToLower(c.Attribute); {
	case c.Attribute == "":
		return fmt.Errorf("count::attribute: it is empty; name what is counted, such as client.address or user.name")
	case strings.Contains(secret, "cookie") || strings.Contains(secret, "authorization"):
		return fmt.Errorf("count::attribute: %q; cookies and credentials are secrets, and each detection would carry one", c.Attribute)
	case misnamed(c.Attribute) != "":
		return fmt.Errorf("count::attribute: %q; no record has it, write %s", c.Attribute, misnamed(c.Attribute))
	case c.Attribute == attr.IISPage:
		return fmt.Errorf("count::attribute: %q; records do not have it, count url.path", c.Attribute)
	case c.IPv4Prefix < leastIPv4 || c.IPv4Prefix > wholeIPv4:
		return fmt.Errorf("count::ipv4_prefix: %d; it must be %d to %d bits, %d for whole addresses", c.IPv4Prefix, leastIPv4, wholeIPv4, wholeIPv4)
	case c.IPv6Prefix != 0 && c.IPv6Prefix < leastIPv6 || c.IPv6Prefix > wholeIPv6:
		return fmt.Errorf("count::ipv6_prefix: %d; it must be %d to %d bits, %d for whole addresses", c.IPv6Prefix, leastIPv6, wholeIPv6, wholeIPv6)
	case c.Attribute != attr.ClientAddress && (c.IPv4Prefix != wholeIPv4 || c.IPv6Prefix != 0):
		return fmt.Errorf("count::attribute: %q with ipv4_prefix or ipv6_prefix; prefixes are of client.address, remove them or the attribute", c.Attribute)
	}
	return nil
}

// Counted returns the attribute that is counted instead of the client's address; ""
// for the address.
func (c *Config) Counted() string {
	if c.Count.Attribute == attr.ClientAddress {
		return ""
	}
	return c.Count.Attribute
}

// Owners returns what tells the owners of addresses apart.
func (c *Config) Owners() Owners {
	o := Owners{c.Count.IPv4Prefix, c.Count.IPv6Prefix}
	switch {
	case o.ipv6 == 0 && c.Semantics == Sentinel:
		o.ipv6 = wholeIPv6
	case o.ipv6 == 0:
		o.ipv6 = ownerIPv6
	}
	return o
}

// Owners tells the owners of addresses apart: one who has a network has all of
// its addresses.
type Owners struct {
	ipv4, ipv6 int // bits
}

// Of returns the network of the owner of an address, or the address alone where
// it has none: the zero Addr, and private IPv6 addresses, because each machine of
// a network within has a single one.
func (o Owners) Of(a netip.Addr) netip.Addr {
	if bits := o.bits(a); bits < a.BitLen() {
		p, _ := a.WithZone("").Prefix(bits) // never fails: the bits are those of an address
		return p.Addr()
	}
	return a
}

// Network describes the network of an address that Of returned; "" for a single one.
func (o Owners) Network(a netip.Addr) string {
	if bits := o.bits(a); bits < a.BitLen() {
		return netip.PrefixFrom(a, bits).String()
	}
	return ""
}

func (o Owners) bits(a netip.Addr) int {
	switch {
	case a.Is4():
		return o.ipv4
	case internal(a):
		return a.BitLen()
	default:
		return o.ipv6
	}
}

// shape says what is counted; "" for whole addresses, which was all that could be.
func (c *Config) countShape() string {
	switch o := c.Owners(); {
	case c.Counted() != "":
		return c.Counted()
	case o.ipv4 == wholeIPv4 && o.ipv6 == wholeIPv6:
		return ""
	default:
		return fmt.Sprintf("IPv4 by /%d, IPv6 by /%d", o.ipv4, o.ipv6)
	}
}

// unknown reports whether a client's text is known to stand for nobody: a proxy that
// does not tell (RFC 7239), or a list that nobody has read.
func unknown(client string) bool {
	return strings.EqualFold(client, "unknown") || client[0] == '_' || strings.ContainsAny(client, ",; +\"")
}
