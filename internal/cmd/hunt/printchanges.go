// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/iishunt/iishunt/internal/report"
)

// printChanges prints what a new rule finds more, less and elsewhere than an old one.
func printChanges(out io.Writer, older, newer *report.Document, old string, top int) {
	gained, lost, moved := changes(older, newer)
	fmt.Fprintf(out, "\nAgainst %s: %s gained, %s lost, %s at another rank.\n", old,
		plural(int64(len(gained)), "page"), number(int64(len(lost))), number(int64(len(moved))))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, list := range []struct {
		name string
		all  []change
	}{{"gained", gained}, {"lost", lost}, {"moved", moved}} {
		for _, c := range list.all[:min(top, len(list.all))] {
			fmt.Fprintf(w, "%s\t%s\t%s\t-> %s\n", list.name, cell(c.page), c.from, c.to)
		}
		if more := len(list.all) - top; more > 0 {
			fmt.Fprintf(w, "%s\t... and %s\t\t\n", list.name, plural(int64(more), "more page"))
		}
	}
	_ = w.Flush() // what out does not take, it has not taken before
	for _, missing := range older.Missing() {
		fmt.Fprintf(out, "The old rule's findings are incomplete: %s\n", missing)
	}
}

func (p place) String() string {
	if p.rank == 0 {
		return "not found"
	}
	return fmt.Sprintf("rank %d, %s", p.rank, p.level)
}
