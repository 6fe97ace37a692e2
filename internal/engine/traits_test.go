// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

func used(at time.Duration, method, referer string, status int, size int64) rule.Request {
	return rule.Request{
		Time: day.Add(at).UnixNano(), Path: "/up/a b.aspx", Method: method, Query: "-", Referer: referer,
		Host: "shop.example.com", Status: status, Bytes: size,
	}
}

func traitsOf(requests []rule.Request) Traits {
	var t Traits
	for i := range requests {
		t.add(&requests[i], originOf(&requests[i]))
	}
	return t
}

func TestTraits(t *testing.T) {
	got := traitsOf([]rule.Request{
		used(time.Hour, "GET", "-", 404, 0),
		used(time.Hour, "POST", "https://shop.example.com/up/A%20b.aspx?x=1", 200, 900),
		used(26*time.Hour, "POST", "https://shop.example.com/index.aspx", 500, 700),
		used(26*time.Hour, "GET", "https://shop.example.com/up/x/../A%20b.aspx/info", 304, 0),
		used(26*time.Hour, "GET", "https://other.example.net/up/a b.aspx", 304, 100),
	})
	first := dayOf(day.UnixNano())
	require.Equal(t, Traits{
		Days: []int32{first, first + 1}, Hours: 1<<1 | 1<<2, Sends: 2, Answered: 3, Failed: 2, OwnReferer: 2,
		Sized: 3, SentSized: 2, SmallestSent: 700, LargestSent: 900,
	}, got)
}

func TestTraitsDoNotDependOnOrderOrOnPanes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var all []rule.Request
		for range 1 + r.IntN(40) {
			all = append(all, used(time.Duration(r.IntN(900*24))*time.Hour, []string{"GET", "POST", "-"}[r.IntN(3)], "-", 200, int64(r.IntN(3))))
		}
		want := traitsOf(all)
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		at := r.IntN(len(all))
		a, b := traitsOf(all[:at]), traitsOf(all[at:])
		a.merge(&b)
		require.Equal(t, want, a)
		d := decoder{codec.Decoder{Rest: a.append(nil)}}
		require.Equal(t, want, d.traits())
		require.NoError(t, d.Err)
		require.Empty(t, d.Rest)
	}
}

// Groups of earlier states have no traits, and the oldest no spellings.
func TestFormsOfGroups(t *testing.T) {
	g := newGroup(&rule.Request{Time: 1, Path: "/A.aspx"}, []string{"/a.aspx"}, &bounds{})
	g.tally.path, g.tally.paths, g.tally.addresses = "/A.aspx", []string{"/A.aspx"}, []string{"203.0.113.1"}
	g.tally.traits = traitsOf([]rule.Request{used(time.Hour, "POST", "-", 200, 7)})
	b := g.append(nil)
	read := func(form byte, b []byte) *group {
		d := decoder{codec.Decoder{Rest: b}}
		defer func() { require.NoError(t, d.Err) }()
		return d.group(form)
	}
	require.Equal(t, g, read(storedUsed, b))
	more := read(storedMore, b)
	require.Equal(t, g.tally.spellings, more.tally.spellings)
	require.Empty(t, more.tally.traits)
	require.Empty(t, read(storedGroup, b).tally.paths)
}

func TestDaysAreBounded(t *testing.T) {
	var all []rule.Request
	for i := range 2 * maxDays {
		all = append(all, used(time.Duration(2*maxDays-i)*24*time.Hour, "GET", "-", 200, 0))
	}
	require.Len(t, traitsOf(all).Days, maxDays)
}

func TestRefererIsMissedOnlyWhereItWasLogged(t *testing.T) {
	var l refererDays
	logged := used(time.Hour, "GET", "https://shop.example.com/", 200, 0)
	logged.Site = "W3SVC1"
	l.add(&logged)
	l.add(&logged)
	g := &tally{sites: []site{{name: "W3SVC1"}}, traits: Traits{Days: []int32{dayOf(logged.Time)}}}
	require.True(t, l.all(g))
	g.traits.addDay(dayOf(logged.Time) + 1)
	require.False(t, l.all(g), "a day on which nothing says that referers were logged")
	g.sites[0].name, g.traits.Days = "W3SVC2", g.traits.Days[:1]
	require.False(t, l.all(g), "another site")
}
