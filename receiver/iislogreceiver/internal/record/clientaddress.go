// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
)

// ClientAddressConfig says how the real client behind proxies is found.
type ClientAddressConfig struct {
	// Header is the logged request header that tells the address of the client, such
	// as X-Forwarded-For; how it tells it depends on its name, see forms. Default:
	// none, c-ip is the client.
	Header string `mapstructure:"header"`
	// TrustedProxies are the addresses or CIDRs of the proxies whose entries in
	// the header are believed.
	TrustedProxies []string `mapstructure:"trusted_proxies"`
	// MaxLength is the length, in bytes, at which IIS cuts the value of a logged
	// header (its maxCustomFieldLength); one that is as long is not believed. 0
	// believes all. Default 4096.
	MaxLength int `mapstructure:"max_length"`
}

// DefaultMaxLength is what IIS has unless it is told otherwise, and the most it takes.
const DefaultMaxLength = 4096

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
	if c.MaxLength < 0 || c.MaxLength > DefaultMaxLength {
		errs = append(errs, fmt.Errorf("client_address::max_length is %d: give what maxCustomFieldLength of the site is, 2 to %d bytes, or 0 if the log is not written by IIS", c.MaxLength, DefaultMaxLength))
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
	form    form
	limit   int // bytes of a value from which on it may be cut; 0: none is
}

// form is how a header tells addresses.
type form uint8

// The forms.
const (
	// list: each proxy appends the address that it was called from.
	list form = iota
	// forwarded is the list of RFC 7239: for=address;proto=https, for=...
	forwarded
	// single: the proxy at the edge writes the client's address, and replaces what
	// the client sent.
	single
)

// forms are the forms of the known headers, in lower case; others are lists.
var forms = map[string]form{
	"x-forwarded-for":  list,
	"forwarded":        forwarded,
	"cf-connecting-ip": single, // Cloudflare
	"true-client-ip":   single, // Akamai, Cloudflare Enterprise
	"x-azure-clientip": single, // Azure Front Door
	"x-azure-socketip": single,
	"fastly-client-ip": single,
	"x-real-ip":        single, // nginx
}

// NewProxies compiles a valid configuration; nil if there is none.
func NewProxies(c ClientAddressConfig) *Proxies {
	if c.Header == "" {
		return nil
	}
	p := &Proxies{form: forms[strings.ToLower(c.Header)], limit: c.MaxLength}
	for _, s := range c.TrustedProxies {
		if prefix, err := rule.ParsePrefix(s); err == nil {
			p.trusted = append(p.trusted, prefix)
		}
	}
	return p
}

// Client returns the address of the client, "" where it cannot be known. A peer
// that is no trusted proxy is the client itself, whatever it sends. What a trusted
// proxy says of it is read from the header's value, "" or "-" for none. A proxy is
// never the client: many clients would look like one, or like none.
func (p *Proxies) Client(peer, value string) string {
	a, err := netip.ParseAddr(peer)
	if err != nil || !p.trusted.Contain(a) {
		return peer
	}
	if w3c.Absent(value) || p.limit > 0 && len(value) >= p.limit {
		return "" // IIS has cut it, and what the proxy appended may be gone
	}
	switch p.form {
	case forwarded:
		return p.last(value, cutElement, forwardedFor)
	case single:
		return p.address(trimEntry(value))
	default:
		return p.last(value, cutEntry, trimEntry)
	}
}

// last walks a list from its right end past trusted proxies; the first address that
// is not trusted is the client, and all to the left of it is what that client
// claims. An entry that is no address hides all to the left of it.
func (p *Proxies) last(value string, cut func(string) (rest, entry string), read func(string) string) string {
	for value != "" {
		var entry string
		value, entry = cut(value)
		if strings.Trim(entry, " +\t") == "" {
			continue // such as the blank after a comma at the end
		}
		entry = read(entry)
		a, err := netip.ParseAddr(entry)
		if err != nil {
			return ""
		}
		if !p.trusted.Contain(a) {
			return entry
		}
	}
	return ""
}

// address returns an address that is no trusted proxy's, else "".
func (p *Proxies) address(s string) string {
	if a, err := netip.ParseAddr(s); err != nil || p.trusted.Contain(a) {
		return ""
	}
	return s
}

// cutEntry cuts the last entry off a list.
func cutEntry(value string) (rest, entry string) {
	if i := strings.LastIndexByte(value, ','); i >= 0 {
		return value[:i], value[i+1:]
	}
	return "", value
}

// cutElement cuts the last element off a list in which commas may stand in quotes.
// It reads from the right, where the proxy wrote: a quote that a client leaves open
// at the left cannot swallow what comes after it.
func cutElement(value string) (rest, element string) {
	quoted := false
	for i := len(value) - 1; i >= 0; i-- {
		switch {
		case value[i] == '"':
			quoted = !quoted
		case value[i] == ',' && !quoted:
			return value[:i], value[i+1:]
		}
	}
	return "", value
}

// forwardedFor returns the address in an element of Forwarded; "" where there is
// none, or more than one.
func forwardedFor(element string) string {
	address, found := "", 0
	for part := range strings.SplitSeq(element, ";") {
		name, value, ok := strings.Cut(part, "=")
		if ok && strings.EqualFold(strings.Trim(name, " +\t"), "for") {
			address, found = trimEntry(value), found+1
		}
	}
	if found != 1 {
		return ""
	}
	return address
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
