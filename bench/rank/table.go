// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/rank"
)

// goal is the rank at which a story is found well enough.
const goal = 3

// fill writes the tables between their marks.
func fill(doc string, results []*result) (string, error) {
	for name, table := range map[string]string{
		"backgrounds": backgrounds(results), "tuning": stories(results, tuning), "judging": stories(results, judging), "ablation": ablation(results),
	} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end "+name+" -->"
		before, rest, ok := strings.Cut(doc, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			return "", fmt.Errorf("the page lacks the marks of %s", name)
		}
		doc = before + begin + table + end + after
	}
	return doc, nil
}

func row(cells ...any) string {
	var b strings.Builder
	for _, c := range cells {
		fmt.Fprintf(&b, "| %v ", c)
	}
	return b.String() + "|\n"
}

func backgrounds(results []*result) string {
	out := row("background", "lines", "findings", "strong", "moderate", "weak") + row("---", "---", "---", "---", "---", "---")
	for _, r := range results {
		levels := r.benign.Levels()
		out += row(r.world.name+": "+r.world.what, r.lines, len(r.benign.Findings), levels[0], levels[1], levels[2])
	}
	return out
}

// stories has the rank of each story alone and, in brackets, how many findings
// that no story made stand before it when all stories are told together.
func stories(results []*result, list []story) string {
	head, line := []any{"story", "what"}, []any{"---", "---"}
	for _, r := range results {
		head, line = append(head, r.world.name), append(line, "---")
	}
	out := row(head...) + row(line...)
	for _, s := range list {
		cells := []any{s.name, s.what}
		for _, r := range results {
			cells = append(cells, fmt.Sprintf("%s (%s)", place(rankOf(r.alone[s.name], r.pages[s.name], "")), r.before(r.pages[s.name])))
		}
		out += row(cells...)
	}
	return out
}

// before counts the findings before a page's, where all stories are told, that
// are no story's.
func (r *result) before(page string) string {
	n := 0
	for _, f := range r.together.Findings {
		if strings.EqualFold(f.Path, page) {
			return fmt.Sprint(n)
		}
		if r.ordinary[strings.ToLower(f.Path)] {
			n++
		}
	}
	return "–"
}

func place(n int) string {
	switch {
	case n == 0:
		return "–"
	case n > goal:
		return fmt.Sprintf("**%d**", n)
	default:
		return fmt.Sprint(n)
	}
}

// found is how many stories are at the goal, over all backgrounds, and the sum of
// their ranks.
func found(results []*result, list []story, without string) (good, places int) {
	for _, r := range results {
		for _, s := range list {
			n := rankOf(r.alone[s.name], r.pages[s.name], without)
			if n > 0 && n <= goal {
				good++
			}
			if n == 0 {
				n = len(r.alone[s.name].Findings) + 1
			}
			places += n
		}
	}
	return good, places
}

// ablation says what is lost without each signal.
func ablation(results []*result) string {
	every := slices.Concat(tuning, judging)
	total := len(results) * len(every)
	out := row("without", "stories at rank 3 or better, of "+fmt.Sprint(total), "of these held back, of "+fmt.Sprint(len(results)*len(judging)), "mean rank", "benign findings moderate or better") +
		row("---", "---", "---", "---", "---")
	line := func(name, without string) {
		good, places := found(results, every, without)
		held, _ := found(results, judging, without)
		n := 0
		for _, r := range results {
			n += noise(r.benign, without)
		}
		out += row(name, good, held, fmt.Sprintf("%.1f", float64(places)/float64(total)), n)
	}
	line("nothing: all signals", "")
	for _, s := range rank.Signals {
		if s.Points > 0 {
			line(s.Label, s.ID)
		}
	}
	return out
}
