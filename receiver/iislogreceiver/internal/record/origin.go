// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strings"

	"github.com/iishunt/iishunt/internal/w3c"
)

// Origin is what belongs to the resource of a record.
type Origin struct {
	Site, Host string // "" for none
}

// OriginAt is the saved origin, or, at the beginning of a file, what its path says.
func OriginAt(saved, site string) Origin {
	if site, host, ok := strings.Cut(saved, "\n"); ok {
		return Origin{site, host}
	}
	return Origin{Site: site}
}

// OriginOf says where a line comes from: its own columns know best, else the
// folder of its file.
func OriginOf(l *w3c.Line, p *Plan, site string) Origin {
	from := Origin{Site: site}
	if p.Site >= 0 && !w3c.Absent(l.Values[p.Site]) {
		from.Site = l.Values[p.Site]
	}
	if p.Host >= 0 && !w3c.Absent(l.Values[p.Host]) {
		from.Host = l.Values[p.Host]
	}
	return from
}

// Text is what OriginAt reads.
func (o Origin) Text() string { return o.Site + "\n" + o.Host }
