// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/iishunt/iishunt/internal/rule"
)

// What a finding keeps at most; what an attacker chooses is bounded.
const (
	maxValue   = 2048 // bytes of a group value
	maxSample  = 1024 // bytes of a text in a sample request
	maxName    = 256  // bytes of a site, host name or server address
	maxClient  = 256  // bytes of a client that is no address
	maxMethod  = 32   // bytes of a method
	maxSites   = 256  // sites of a finding
	maxNames   = 32   // host names, and server addresses, of a finding
	maxMethods = 16   // methods of a finding
	// extraText is the text, in bytes, for which a new group takes the room of
	// another: else a flood of long texts would cost ten times what a flood of
	// short ones does.
	extraText = 1024
)

// bounds is what of a rule a tally needs.
type bounds struct {
	least    int // clients of a finding
	clients  int // the most; one more settles the group
	evidence int // sample requests
	pageAt   int // index of iis.page in group_by, or -1
	owners   rule.Owners
	counted  bool // Request.Counted is counted, and not the client's address
}

// client is who made a request, as clients are counted.
func (b *bounds) client(r *rule.Request) client {
	if b.counted {
		return client{text: r.Counted}
	}
	return client{b.owners.Of(r.ClientAddr), r.Client}
}

func copyValues(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = boundedValue(v, maxValue)
	}
	return out
}

// boundedValue copies v; one of more than n bytes keeps a digest of the whole,
// so that two long values stay different.
func boundedValue(v string, n int) string {
	if len(v) <= n {
		return strings.Clone(v)
	}
	sum := sha256.Sum256([]byte(v))
	return cut(v, n) + "…[cut, sha256 " + hex.EncodeToString(sum[:8]) + "]"
}

// cut returns at most n bytes of s, ending at a rune boundary.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// insertBounded inserts v and drops what is then past the bound.
func insertBounded[T any](s []T, at int, v T, bound int) []T {
	if len(s) == bound {
		s = s[:bound-1]
	}
	return slices.Insert(s, at, v)
}

func addName(names []string, name string, bound int) []string {
	name = cut(name, maxName)
	at, found := slices.BinarySearch(names, name)
	if found || rule.Absent(name) || at == bound {
		return names
	}
	return insertBounded(names, at, strings.Clone(name), bound)
}
