// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"io"
	"testing"

	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/report/reporttest"
)

// BenchmarkWrite is what one write of a full report costs.
func BenchmarkWrite(b *testing.B) {
	s := report.NewStore(10_000)
	for _, d := range reporttest.Many(10_000) {
		s.Add(d)
	}
	for b.Loop() {
		if err := s.Document("", "", now).WriteHTML(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAddFull is what a detection costs when the report is full, with its
// share of the ranking that follows now and then.
func BenchmarkAddFull(b *testing.B) {
	s := report.NewStore(10_000)
	many := reporttest.Many(100_000)
	for _, d := range many[:10_000] {
		s.Add(d)
	}
	for i := 0; b.Loop(); i++ {
		d := *many[i%len(many)]
		s.Add(&d)
	}
}
