// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"net/netip"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// decoder reads what the append functions wrote.
type decoder struct{ codec.Decoder }

func (d *decoder) texts() []string {
	var out []string
	for range d.Count(1) {
		out = append(out, d.Text())
	}
	return out
}

func (d *decoder) key() rule.Key {
	return rule.Key{d.Fixed(), d.Fixed()}
}

func appendTexts(b []byte, list []string) []byte {
	b = codec.AppendUint(b, uint64(len(list)))
	for _, s := range list {
		b = codec.AppendText(b, s)
	}
	return b
}

func appendKey(b []byte, k rule.Key) []byte {
	return codec.AppendFixed(codec.AppendFixed(b, k[0]), k[1])
}

func (f *Funnel) append(b []byte) []byte {
	for _, n := range f.Dropped {
		b = codec.AppendUint(b, n)
	}
	return codec.AppendUint(b, f.Matched)
}

func (d *decoder) funnel() (f Funnel) {
	for i := range f.Dropped {
		f.Dropped[i] = d.Uint()
	}
	f.Matched = d.Uint()
	return f
}

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
	return g.samples.append(b)
}

func (d *decoder) group() *group {
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
	return g
}

func addrFrom(b []byte) (netip.Addr, error) {
	var a netip.Addr
	err := a.UnmarshalBinary(b)
	return a, err
}

func (l samples) append(b []byte) []byte {
	b = codec.AppendUint(b, uint64(len(l)))
	for i := range l {
		s := &l[i]
		b = codec.AppendInt(b, s.Time)
		for _, text := range [...]string{s.Client, s.Method, s.Query, s.Referer, s.User, s.File} {
			b = codec.AppendText(b, text)
		}
		b = codec.AppendInt(codec.AppendInt(b, s.Bytes), int64(s.Status))
		b = append(b, byte(s.Origin))
	}
	return b
}

func (d *decoder) samples() samples {
	var l samples
	for range d.Count(10) {
		l = append(l, Sample{
			Time: d.Int(), Client: d.Text(), Method: d.Text(), Query: d.Text(), Referer: d.Text(), User: d.Text(), File: d.Text(),
			Bytes: d.Int(), Status: int32(d.Int()), Origin: Origin(d.Byte()),
		})
	}
	return l
}

func (f *Finding) append(b []byte) []byte {
	b = codec.AppendText(b, f.ID)
	b = codec.AppendInt(codec.AppendInt(b, f.WindowStart), f.WindowEnd)
	for _, list := range [...][]string{f.Values, f.Clients, f.Sites, f.Hosts, f.Servers, f.Methods} {
		b = appendTexts(b, list)
	}
	b = codec.AppendUint(b, f.Requests)
	b = codec.AppendInt(codec.AppendInt(b, f.FirstSeen), f.LastSeen)
	b = codec.AppendUint(codec.AppendUint(b, f.NoReferer), f.Foreign)
	b = append(b, byte(f.Novelty))
	b = codec.AppendInt(b, f.HistoryStart)
	b = codec.AppendUint(b, uint64(f.Reasons))
	return samples(f.Samples).append(b)
}

func (d *decoder) finding() *Finding {
	f := &Finding{ID: d.Text(), WindowStart: d.Int(), WindowEnd: d.Int()}
	for _, list := range [...]*[]string{&f.Values, &f.Clients, &f.Sites, &f.Hosts, &f.Servers, &f.Methods} {
		*list = d.texts()
	}
	f.Requests = d.Uint()
	f.FirstSeen, f.LastSeen = d.Int(), d.Int()
	f.NoReferer, f.Foreign = d.Uint(), d.Uint()
	f.Novelty = Novelty(d.Byte())
	f.HistoryStart = d.Int()
	f.Reasons = Reasons(d.Uint())
	f.Samples = d.samples()
	return f
}
