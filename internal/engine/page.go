// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// pageClients is how many clients of a page are told apart.
const pageClients = 5

// visitors are those who asked for a URI (iis.page or url.path, as in group_by) in a pane, over
// all its groups: a rare browser on a busy page is not a rare page. Clients are what
// the rule counts. Engine.mu guards it while its pane takes records.
//
// Pages are kept where a group is less than a page. There are never more of them
// than of groups, so max_groups bounds them.
type visitors struct {
	clients []uint64 // half of their keys, sorted; none where there are many
	many    bool     // more than pageClients
	changed bool     // it is among the changes
}

// pageRef names a page of a pane.
type pageRef struct {
	pane int64
	uri  uint64
}

// PageClients says how many clients a page had in a window, over all groups.
type PageClients struct {
	Count int  // 0: it is not known
	More  bool // there were more than Count
}

// add reports whether the client is new.
func (p *visitors) add(client uint64) bool {
	if p.many {
		return false
	}
	at, found := slices.BinarySearch(p.clients, client)
	switch {
	case found:
		return false
	case len(p.clients) == pageClients:
		p.clients, p.many = nil, true
	default:
		p.clients = slices.Insert(p.clients, at, client)
	}
	return true
}

// addPage counts the client of a request for its page.
func (e *Engine) addPage(p int64, pn *pane, k rule.Key, r *rule.Request) {
	if e.uriAt < 0 {
		return
	}
	pg := pn.pages[k.URI()]
	switch {
	case pg == nil:
		if pn.pages == nil {
			pn.pages = map[uint64]*visitors{}
		}
		pg = &visitors{}
		pn.pages[k.URI()] = pg
	case pg.many:
		return
	}
	if pg.add(e.clientKey(r)) && e.following && !pg.changed {
		pg.changed = true
		e.changes.pages = append(e.changes.pages, pageRef{p, k.URI()})
	}
}

// clientKey is half of the key of a request's client, as clients are counted.
func (e *Engine) clientKey(r *rule.Request) uint64 {
	var room [64]byte
	c := e.bounds.client(r)
	b := room[:0]
	if c.addr.IsValid() {
		b = append(b, 0)
		b, _ = c.addr.AppendBinary(b) // never fails
	} else {
		b = append(append(b, 1), c.text...)
	}
	return e.seed.Key(b)[0]
}

// pageOf tells the clients of a finding's page.
func (e *Engine) pageOf(w *Window, k rule.Key, f *Finding) PageClients {
	if e.uriAt < 0 {
		if by := e.cfg.GroupBy; len(by) == 1 && (by[0] == attr.IISPage || by[0] == attr.URLPath) { // the group is the page
			return PageClients{Count: f.ClientCount()}
		}
		return PageClients{}
	}
	if e.overlaps() {
		return e.slide.visitors(k.URI(), e.paneOf(w.until-e.window))
	}
	pg := w.pane.pages[k.URI()]
	switch {
	case pg == nil: // of a former version's state
		return PageClients{}
	case pg.many:
		return PageClients{pageClients, true}
	default:
		return PageClients{Count: len(pg.clients)}
	}
}

// A page's number of clients in its stored form; this one stands for many.
const manyClients = 255

func (pn *pane) appendPage(b []byte, uri uint64) []byte {
	pg := pn.pages[uri]
	pg.changed = false
	return pg.append(b, uri)
}

func (p *visitors) append(b []byte, uri uint64) []byte {
	b = codec.AppendFixed(b, uri)
	if p.many {
		return append(b, manyClients)
	}
	b = append(b, byte(len(p.clients)))
	for _, c := range p.clients {
		b = codec.AppendFixed(b, c)
	}
	return b
}

func (pn *pane) appendPages(b []byte, p int64, uris []uint64) []byte {
	b = codec.AppendUint(codec.AppendInt(append(b, sectionPages), p), uint64(len(uris)))
	for _, uri := range uris {
		b = pn.appendPage(b, uri)
	}
	return b
}

func (e *Engine) appendChangedPages(b []byte) []byte {
	byPane := map[int64][]uint64{}
	for _, r := range e.changes.pages {
		byPane[r.pane] = append(byPane[r.pane], r.uri)
	}
	for p, uris := range byPane {
		if pn := e.panes[p]; pn != nil {
			b = pn.appendPages(b, p, uris)
		}
	}
	return b
}

// snapshotPages writes the pages of a pane in parts of about partSize bytes, as
// snapshotPane does the groups.
func (e *Engine) snapshotPages(p int64, pn *pane, partSize int, write func(func() []byte) error) error {
	var uris []uint64
	part := func() error {
		err := write(func() []byte {
			e.mu.Lock()
			defer e.mu.Unlock()
			return pn.appendPages(nil, p, uris)
		})
		uris = uris[:0]
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for uri := range pn.pages {
		if uris = append(uris, uri); len(uris) <= partSize/pageSize {
			continue
		}
		e.mu.Unlock()
		err := part()
		e.mu.Lock()
		if err != nil {
			return err
		}
	}
	if len(uris) == 0 {
		return nil
	}
	e.mu.Unlock()
	defer e.mu.Lock()
	return part()
}

func (e *Engine) applyPages(d *decoder) {
	p := e.paneIndex(d)
	for range d.Count(9) {
		uri, n := d.Fixed(), d.Byte()
		pg := &visitors{many: n == manyClients}
		switch {
		case pg.many:
		case n > pageClients:
			d.Fail()
		default:
			for range n {
				pg.clients = append(pg.clients, d.Fixed())
			}
			slices.Sort(pg.clients)
		}
		if d.Err != nil {
			return
		}
		pn := e.pane(p)
		if pn.pages == nil {
			pn.pages = map[uint64]*visitors{}
		}
		pn.pages[uri] = pg
	}
}
