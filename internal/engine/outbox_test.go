// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// What nobody will ever take was not told: it is told with the next window, also
// after a restart, and though others of its window stay quiet.
func TestWhatIsLostIsNotRememberedAsTold(t *testing.T) {
	cfg := hourly()
	cfg.SuppressFor = 24 * time.Hour
	e := New(cfg, "rule", rule.Seed{1, 2})
	e.Follow(func([]byte) {})
	visit := func(e *Engine, hour int) []*Finding {
		var s step
		now := day.Add(time.Duration(hour+1) * time.Hour).UnixNano()
		for i, path := range []string{"/told.aspx", "/lost.aspx"} {
			r := at(time.Duration(hour)*time.Hour+time.Duration(i), path, "203.0.113.1")
			s.records = append(s.records, &r)
		}
		s.source = 1
		commitLines(e, now, s)
		e.Tick(now + int64(time.Hour))
		return evaluateAll(e)
	}
	e.MarkAll(day.Add(1000*time.Hour).UnixNano(), ReasonConfigChanged) // all are equally incomplete
	if n := len(visit(e, 0)); n != 2 {
		t.Fatalf("%d findings", n)
	}
	e.Delivered(2, []int{1})
	snapshot := New(cfg, "rule", rule.Seed{1, 2})
	if err := e.Snapshot(1<<20, func(encode func() []byte) error { return snapshot.Apply(encode()) }); err != nil {
		t.Fatal(err)
	}
	changes := New(cfg, "rule", rule.Seed{1, 2})
	if err := changes.Apply(e.TakeChanges()); err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]*Engine{"running": e, "from changes": changes, "from a snapshot": snapshot} {
		if got := visit(e, 2); len(got) != 1 || got[0].Values[0] != "/lost.aspx" {
			t.Errorf("%s: %d findings, want that of /lost.aspx alone", name, len(got))
		}
	}
}

func TestTheMostTellingGoesFirst(t *testing.T) {
	e := New(hourly(), "rule", rule.Seed{1, 2})
	e.SetScore(func(f *Finding) int { return len(f.Values[0]) })
	now := day.Add(1000 * time.Hour).UnixNano()
	s := step{source: 1}
	for i, path := range []string{"/a.aspx", "/b.aspx", "/shell.aspx"} {
		r := at(time.Duration(i), path, "203.0.113.1")
		s.records = append(s.records, &r)
	}
	commitLines(e, now, s)
	e.Tick(now + int64(time.Hour))
	evaluateAll(e)
	var got []string
	for _, f := range e.Waiting(9) {
		got = append(got, f.Values[0])
	}
	if want := []string{"/shell.aspx", "/a.aspx", "/b.aspx"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A bound that holds all that is told evicts nothing of it.
func TestSuppressionAtItsBoundRepeatsNothing(t *testing.T) {
	s := newSuppression(time.Hour, 2)
	for at := range int64(3) {
		for k := range uint64(2) {
			if repeated := s.suppress(rule.Key{k}, at, true); repeated != (at > 0) {
				t.Errorf("key %d at %d: repeated %v", k, at, repeated)
			}
		}
	}
}

// Where the findings of one window cannot be read, those of another are not
// taken for delivered in their place.
func TestDeliveredFindingsAreNamed(t *testing.T) {
	e := New(rule.DefaultConfig(), "rule", rule.Seed{1, 2})
	e.Follow(nil)
	var findings []*Finding
	for i := range 4 {
		findings = append(findings, &Finding{ID: fmt.Sprint(i)})
	}
	e.outbox = slices.Clone(findings)
	e.Delivered(2, nil)
	restored := New(rule.DefaultConfig(), "rule", rule.Seed{1, 2})
	if err := restored.Apply(appendFindings(nil, findings[1:])); err != nil { // the first is damaged
		t.Fatal(err)
	}
	if err := restored.Apply(e.TakeChanges()); err != nil {
		t.Fatal(err)
	}
	if got := restored.Waiting(9); len(got) != 2 || got[0].ID != "2" || got[1].ID != "3" {
		t.Errorf("%d wait, %+v", len(got), got)
	}
}
