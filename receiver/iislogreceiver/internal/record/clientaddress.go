// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/iishunt/iishunt/internal/rule"
)

// ClientAddressConfig says how the real client behind proxies is found.
type ClientAddressConfig struct {
	// Header is the logged request header that lists the addresses a request
	// came through, such as X-Forwarded-For. Default: none, c-ip is the client.
	Header string `mapstructure:"header"`
	// TrustedProxies are the addresses or CIDRs of the proxies whose entries in
	// the header are believed.
	TrustedProxies []string `mapstructure:"trusted_proxies"`
}

// Check returns every mistake, each with the key and what it allows.
func (c *ClientAddressConfig) Check() error {
	var errs []error
	if c.Header != "" && len(c.TrustedProxies) == 0 {
		errs = append(errs, errors.New("client_address::trusted_proxies is empty: anybody can send the header, so name the proxies whose entries are true, such as 10.0.0.0/8"))
	}
	if c.Header == "" && len(c.TrustedProxies) > 0 {
		errs = append(errs, errors.New("client_address::header is not set: name the logged header, such as X-Forwarded-For, or remove trusted_proxies"))
	}
	if strings.ContainsAny(c.Header, " \t") {
		errs = append(errs, fmt.Errorf("client_address::header is %q: name a column as #Fields does, such as X-Forwarded-For", c.Header))
	}
	for _, s := range c.TrustedProxies {
		if _, err := rule.ParsePrefix(s); err != nil {
			errs = append(errs, fmt.Errorf("client_address::trusted_proxies has %q: give an address or a CIDR such as 10.0.0.0/8", s))
		}
	}
	return errors.Join(errs...)
}

// Proxies finds the client of a request that came through trusted proxies.
type Proxies struct {
	trusted rule.Prefixes
}

// NewProxies compiles a valid configuration; nil if there is none.
func NewProxies(c ClientAddressConfig) *Proxies {
	if c.Header == "" {
		return nil
	}
	p := &Proxies{}
	for _, s := range c.TrustedProxies {
		if prefix, err := rule.ParsePrefix(s); err == nil {
			p.trusted = append(p.trusted, prefix)
		}
	}
	return p
}

// Client returns the address of the client. Each proxy appends the address that
// it was called from, so the list is walked from its right end past trusted
// proxies; the first address that is not trusted is the client, and all to the
// left of it is what that client claims. A peer that is no trusted proxy is the
// client itself, whatever it sends.
func (p *Proxies) Client(peer, list string) string {
	a, err := netip.ParseAddr(peer)
	if err != nil || !p.trusted.Contain(a) {
		return peer
	}
	client := peer
	for list != "" {
		var entry string
		if i := strings.LastIndexByte(list, ','); i >= 0 {
			list, entry = list[:i], list[i+1:]
		} else {
			list, entry = "", list
		}
		entry = trimEntry(entry)
		if entry == "" {
			continue // such as the blank after a comma at the end
		}
		a, err := netip.ParseAddr(entry)
		if err != nil {
			return client // the last that is known: this proxy hid where it was called from
		}
		client = entry
		if !p.trusted.Contain(a) {
			return client
		}
	}
	return client
}

// trimEntry takes off an entry of the list what is seen around addresses: blanks
// (which IIS writes as +), quotes, a backslash in front, brackets, a port.
func trimEntry(s string) string {
	s = strings.Trim(s, " +\t\"'\\")
	if strings.HasPrefix(s, "[") {
		if end := strings.IndexByte(s, ']'); end > 0 {
			return s[1:end]
		}
		return s
	}
	if i := strings.IndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i+1:], ':') < 0 {
		return s[:i] // one colon: a port; an IPv6 address has more
	}
	return s
}
