// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import "testing"

func TestOutboxIsBounded(t *testing.T) {
	e := New(DefaultConfig(), "rule", NewSeed())
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
