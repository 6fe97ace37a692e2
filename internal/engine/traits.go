// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/page"
	"github.com/iishunt/iishunt/internal/rule"
)

const (
	maxDays = 400 // of a group that are told apart
	// maxRefererDays bounds the pairs of a site and a day of which it is known
	// that referers were logged; beyond it, nothing is said of the others.
	maxRefererDays = 1 << 16
	nanosPerHour   = 3600 * 1e9
)

// Traits are how a group was used: what a ranking asks, and no finding depends
// on. As everything in a tally, they are a function of the set of requests.
type Traits struct {
	Days         []int32 // UTC days since the Unix epoch with a request, sorted; the smallest maxDays
	Hours        uint32  // bit 0 is 00:00 to 01:00 UTC
	Sends        uint32  // requests with a method that sends something
	Answered     uint32  // with a status of 2xx or 304
	Failed       uint32  // with a status of 4xx or 5xx
	Queries      uint32  // with a query
	OwnReferer   uint32  // whose referer is the page itself
	Sized        uint32  // answers whose size was logged
	SentSized    uint32  // of these, answers to a request that sends something
	SmallestSent int64   // of the latter, in bytes
	LargestSent  int64
}

// reading are the methods that send nothing.
var reading = []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"}

func sends(method string) bool { return !rule.Absent(method) && !slices.Contains(reading, method) }

func (t *Traits) add(r *rule.Request, origin Origin) {
	t.addDay(dayOf(r.Time))
	t.Hours |= 1 << uint(floorDiv(r.Time, nanosPerHour)-24*int64(dayOf(r.Time)))
	sent := sends(r.Method)
	if sent {
		t.Sends++
	}
	switch {
	case r.Status >= 200 && r.Status < 300, r.Status == 304:
		t.Answered++
	case r.Status >= 400:
		t.Failed++
	}
	if !rule.Absent(r.Query) {
		t.Queries++
	}
	if origin != OriginNone && origin != OriginForeign && ownPage(r.Referer, r.Path) {
		t.OwnReferer++
	}
	if r.Bytes <= 0 {
		return
	}
	t.Sized++
	if sent {
		t.addSent(1, r.Bytes, r.Bytes)
	}
}

func dayOf(t int64) int32 { return int32(floorDiv(t, 24*nanosPerHour)) }

func (t *Traits) addDay(day int32) {
	if n := len(t.Days); n > 0 && t.Days[n-1] == day {
		return
	}
	if at, found := slices.BinarySearch(t.Days, day); !found && at < maxDays {
		t.Days = insertBounded(t.Days, at, day, maxDays)
	}
}

func (t *Traits) addSent(n uint32, smallest, largest int64) {
	if n == 0 {
		return
	}
	if t.SentSized == 0 {
		t.SmallestSent, t.LargestSent = smallest, largest
	}
	t.SentSized += n
	t.SmallestSent, t.LargestSent = min(t.SmallestSent, smallest), max(t.LargestSent, largest)
}

func (t *Traits) merge(o *Traits) {
	for _, day := range o.Days {
		t.addDay(day)
	}
	t.Hours |= o.Hours
	for i, n := range o.counts() {
		*t.counts()[i] += *n
	}
	t.addSent(o.SentSized, o.SmallestSent, o.LargestSent)
}

// counts are what merging adds up.
func (t *Traits) counts() [6]*uint32 {
	return [...]*uint32{&t.Sends, &t.Answered, &t.Failed, &t.Queries, &t.OwnReferer, &t.Sized}
}

// ownPage reports whether a referer is the page that was asked for, however each
// of them writes it.
func ownPage(referer, path string) bool {
	_, rest, ok := strings.Cut(referer, "://")
	if !ok {
		return false
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return path == "/"
	}
	rest = rest[slash:]
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	own := page.Of(path, true)
	if page.Of(rest, true) == own {
		return true
	}
	plain, err := url.PathUnescape(rest)
	return err == nil && plain != rest && page.Of(plain, true) == own
}

func (t *Traits) append(b []byte) []byte {
	b = codec.AppendUint(b, uint64(len(t.Days)))
	for _, day := range t.Days {
		b = codec.AppendInt(b, int64(day))
	}
	b = codec.AppendUint(b, uint64(t.Hours))
	for _, n := range t.counts() {
		b = codec.AppendUint(b, uint64(*n))
	}
	b = codec.AppendUint(b, uint64(t.SentSized))
	return codec.AppendInt(codec.AppendInt(b, t.SmallestSent), t.LargestSent)
}

func (d *decoder) traits() Traits {
	var t Traits
	for range d.Count(1) {
		day := d.Int()
		if day > math.MaxInt32 || day < math.MinInt32 {
			d.Fail()
			break
		}
		t.addDay(int32(day))
	}
	t.Hours = uint32(d.Uint())
	for _, n := range t.counts() {
		*n = uint32(d.Uint())
	}
	t.SentSized = uint32(d.Uint())
	t.SmallestSent, t.LargestSent = d.Int(), d.Int()
	return t
}

// refererDay is a site on a UTC day.
type refererDay struct {
	site string
	day  int32
}

// refererDays are those of which a matched request had a referer, since the
// start: there the column was logged. Engine.mu guards it.
type refererDays struct {
	known map[refererDay]struct{}
	last  refererDay // the newest that was found or added
}

func (l *refererDays) add(r *rule.Request) {
	if rule.Absent(r.Referer) {
		return
	}
	k := refererDay{r.Site, dayOf(r.Time)}
	if len(l.known) > 0 && k == l.last {
		return
	}
	if _, ok := l.known[k]; !ok {
		if len(l.known) == maxRefererDays {
			return
		}
		if l.known == nil {
			l.known = map[refererDay]struct{}{}
		}
		k.site = strings.Clone(k.site)
		l.known[k] = struct{}{}
	}
	l.last = k
}

// all reports whether on each of the days a site of the group logged referers.
func (l *refererDays) all(t *tally) bool {
	for _, day := range t.traits.Days {
		if !slices.ContainsFunc(t.sites, func(s site) bool {
			_, ok := l.known[refererDay{s.name, day}]
			return ok
		}) {
			return false
		}
	}
	return len(t.traits.Days) > 0
}
