// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "testing"

func TestStretchesAreBoundedAndForgetNothingThatMatters(t *testing.T) {
	lost := Reasons(0).With(ReasonParseError)
	var l lossRanges
	for i := range int64(10 * maxLossRanges) {
		l = l.add(lossRange{10 * i, 10*i + 5, lost}, 0)
	}
	if len(l) != maxLossRanges {
		t.Errorf("%d are kept", len(l))
	}
	for i := range int64(10 * maxLossRanges) {
		if l.reasons(10*i+5, 10*i+6) != lost {
			t.Fatalf("range %d is forgotten", i)
		}
	}
	if l.reasons(6, 10) != 0 {
		t.Error("between two lossRanges nothing was lost")
	}
	if l = l.add(lossRange{1 << 40, 1 << 41, lost}, 1<<40); len(l) != 1 {
		t.Errorf("%d are kept of which no window to come can tell", len(l))
	}
}
