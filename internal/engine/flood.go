// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

const (
	// floodClients bounds the clients that are counted apart. Each is counted too low
	// by less than a part in floodClients (Misra and Gries, 1982).
	floodClients = 32
	// floodBits is the number of bits that choose a register (HyperLogLog, Flajolet and
	// others, 2007): the pages are counted within 3 % or so.
	floodBits = 10
	// A flood is told as a finding where so few clients made so much of it.
	fewFlooders  = 8
	floodShare   = 0.9
	enoughFlood  = 100
	registerBits = 64 - floodBits
)

// Flood is what became of the requests for which max_groups left no room.
type Flood struct {
	Requests uint64
	First    int64 // event time, as Last
	Last     int64
	clients  []flooder
	pages    []byte // the registers
}

type flooder struct {
	text  string
	count uint64
}

func (f *Flood) add(uri uint64, r *rule.Request, client string) {
	if f.pages == nil {
		*f = Flood{First: r.Time, Last: r.Time, pages: make([]byte, 1<<floodBits)}
	}
	f.Requests++
	f.First, f.Last = min(f.First, r.Time), max(f.Last, r.Time)
	// The key is half of a hash: its bits are as random as they can be.
	at, rank := uri>>registerBits, byte(bits.LeadingZeros64(uri<<floodBits|1<<(floodBits-1))+1)
	f.pages[at] = max(f.pages[at], rank)
	f.count(client, 1)
}

func (f *Flood) count(client string, n uint64) {
	if at := slices.IndexFunc(f.clients, func(c flooder) bool { return c.text == client }); at >= 0 {
		f.clients[at].count += n
		return
	}
	f.clients = append(f.clients, flooder{strings.Clone(client), n})
	if len(f.clients) < floodClients {
		return
	}
	least := slices.MinFunc(f.clients, func(a, b flooder) int { return cmp.Compare(a.count, b.count) }).count
	for i := range f.clients {
		f.clients[i].count -= least
	}
	f.clients = slices.DeleteFunc(f.clients, func(c flooder) bool { return c.count == 0 })
}

func (f *Flood) merge(o *Flood) {
	if f.pages == nil {
		f.First, f.Last, f.pages = o.First, o.Last, make([]byte, 1<<floodBits)
	}
	f.Requests += o.Requests
	f.First, f.Last = min(f.First, o.First), max(f.Last, o.Last)
	for i, rank := range o.pages {
		f.pages[i] = max(f.pages[i], rank)
	}
	for _, c := range o.clients {
		f.count(c.text, c.count)
	}
}

// Pages estimates how many pages were asked for, or groups where they have no page.
func (f *Flood) Pages() uint64 {
	const m = 1 << floodBits
	sum, empty := 0.0, 0
	for _, rank := range f.pages {
		sum += math.Ldexp(1, -int(rank))
		if rank == 0 {
			empty++
		}
	}
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/float64(empty))
	}
	return min(uint64(math.Round(estimate)), f.Requests)
}

// Clients are the few clients that made nearly all of it; none where it was many.
func (f *Flood) Clients() []string {
	all := slices.Clone(f.clients)
	slices.SortFunc(all, func(a, b flooder) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.text, b.text))
	})
	var out []string
	sum := uint64(0)
	for _, c := range all[:min(len(all), fewFlooders)] {
		out = append(out, c.text)
		if sum += c.count; float64(sum) >= floodShare*float64(f.Requests) {
			return out
		}
	}
	return nil
}

// beyond counts a request for which there is no room.
func (e *Engine) beyond(p int64, k rule.Key, r *rule.Request) {
	e.lose(p, ReasonMaxGroups)
	pn := e.panes[p]
	if pn.flood == nil {
		pn.flood = &Flood{}
		if at := p * e.length; at >= e.flooded {
			e.flooded = at + e.window
			e.warnings = append(e.warnings, eventtime.Warning{
				ReadUntil: eventtime.None,
				Text: "max_groups is reached. The groups that are known go on; requests for others are counted, and their windows are marked max_groups. " +
					"The window's end tells who made them; raise max_groups if the site is that large",
			})
		}
	}
	pn.flood.add(k.URI(), r, e.bounds.client(r).text)
	if e.following && !slices.Contains(e.changes.floods, p) {
		e.changes.floods = append(e.changes.floods, p)
	}
}

// flood returns the finding that a few clients flooded a window; nil where they did not.
func (e *Engine) flood(w *Window) *Finding {
	if w.Flood.Requests < enoughFlood {
		return nil
	}
	clients := w.Flood.Clients()
	if clients == nil {
		return nil
	}
	slices.Sort(clients)
	f := &Finding{
		WindowStart: w.Start, WindowEnd: w.End, Reasons: w.Reasons, Account: w.Account, Clients: clients,
		Requests: w.Flood.Requests, FirstSeen: w.Flood.First, LastSeen: w.Flood.Last, FloodPages: w.Flood.Pages(), HistoryStart: w.firstRecord,
	}
	e.identify(f)
	return f
}

func (f *Flood) append(b []byte, p int64) []byte {
	b = codec.AppendInt(codec.AppendInt(codec.AppendInt(b, p), f.First), f.Last)
	b = codec.AppendText(codec.AppendUint(b, f.Requests), string(f.pages))
	b = codec.AppendUint(b, uint64(len(f.clients)))
	for _, c := range f.clients {
		b = codec.AppendUint(codec.AppendText(b, c.text), c.count)
	}
	return b
}

func (e *Engine) appendFloods(b []byte, panes []int64) []byte {
	for _, p := range panes {
		if pn := e.panes[p]; pn != nil && pn.flood != nil {
			b = pn.flood.append(append(b, sectionFlood), p)
		}
	}
	return b
}

func (e *Engine) applyFlood(d *decoder) {
	p := e.paneIndex(d)
	f := &Flood{First: d.time(), Last: d.time(), Requests: d.Uint(), pages: []byte(d.Text())}
	for range d.Count(2) {
		f.clients = append(f.clients, flooder{d.Text(), d.Uint()})
	}
	if len(f.pages) != 1<<floodBits || len(f.clients) > floodClients {
		d.Fail()
	}
	if d.Err == nil {
		e.pane(p).flood = f
	}
}
