// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command rank judges the ranking: on invented backgrounds that nobody attacks
// it plays stories of attacks, hunts as config/hunt.yaml does, and writes at which
// rank a person finds each, and what each signal adds, into docs/ranking.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/rank"
	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/traffic"
)

func main() {
	doc := flag.String("doc", "docs/ranking.md", "the page whose tables are written")
	verbose := flag.Bool("v", false, "print the most telling findings of each background")
	flag.Parse()
	if err := run(*doc, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "rank:", err)
		os.Exit(1)
	}
}

func run(doc string, verbose bool) error {
	h, err := newHunter()
	if err != nil {
		return err
	}
	var results []*result
	for _, w := range worlds {
		r, err := judge(h, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		results = append(results, r)
		if verbose {
			r.print()
		}
	}
	old, err := os.ReadFile(doc)
	if err != nil {
		return err
	}
	text, err := fill(string(old), results)
	if err != nil {
		return err
	}
	return os.WriteFile(doc, []byte(text), 0o644) //nolint:gosec // a page of the documentation
}

// result is what came of a background.
type result struct {
	world    *world
	lines    int
	benign   *report.Document
	alone    map[string]*report.Document // by story
	together *report.Document
	pages    map[string]string // of each story
	ordinary map[string]bool   // pages of the background that are findings
}

func judge(h *hunter, w *world) (*result, error) {
	l := newLog(w, "background")
	w.fill(l)
	r := &result{world: w, lines: len(l.lines), alone: map[string]*report.Document{}, pages: map[string]string{}, ordinary: map[string]bool{}}
	var err error
	if r.benign, err = h.hunt(l.sorted()); err != nil {
		return nil, err
	}
	for _, f := range r.benign.Findings {
		r.ordinary[strings.ToLower(f.Path)] = true
	}
	var every []traffic.Request
	for _, s := range slices.Concat(tuning, judging) {
		a := newLog(w, s.name)
		r.pages[s.name] = s.on(a)
		every = append(every, a.lines...)
		one := &log{lines: slices.Concat(l.lines, a.lines)}
		if r.alone[s.name], err = h.hunt(one.sorted()); err != nil {
			return nil, err
		}
	}
	r.together, err = h.hunt((&log{lines: slices.Concat(l.lines, every)}).sorted())
	return r, err
}

// rankOf is the place of a page, from 1; 0 if it is not there. Without a signal's
// points, where one is named.
func rankOf(doc *report.Document, page, without string) int {
	return 1 + slices.IndexFunc(doc.Without(without), func(f *report.Finding) bool { return strings.EqualFold(f.Path, page) })
}

// noise is how many findings are moderate or better.
func noise(doc *report.Document, without string) (n int) {
	for _, f := range doc.Without(without) {
		if f.Level != rank.Weak {
			n++
		}
	}
	return n
}

func (r *result) print() {
	for _, f := range r.benign.Findings[:min(25, len(r.benign.Findings))] {
		fmt.Printf("%-9s %3d %-8s %-32s %s\n", r.world.name, f.Points, f.Level, f.Path, strings.Join(f.IDs(), " "))
	}
	for _, s := range slices.Concat(tuning, judging) {
		doc := r.alone[s.name]
		at := rankOf(doc, r.pages[s.name], "")
		if at == 0 {
			fmt.Printf("%-9s %-16s is not found\n", r.world.name, s.name)
			continue
		}
		f := doc.Findings[at-1]
		fmt.Printf("%-9s %-16s %d (%d points, %s)\n", r.world.name, s.name, at, f.Points, strings.Join(f.IDs(), " "))
	}
}

func replace(page, scripts string) string { return strings.ReplaceAll(page, "{x}", scripts) }
