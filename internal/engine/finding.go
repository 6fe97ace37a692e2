// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

// Finding is a group with few enough clients in a window.
type Finding struct {
	ID          string // of rule, group, window and clients: the same wherever it is computed
	WindowStart int64  // nanoseconds since the Unix epoch, as all times here
	WindowEnd   int64
	Values      []string // of group_by, as spelled in the earliest request
	Page        string   // where group_by has iis.page, as the two below
	Path        string   // of the earliest request
	Paths       []string // by which the page was asked for, the smallest 32, sorted
	Clients     []string // their addresses, sorted; all, or where one has several, the smallest 32 and one of each client
	Counted     []string // the clients: their networks, or what else is counted, sorted; nil where each is one of Clients
	Networks    []string // of Counted, those that are networks, sorted
	Sites       []string // sorted
	Hosts       []string // sorted
	Servers     []string // sorted
	Requests    uint64
	FirstSeen   int64    // the query's StartTime
	LastSeen    int64    // the last request; under sentinel the query's EndTime
	Methods     []string // sorted
	NoReferer   uint64   // requests without a referer
	Foreign     uint64   // requests with a referer of another host
	Samples     []Sample // in order of time
	Novelty     Novelty
	// HistoryStart is the event time from which on earlier requests are remembered.
	HistoryStart int64
	Reasons      Reasons
	Account      eventtime.Account // of its window
	// FloodPages is not 0 where this is no group but a flood: about how many pages
	// the Clients asked for, with Requests, for which max_groups left no room.
	FloodPages uint64
	Traits
	PageClients PageClients // who asked for the page, over all groups
	// RefererLogged: on every day of the finding its site logged referers.
	RefererLogged bool

	key     rule.Key // of rule, group and clients: the same in every window
	group   rule.Key
	clients []client
	said    told
}

// ClientCount is how many clients the finding has.
func (f *Finding) ClientCount() int {
	if f.Counted != nil {
		return len(f.Counted)
	}
	return len(f.Clients)
}

// Identities are the texts that tell the clients from others.
func (f *Finding) Identities() []string {
	if f.Counted != nil {
		return f.Counted
	}
	return f.Clients
}

// compare orders findings: the most telling first, then the earliest.
func (f *Finding) compare(o *Finding) int {
	if c := cmp.Compare(o.said.score, f.said.score); c != 0 {
		return c
	}
	if c := cmp.Compare(f.FirstSeen, o.FirstSeen); c != 0 {
		return c
	}
	if c := slices.Compare(f.Values, o.Values); c != 0 {
		return c
	}
	return strings.Compare(f.ID, o.ID)
}

// Novelty tells whether the URI of a finding (its group, where url.path is not
// in group_by) was requested before the window.
type Novelty uint8

// The novelties.
const (
	// NoveltyUnknown: nothing is remembered from before the window.
	NoveltyUnknown Novelty = iota
	// NoveltyNew: no earlier request is remembered.
	NoveltyNew
	// NoveltyKnown: there was an earlier request.
	NoveltyKnown
)

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
	b = samples(f.Samples).append(b)
	b = appendTexts(appendTexts(b, f.Counted), f.Networks)
	return appendTexts(codec.AppendText(codec.AppendText(b, f.Page), f.Path), f.Paths)
}

func (d *decoder) finding(section byte) *Finding {
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
	if section == sectionFindings2 {
		f.Counted, f.Networks = d.texts(), d.texts()
		f.Page, f.Path, f.Paths = d.Text(), d.Text(), d.texts()
	}
	return f
}

func appendFindings(b []byte, findings []*Finding) []byte {
	if len(findings) == 0 {
		return b
	}
	b = codec.AppendUint(append(b, sectionFindings2), uint64(len(findings)))
	for _, f := range findings {
		b = f.append(b)
	}
	b = codec.AppendUint(append(b, sectionTraits), uint64(len(findings)))
	for _, f := range findings {
		b = codec.AppendBool(f.Traits.append(codec.AppendText(b, f.ID)), f.RefererLogged)
		b = codec.AppendBool(codec.AppendUint(b, uint64(f.PageClients.Count)), f.PageClients.More)
	}
	for _, f := range findings {
		if f.FloodPages > 0 {
			b = codec.AppendUint(codec.AppendText(append(b, sectionFloods, 1), f.ID), f.FloodPages)
		}
	}
	b = codec.AppendUint(append(b, sectionAccounts), uint64(len(findings)))
	for _, f := range findings {
		b = append(codec.AppendText(b, f.ID), byte(f.Account.ClosedBy))
		b = codec.AppendUint(codec.AppendUint(b, uint64(f.Account.Senders)), uint64(f.Account.Missing))
		b = appendTexts(b, f.Account.Behind)
	}
	return b
}
