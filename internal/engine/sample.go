// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// Sample is one request kept as evidence.
type Sample struct {
	Time    int64 // nanoseconds since the Unix epoch
	Client  string
	Path    string // where it is not the page
	Method  string
	Query   string
	Referer string
	User    string
	File    string
	Bytes   int64
	Status  int32
	Origin  Origin
}

// Origin tells what the referer says about where a request came from.
type Origin uint8

// The origins.
const (
	// OriginUnknown: there is a referer, but not the host name that was asked for.
	OriginUnknown Origin = iota
	// OriginOwn: the referer is a page of the host asked for.
	OriginOwn
	// OriginNone: no referer. Whoever types an address or runs a tool sends none.
	OriginNone
	// OriginForeign: the referer is a page of another host.
	OriginForeign
)

// hasPath marks the stored origin of a sample that has a path.
const hasPath = 1 << 7

// originOf compares the host of the referer with the host asked for.
func originOf(r *rule.Request) Origin {
	if rule.Absent(r.Referer) {
		return OriginNone
	}
	host := refererHost(r.Referer)
	switch {
	case !rule.Absent(r.Host) && strings.EqualFold(host, r.Host), !rule.Absent(r.Server) && host == r.Server:
		return OriginOwn
	case rule.Absent(r.Host):
		return OriginUnknown
	default:
		return OriginForeign
	}
}

// refererHost is the host name in a URL, without port; "" where there is none.
func refererHost(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if strings.HasPrefix(rest, "[") { // an IPv6 address
		host, _, _ := strings.Cut(rest[1:], "]")
		return host
	}
	host, _, _ := strings.Cut(rest, ":")
	return host
}

// compare orders samples by time. It is total: equal samples are the same.
func (s *Sample) compare(o *Sample) int {
	if s.Time != o.Time {
		return cmp.Compare(s.Time, o.Time)
	}
	return cmp.Or(
		strings.Compare(s.Client, o.Client), strings.Compare(s.Path, o.Path),
		strings.Compare(s.Method, o.Method), strings.Compare(s.Query, o.Query),
		strings.Compare(s.Referer, o.Referer), strings.Compare(s.User, o.User),
		strings.Compare(s.File, o.File), cmp.Compare(s.Status, o.Status), cmp.Compare(s.Bytes, o.Bytes),
		cmp.Compare(s.Origin, o.Origin))
}

// weight says how much a request tells, most important first: it sends
// something, it did not come from a page of the site, it has a query.
func (s *Sample) weight() int {
	w := 0
	if !rule.Absent(s.Method) && s.Method != "GET" && s.Method != "HEAD" {
		w |= 4
	}
	if s.Origin >= OriginNone {
		w |= 2
	}
	if !rule.Absent(s.Query) {
		w |= 1
	}
	return w
}

// telling orders samples, the most telling first: by weight, then the larger
// response, then the earlier.
func (s *Sample) telling(o *Sample) int {
	if c := cmp.Or(cmp.Compare(o.weight(), s.weight()), cmp.Compare(o.Bytes, s.Bytes)); c != 0 {
		return c
	}
	return s.compare(o)
}

// samples is a bounded set in order of time: the earliest half of the bound
// (rounded up), and of the others the most telling. What is left of a set does
// not depend on the order of additions, nor on sets merged before.
type samples []Sample

// add adds s, of which it keeps copies of the texts, unless it is there
// already, and drops what is then past the bound.
func (l samples) add(s *Sample, bound int) samples {
	at, found := slices.BinarySearchFunc(l, s, func(a Sample, b *Sample) int { return a.compare(b) })
	if found || bound == 0 {
		return l
	}
	if len(l) < bound {
		return slices.Insert(l, at, s.owned())
	}
	first := (bound + 1) / 2
	if at >= first { // its place is decided by weight, not by time
		worst := l.leastTelling(first)
		if worst < 0 || s.telling(&l[worst]) >= 0 {
			return l
		}
		l = slices.Delete(l, worst, worst+1)
		if worst < at {
			at--
		}
		return slices.Insert(l, at, s.owned())
	}
	l = slices.Insert(l, at, s.owned())
	worst := l.leastTelling(first)
	return slices.Delete(l, worst, worst+1)
}

// leastTelling returns the index from first on that goes before others, -1 if
// there is none.
func (l samples) leastTelling(first int) int {
	worst := -1
	for i := first; i < len(l); i++ {
		if worst < 0 || l[i].telling(&l[worst]) > 0 {
			worst = i
		}
	}
	return worst
}

// owned returns a copy that shares no memory with the record.
func (s *Sample) owned() Sample {
	c := *s
	for _, text := range []*string{&c.Client, &c.Path, &c.Method, &c.Query, &c.Referer, &c.User, &c.File} {
		*text = strings.Clone(*text)
	}
	return c
}

// sampleOf is a request as evidence, its texts cut but not copied.
func sampleOf(r *rule.Request, o Origin) Sample {
	return Sample{
		Time: r.Time, Client: r.Client, Method: cut(r.Method, maxMethod), Query: cut(r.Query, maxSample),
		Referer: cut(r.Referer, maxSample), User: cut(r.User, maxSample), File: cut(r.File, maxSample),
		Status: int32(r.Status), Bytes: r.Bytes, Origin: o,
	}
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
		if s.Path == "" {
			b = append(b, byte(s.Origin))
		} else {
			b = codec.AppendText(append(b, byte(s.Origin)|hasPath), s.Path)
		}
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
		if s := &l[len(l)-1]; s.Origin&hasPath != 0 {
			s.Origin, s.Path = s.Origin&^hasPath, d.Text()
		}
	}
	return l
}
