// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"net/netip"
	"strings"
)

// lower folds one ASCII letter.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// has is KQL's `has` with an ASCII-lower-case needle: the needle occurs in s,
// compared without regard to ASCII case, and where an edge of the needle is
// alphanumeric its neighbour in s is not.
func has(s, needle string) bool {
	n := len(needle)
	if n == 0 {
		return true
	}
	caseless := lower(needle[0]) == upper(needle[0])
	for i := 0; i+n <= len(s); i++ {
		if caseless { // such as the dot of an extension: the usual case, and the fast one
			next := strings.IndexByte(s[i:], needle[0])
			if next < 0 || i+next+n > len(s) {
				return false
			}
			i += next
		}
		if hasAt(s, i, needle) {
			return true
		}
	}
	return false
}

// hasAt reports whether what has looks for is at i.
func hasAt(s string, i int, needle string) bool {
	end := i + len(needle)
	return end <= len(s) && equalFoldASCII(s[i:end], needle) &&
		(!alphanumeric(needle[0]) || i == 0 || !alphanumeric(s[i-1])) &&
		(!alphanumeric(needle[len(needle)-1]) || end == len(s) || !alphanumeric(s[end]))
}

// equalFoldASCII compares s with an ASCII-lower-case text of the same length.
func equalFoldASCII(s, lowered string) bool {
	for i := range len(lowered) {
		if lower(s[i]) != lowered[i] {
			return false
		}
	}
	return true
}

// startsWith is KQL's `startswith` with an ASCII-lower-case prefix.
func startsWith(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFoldASCII(s[:len(prefix)], prefix)
}

// containsFold is KQL's `contains` with an ASCII-lower-case needle.
func containsFold(s, needle string) bool {
	for i := 0; i+len(needle) <= len(s); i++ {
		if equalFoldASCII(s[i:i+len(needle)], needle) {
			return true
		}
	}
	return false
}

// ipv4Public is KQL's `ipv4_is_private(x) == false`: false for RFC 1918
// addresses and also for everything that is not an IPv4 address, because there
// the function is null and `null == false` is false.
func ipv4Public(a netip.Addr) bool { return a.Is4() && !a.IsPrivate() }

// internal reports whether an address is private under corrected semantics:
// RFC 1918, loopback, link-local, unique-local, and the IPv4-mapped forms.
// The zero Addr (a text that is no address) is not.
func internal(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
}
