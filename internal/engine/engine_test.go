// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/iishunt/iishunt/internal/rule"
)

const ua = "Mozilla/5.0"

func evaluateAll(e *Engine) []*Finding {
	var out []*Finding
	for {
		w, ok := e.Next()
		if !ok {
			return out
		}
		f, _ := e.Evaluate(&w)
		out = append(out, f...)
	}
}

// find commits requests of one file and returns the findings.
func find(cfg rule.Config, ruleID string, seed rule.Seed, records ...rule.Request) []*Finding {
	e := New(cfg, ruleID, seed)
	now := day.Add(1000 * time.Hour).UnixNano()
	s := step{source: 1}
	for i := range records {
		s.records = append(s.records, &records[i])
	}
	commitLines(e, now, s)
	e.Tick(now + int64(time.Hour))
	return evaluateAll(e)
}

func TestDetectionID(t *testing.T) {
	a := at(time.Minute, "/a.aspx", "203.0.113.1")
	base := find(hourly(), "rule", rule.NewSeed(), a)[0].ID
	otherCase := a
	otherCase.Path = "/A.ASPX"
	for _, tt := range []struct {
		name string
		id   string
		same bool
	}{
		{"another engine, hence another seed", find(hourly(), "rule", rule.NewSeed(), a)[0].ID, true},
		{"more requests of the same client", find(hourly(), "rule", rule.NewSeed(), a, at(2*time.Minute, "/a.aspx", "203.0.113.1"))[0].ID, true},
		{"another spelling of the path", find(hourly(), "rule", rule.NewSeed(), otherCase)[0].ID, true},
		{"another rule", find(hourly(), "rule2", rule.NewSeed(), a)[0].ID, false},
		{"another path", find(hourly(), "rule", rule.NewSeed(), at(time.Minute, "/b.aspx", "203.0.113.1"))[0].ID, false},
		{"another client", find(hourly(), "rule", rule.NewSeed(), at(time.Minute, "/a.aspx", "203.0.113.2"))[0].ID, false},
		{"another window", find(hourly(), "rule", rule.NewSeed(), at(time.Hour, "/a.aspx", "203.0.113.1"))[0].ID, false},
	} {
		if (tt.id == base) != tt.same {
			t.Errorf("%s: same id %v, want %v", tt.name, tt.id == base, tt.same)
		}
	}
	if len(base) != 32 {
		t.Errorf("id %q; want 128 bits in hexadecimal", base)
	}
}

func TestTwoSpellingsOfAnAddressAreOneClient(t *testing.T) {
	got := find(hourly(), "rule", rule.NewSeed(), at(1, "/a.aspx", "2001:DB8::1"), at(2, "/a.aspx", "2001:db8:0::1"))
	if len(got) != 1 || !slices.Equal(got[0].Clients, []string{"2001:DB8::1"}) {
		t.Errorf("%+v", got)
	}
	got = find(hourly(), "rule", rule.NewSeed(), at(1, "/a.aspx", "203.0.113.1"), at(2, "/a.aspx", "::ffff:203.0.113.1"))
	if len(got) != 1 || !slices.Equal(got[0].Clients, []string{"203.0.113.1"}) {
		t.Errorf("IPv4-mapped: %+v", got)
	}
}

func TestWhatAnAttackerWritesIsBounded(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	a := at(1, "/"+long+".aspx", "203.0.113.1")
	a.Query, a.Referer, a.User, a.File = long, long, long, long
	a.UserAgent = "Mozilla" + strings.Repeat("é", 32<<10)
	b := a
	b.Path = "/" + long + "y.aspx" // differs after the cut only
	got := find(hourly(), "rule", rule.NewSeed(), a, b)
	if len(got) != 2 || got[0].Values[0] == got[1].Values[0] || got[0].ID == got[1].ID {
		t.Fatalf("two long paths became one: %d findings", len(got))
	}
	for _, f := range got {
		s := f.Samples[0]
		for _, text := range append(f.Values, s.Query, s.Referer, s.User, s.File) {
			if len(text) > maxValue+64 {
				t.Errorf("a text of %d bytes was kept", len(text))
			}
		}
		if !utf8.ValidString(f.Values[1]) {
			t.Errorf("cut in the middle of a rune: %q", f.Values[1][maxValue-4:])
		}
	}
}

func TestHostsSitesAndServersAreBoundedWhateverTheOrder(t *testing.T) {
	var records []rule.Request
	for i := range 3 * maxSites {
		r := at(time.Duration(i), "/a.aspx", "203.0.113.1")
		r.Host, r.Site, r.Server = fmt.Sprintf("h%04d", i), fmt.Sprintf("s%04d", i), fmt.Sprintf("198.51.%d.%d", i/256, i%256)
		records = append(records, r)
	}
	forward := find(hourly(), "rule", rule.NewSeed(), records...)[0]
	slices.Reverse(records)
	backward := find(hourly(), "rule", rule.NewSeed(), records...)[0]
	if len(forward.Hosts) != maxNames || len(forward.Sites) != maxSites || len(forward.Servers) != maxNames {
		t.Errorf("%d hosts, %d sites, %d servers", len(forward.Hosts), len(forward.Sites), len(forward.Servers))
	}
	for _, f := range []*Finding{forward, backward} {
		f.key, f.group = rule.Key{}, rule.Key{} // of two engines, hence two seeds
	}
	if fmt.Sprint(*forward) != fmt.Sprint(*backward) {
		t.Errorf("order matters:\n%v\n%v", *forward, *backward)
	}
}

func TestSuppression(t *testing.T) {
	c := hourly()
	c.SuppressFor = 3 * time.Hour
	var records []rule.Request
	for h := range 8 {
		records = append(records, at(time.Duration(h)*time.Hour, "/a.aspx", "203.0.113.1"))
	}
	records = append(records, at(90*time.Minute, "/b.aspx", "203.0.113.1"), at(150*time.Minute, "/b.aspx", "203.0.113.2"))
	var got []string
	for _, f := range find(c, "rule", rule.NewSeed(), records...) {
		got = append(got, fmt.Sprint(f.Values[0], " ", time.Unix(0, f.WindowStart).UTC().Hour(), " ", f.Clients))
	}
	want := []string{
		"/a.aspx 0 [203.0.113.1]",
		"/b.aspx 1 [203.0.113.1]",
		"/b.aspx 2 [203.0.113.2]", // another client is another finding
		"/a.aspx 3 [203.0.113.1]", // three hours later it is repeated
		"/a.aspx 6 [203.0.113.1]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnIncompleteFindingDoesNotSuppressTheCompleteOne(t *testing.T) {
	s := newSuppression(time.Hour, 10)
	k := rule.Key{1}
	for i, tt := range []struct {
		complete, suppressed bool
		reason               string
	}{
		{false, false, "the first"},
		{false, true, "nothing new"},
		{true, false, "now it is sure"},
		{true, true, "nothing new"},
		{false, true, "less sure than what was told"},
	} {
		if got := s.suppress(k, int64(i), tt.complete); got != tt.suppressed {
			t.Errorf("%d, complete %v: suppressed %v: %s", i, tt.complete, got, tt.reason)
		}
	}
}

func TestSuppressionIsBounded(t *testing.T) {
	s := newSuppression(time.Hour, 3)
	for i := range 10 {
		if s.suppress(rule.Key{uint64(i)}, 0, true) {
			t.Fatalf("%d is new", i)
		}
	}
	if len(s.last) > 3 || len(s.order) > 3 {
		t.Errorf("remembers %d of 3", len(s.last))
	}
	if !s.suppress(rule.Key{9}, 1, true) || s.suppress(rule.Key{0}, 1, true) {
		t.Error("the newest must be remembered, the oldest forgotten")
	}
}

// A flood of URIs past max_groups: nothing more is kept, what was known before
// goes on, and each finding says what may be missing.
func TestAFloodOfURIsStaysBounded(t *testing.T) {
	const known, flood = 1000, 200_000
	c := hourly()
	c.MaxGroups = known
	e := New(c, "rule", rule.NewSeed())
	now := day.UnixNano()
	b := e.NewBatch()
	request := func(path string, client int) {
		r := at(time.Minute, path, fmt.Sprintf("203.0.113.%d", client))
		b.Add(&r, []string{r.Path, r.UserAgent})
	}
	begin := func() { b.Reset(now); b.Source("file") }
	begin()
	for i := range known {
		request(fmt.Sprintf("/known%d.aspx", i), 1)
	}
	e.Commit(b, now)
	grown := heap(func() any {
		for first := 0; first < flood; first += 1000 {
			begin()
			for i := first; i < first+1000; i++ {
				request(fmt.Sprintf("/flood%d.aspx", i), 7)
			}
			e.Commit(b, now)
		}
		return e
	})
	if grown > 1<<20 {
		t.Errorf("%d URIs over max_groups cost %.0f bytes", flood, grown)
	}
	begin()
	for i := range known / 2 {
		request(fmt.Sprintf("/known%d.aspx", i), 2) // settles half of them
	}
	e.Commit(b, now)
	if s := e.Stats(); s.Groups != known || s.OpenGroups != known/2 || s.Lost[ReasonMaxGroups] != flood {
		t.Errorf("%d groups, %d open, %d lost", s.Groups, s.OpenGroups, s.Lost[ReasonMaxGroups])
	}
	e.Tick(now + int64(2*time.Hour))
	found := evaluateAll(e)
	if len(found) != known/2+1 {
		t.Fatalf("%d findings, want %d and the flood", len(found), known/2)
	}
	if f := found[0]; f.Requests != flood || f.FloodPages < flood*95/100 || f.FloodPages > flood || !slices.Equal(f.Clients, []string{"203.0.113.7"}) {
		t.Errorf("the flood: %d requests for %d pages by %q", f.Requests, f.FloodPages, f.Clients)
	}
	for _, f := range found[1:] {
		if !strings.HasPrefix(f.Values[0], "/known") || !f.Reasons.Has(ReasonMaxGroups) {
			t.Fatalf("%s: %v", f.Values[0], f.Reasons.Strings())
		}
	}
}

// Long texts take the room of several groups, so that max_groups bounds memory
// whatever an attacker writes; a settled group and an evaluated pane give it back.
func TestLongTextsTakeMoreRoom(t *testing.T) {
	c := hourly()
	c.MaxGroups = 100
	e := New(c, "rule", rule.NewSeed())
	now := day.UnixNano()
	send := func(client string) {
		b := e.NewBatch()
		b.Reset(now)
		b.Source("file")
		for i := range 1000 {
			r := at(time.Minute, fmt.Sprintf("/flood%d.aspx", i), client)
			r.Query, r.Referer = strings.Repeat("q", 64<<10), strings.Repeat("r", 64<<10)
			b.Add(&r, []string{r.Path, r.UserAgent})
		}
		e.Commit(b, now)
	}
	send("203.0.113.1")
	if s := e.Stats(); s.Groups != 33 || e.room != 99 || s.Lost[ReasonMaxGroups] != 967 {
		t.Errorf("%d groups take the room of %d, %d lost", s.Groups, e.room, s.Lost[ReasonMaxGroups])
	}
	send("203.0.113.2") // settles those; and as many others find room again
	if s := e.Stats(); s.Groups-s.OpenGroups != 33 || e.room > 100 || e.room != s.Groups+2*s.OpenGroups {
		t.Errorf("%d groups, %d open, take the room of %d", s.Groups, s.OpenGroups, e.room)
	}
	e.Tick(now + int64(2*time.Hour))
	evaluateAll(e)
	if s := e.Stats(); s.Groups != 0 || e.room != 0 {
		t.Errorf("after the window %d groups take the room of %d", s.Groups, e.room)
	}
}

func TestMaxGroupsKeepsSettledGroups(t *testing.T) {
	c := hourly()
	c.MaxGroups = 2
	got, _ := outcome(t, c, lines(1, ptr(at(0, "/a.aspx", "203.0.113.1")), ptr(at(1, "/a.aspx", "203.0.113.2")), // settled
		ptr(at(2, "/b.aspx", "203.0.113.1")), ptr(at(3, "/flood.aspx", "203.0.113.3")), ptr(at(4, "/a.aspx", "203.0.113.1"))))
	if want := []string{"/b.aspx 02 00:00 [max_groups]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: the settled group must not come back", got, want)
	}
}

// A stage is named as the blocker only when nothing passed it.
func TestFunnel(t *testing.T) {
	f := Funnel{Dropped: [rule.NumStages]uint64{100, 20, 0, 7, 0}}
	if s, n, ok := f.Blocker(); !ok || s != rule.StagePrivateServer || n != 7 {
		t.Errorf("%v %d %v", s, n, ok)
	}
	f.Matched = 1
	if _, _, ok := f.Blocker(); ok {
		t.Error("one matched")
	}
	if _, _, ok := (&Funnel{}).Blocker(); ok {
		t.Error("nothing came")
	}
}

func TestFloorDiv(t *testing.T) {
	for _, tt := range [][3]int64{{7, 3, 2}, {6, 3, 2}, {0, 3, 0}, {-1, 3, -1}, {-3, 3, -1}, {-4, 3, -2}} {
		if got := floorDiv(tt[0], tt[1]); got != tt[2] {
			t.Errorf("floorDiv(%d, %d) = %d", tt[0], tt[1], got)
		}
	}
}

func TestRecordsBefore1970(t *testing.T) {
	r := at(0, "/a.aspx", "203.0.113.1")
	r.Time = -1
	got := find(hourly(), "rule", rule.NewSeed(), r)
	if len(got) != 1 || got[0].WindowEnd != 0 || got[0].WindowStart != -int64(time.Hour) {
		t.Errorf("%+v", got)
	}
}
