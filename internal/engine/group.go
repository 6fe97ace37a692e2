// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"net/netip"
	"slices"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// group is an unsettled group in one pane: at most client_threshold clients.
// One more settles it, and only its key remains.
//
// Most groups of a pane have one request. Such a one is kept as it is stored, which
// takes a third of the room.
type group struct {
	tally   *tally // nil while it is stored
	stored  []byte // in the form storedUsed
	extra   int32  // room taken beyond that of one group; guarded by Engine.mu
	changed bool   // it is among the changes; guarded by Engine.mu
}

// newGroup returns the group of a request.
func newGroup(r *rule.Request, values []string, b *bounds) *group {
	t := newTally(r, values, b)
	t.add(r, values, b)
	g := &group{tally: t, extra: int32(t.text() / extraText)}
	g.pack()
	return g
}

// pack lets a group of one request take less room.
func (g *group) pack() {
	if g.tally.requests == 1 {
		g.stored = slices.Clip(g.append(make([]byte, 0, 128+g.tally.text())))
		g.tally = nil
	}
}

// read returns what the group tells. It must not be changed.
func (g *group) read() *tally {
	if g.tally != nil {
		return g.tally
	}
	d := decoder{codec.Decoder{Rest: g.stored}}
	return d.group(storedUsed).tally
}

// add counts one more request. It returns false when the group is settled, and must
// be forgotten.
func (g *group) add(r *rule.Request, values []string, b *bounds) bool {
	g.tally, g.stored = g.read(), nil
	return g.tally.add(r, values, b)
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
	t := g.tally
	if t == nil {
		return append(b, g.stored...)
	}
	b = appendTexts(b, t.values)
	b = codec.AppendInt(b, t.first)
	b = codec.AppendUint(b, uint64(t.last-t.first))
	b = codec.AppendUint(b, t.requests)
	b = codec.AppendUint(b, uint64(len(t.clients)))
	for i := range t.clients {
		c := &t.clients[i]
		addr, _ := c.addr.MarshalBinary() // never fails
		b = codec.AppendText(codec.AppendText(b, string(addr)), c.text)
	}
	b = codec.AppendUint(b, uint64(len(t.sites)))
	for i := range t.sites {
		b = codec.AppendInt(codec.AppendText(b, t.sites[i].name), t.sites[i].first)
	}
	b = appendTexts(b, t.hosts)
	b = appendTexts(b, t.servers)
	b = appendTexts(b, t.methods)
	b = codec.AppendUint(b, uint64(t.noRef))
	b = codec.AppendUint(b, uint64(t.foreign))
	b = codec.AppendUint(b, uint64(g.extra))
	b = t.samples.append(b)
	b = appendTexts(appendTexts(codec.AppendText(b, t.path), t.paths), t.addresses)
	return t.traits.append(b)
}

func (d *decoder) group(form byte) *group {
	t := &tally{values: d.texts(), first: d.Int()}
	g := &group{tally: t}
	t.last = t.first + int64(d.Uint())
	t.requests = d.Uint()
	for range d.Count(2) {
		addr, err := addrFrom(d.Bytes(d.Count(1)))
		if err != nil {
			d.Fail()
			break
		}
		t.clients = append(t.clients, client{addr, d.Text()})
	}
	for range d.Count(2) {
		t.sites = append(t.sites, site{d.Text(), d.Int()})
	}
	t.hosts, t.servers, t.methods = d.texts(), d.texts(), d.texts()
	t.noRef, t.foreign = uint32(d.Uint()), uint32(d.Uint())
	extra := d.Uint()
	if extra > math.MaxInt32 {
		d.Fail()
	}
	g.extra = int32(extra)
	t.samples = d.samples()
	if form >= storedMore {
		t.path, t.paths, t.addresses = d.Text(), d.texts(), d.texts()
	}
	if form == storedUsed {
		t.traits = d.traits()
	}
	return g
}

func addrFrom(b []byte) (netip.Addr, error) {
	var a netip.Addr
	err := a.UnmarshalBinary(b)
	return a, err
}
