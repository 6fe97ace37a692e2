// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"

	"github.com/iishunt/iishunt/internal/rule"
)

func TestOutboxIsBounded(t *testing.T) {
	e := New(rule.DefaultConfig(), "rule", rule.NewSeed())
	e.outbox.add(make([]*Finding, maxWaiting-1))
	if got := e.outbox.add(make([]*Finding, 5)); len(got) != 1 {
		t.Errorf("%d had room", len(got))
	}
	if n := len(e.Waiting(1000)); n != 1000 {
		t.Errorf("%d wait, of the first 1000", n)
	}
	for n := len(e.Waiting(1000)); n > 0; n = len(e.Waiting(1000)) {
		e.Delivered(n)
	}
	if got := e.outbox.add(make([]*Finding, 1)); len(got) != 1 || e.Stats().Waiting != 0 {
		t.Errorf("%d had room, %d wait", len(got), e.Stats().Waiting)
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
	e.outbox.add(findings)
	e.Delivered(2)
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
