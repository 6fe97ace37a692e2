// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"net/netip"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// group is an unsettled group in one pane: at most client_threshold clients.
// One more settles it, and only its key remains.
type group struct {
	tally
	extra   int32 // room taken beyond that of one group; guarded by Engine.mu
	changed bool  // it is among the changes; guarded by Engine.mu
}

func newGroup(r *rule.Request, values []string, b *bounds) *group {
	return &group{tally: tally{
		values: copyValues(values), first: r.Time, last: r.Time,
		spellings: spellings{path: boundedValue(writtenPath(r, values, b), maxValue)},
	}}
}

// The forms in which a group is stored. The two before the last are only read.
const (
	storedSettled byte = iota
	storedGroup
	storedMore // a group, then its spellings and further addresses
	storedUsed // as storedMore, then its traits
)

// append appends the group as storedUsed.
func (g *group) append(b []byte) []byte {
	b = appendTexts(b, g.values)
	b = codec.AppendInt(b, g.first)
	b = codec.AppendUint(b, uint64(g.last-g.first))
	b = codec.AppendUint(b, g.requests)
	b = codec.AppendUint(b, uint64(len(g.clients)))
	for i := range g.clients {
		c := &g.clients[i]
		addr, _ := c.addr.MarshalBinary() // never fails
		b = codec.AppendText(codec.AppendText(b, string(addr)), c.text)
	}
	b = codec.AppendUint(b, uint64(len(g.sites)))
	for i := range g.sites {
		b = codec.AppendInt(codec.AppendText(b, g.sites[i].name), g.sites[i].first)
	}
	b = appendTexts(b, g.hosts)
	b = appendTexts(b, g.servers)
	b = appendTexts(b, g.methods)
	b = codec.AppendUint(b, uint64(g.noRef))
	b = codec.AppendUint(b, uint64(g.foreign))
	b = codec.AppendUint(b, uint64(g.extra))
	b = g.samples.append(b)
	b = appendTexts(appendTexts(codec.AppendText(b, g.path), g.paths), g.addresses)
	return g.traits.append(b)
}

func (d *decoder) group(form byte) *group {
	g := &group{tally: tally{values: d.texts(), first: d.Int()}}
	g.last = g.first + int64(d.Uint())
	g.requests = d.Uint()
	for range d.Count(2) {
		addr, err := addrFrom(d.Bytes(d.Count(1)))
		if err != nil {
			d.Fail()
			break
		}
		g.clients = append(g.clients, client{addr, d.Text()})
	}
	for range d.Count(2) {
		g.sites = append(g.sites, site{d.Text(), d.Int()})
	}
	g.hosts, g.servers, g.methods = d.texts(), d.texts(), d.texts()
	g.noRef, g.foreign = uint32(d.Uint()), uint32(d.Uint())
	extra := d.Uint()
	if extra > math.MaxInt32 {
		d.Fail()
	}
	g.extra = int32(extra)
	g.samples = d.samples()
	if form >= storedMore {
		g.path, g.paths, g.addresses = d.Text(), d.texts(), d.texts()
	}
	if form == storedUsed {
		g.traits = d.traits()
	}
	return g
}

func addrFrom(b []byte) (netip.Addr, error) {
	var a netip.Addr
	err := a.UnmarshalBinary(b)
	return a, err
}
