// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"

	"github.com/iishunt/iishunt/internal/rule"
)

// The written form of what the engine keeps: integers are varints, texts and
// lists carry their length first. Whoever stores it adds a version and a
// checksum; still, no bytes may make the decoder panic or take more memory
// than a small multiple of their number.

var errMalformed = errors.New("malformed state")

// decoder reads what the append functions wrote. After the first mistake every
// read gives zero, and err tells.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() {
	d.b, d.err = nil, errMalformed
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads the length of a list whose elements take at least size bytes each.
func (d *decoder) count(size int) int {
	n := d.uint()
	if n > uint64(len(d.b)/size) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.b) {
		d.fail()
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) bool() bool { return d.byte() != 0 }

func (d *decoder) text() string { return string(d.bytes(d.count(1))) }

func (d *decoder) texts() []string {
	var out []string
	for range d.count(1) {
		out = append(out, d.text())
	}
	return out
}

func (d *decoder) key() rule.Key {
	if b := d.bytes(16); b != nil {
		return rule.Key{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	}
	return rule.Key{}
}

func appendInt(b []byte, v int64) []byte   { return binary.AppendVarint(b, v) }
func appendUint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendTexts(b []byte, list []string) []byte {
	b = appendUint(b, uint64(len(list)))
	for _, s := range list {
		b = rule.AppendField(b, s)
	}
	return b
}

func appendKey(b []byte, k rule.Key) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, k[0]), k[1])
}

func (f *Funnel) append(b []byte) []byte {
	for _, n := range f.Dropped {
		b = appendUint(b, n)
	}
	return appendUint(b, f.Matched)
}

func (d *decoder) funnel() (f Funnel) {
	for i := range f.Dropped {
		f.Dropped[i] = d.uint()
	}
	f.Matched = d.uint()
	return f
}

func (g *group) append(b []byte) []byte {
	b = appendTexts(b, g.values)
	b = appendInt(b, g.first)
	b = appendUint(b, uint64(g.last-g.first))
	b = appendUint(b, g.requests)
	b = appendUint(b, uint64(len(g.clients)))
	for i := range g.clients {
		c := &g.clients[i]
		addr, _ := c.addr.MarshalBinary() // never fails
		b = rule.AppendField(rule.AppendField(b, string(addr)), c.text)
	}
	b = appendUint(b, uint64(len(g.sites)))
	for i := range g.sites {
		b = appendInt(rule.AppendField(b, g.sites[i].name), g.sites[i].first)
	}
	b = appendTexts(b, g.hosts)
	b = appendTexts(b, g.servers)
	b = appendTexts(b, g.methods)
	b = appendUint(b, uint64(g.noRef))
	b = appendUint(b, uint64(g.foreign))
	b = appendUint(b, uint64(g.extra))
	return g.samples.append(b)
}

func (d *decoder) group() *group {
	g := &group{tally: tally{values: d.texts(), first: d.int()}}
	g.last = g.first + int64(d.uint())
	g.requests = d.uint()
	for range d.count(2) {
		addr, err := addrFrom(d.bytes(d.count(1)))
		if err != nil {
			d.fail()
			break
		}
		g.clients = append(g.clients, client{addr, d.text()})
	}
	for range d.count(2) {
		g.sites = append(g.sites, site{d.text(), d.int()})
	}
	g.hosts, g.servers, g.methods = d.texts(), d.texts(), d.texts()
	g.noRef, g.foreign = uint32(d.uint()), uint32(d.uint())
	extra := d.uint()
	if extra > math.MaxInt32 {
		d.fail()
	}
	g.extra = int32(extra)
	g.samples = d.samples()
	return g
}

func addrFrom(b []byte) (netip.Addr, error) {
	var a netip.Addr
	err := a.UnmarshalBinary(b)
	return a, err
}

func (l samples) append(b []byte) []byte {
	b = appendUint(b, uint64(len(l)))
	for i := range l {
		s := &l[i]
		b = appendInt(b, s.Time)
		for _, text := range [...]string{s.Client, s.Method, s.Query, s.Referer, s.User, s.File} {
			b = rule.AppendField(b, text)
		}
		b = appendInt(appendInt(b, s.Bytes), int64(s.Status))
		b = append(b, byte(s.Origin))
	}
	return b
}

func (d *decoder) samples() samples {
	var l samples
	for range d.count(10) {
		l = append(l, Sample{
			Time: d.int(), Client: d.text(), Method: d.text(), Query: d.text(), Referer: d.text(), User: d.text(), File: d.text(),
			Bytes: d.int(), Status: int32(d.int()), Origin: Origin(d.byte()),
		})
	}
	return l
}

func (f *Finding) append(b []byte) []byte {
	b = rule.AppendField(b, f.ID)
	b = appendInt(appendInt(b, f.WindowStart), f.WindowEnd)
	for _, list := range [...][]string{f.Values, f.Clients, f.Sites, f.Hosts, f.Servers, f.Methods} {
		b = appendTexts(b, list)
	}
	b = appendUint(b, f.Requests)
	b = appendInt(appendInt(b, f.FirstSeen), f.LastSeen)
	b = appendUint(appendUint(b, f.NoReferer), f.Foreign)
	b = append(b, byte(f.Novelty))
	b = appendInt(b, f.HistoryStart)
	b = appendUint(b, uint64(f.Reasons))
	return samples(f.Samples).append(b)
}

func (d *decoder) finding() *Finding {
	f := &Finding{ID: d.text(), WindowStart: d.int(), WindowEnd: d.int()}
	for _, list := range [...]*[]string{&f.Values, &f.Clients, &f.Sites, &f.Hosts, &f.Servers, &f.Methods} {
		*list = d.texts()
	}
	f.Requests = d.uint()
	f.FirstSeen, f.LastSeen = d.int(), d.int()
	f.NoReferer, f.Foreign = d.uint(), d.uint()
	f.Novelty = Novelty(d.byte())
	f.HistoryStart = d.int()
	f.Reasons = Reasons(d.uint())
	f.Samples = d.samples()
	return f
}
