// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/iishunt/iishunt/internal/printable"
	"github.com/iishunt/iishunt/internal/rank"
	"github.com/iishunt/iishunt/internal/report"
)

// colours of the levels, as a terminal has them.
var colours = map[string]string{rank.Strong: "\x1b[1;31m", rank.Moderate: "\x1b[33m", rank.Weak: "\x1b[2m"}

const plain = "\x1b[0m"

// columns of the table of findings.
var columns = []string{"Rank", "Level", "Points", "Site", "Page", "Clients", "Requests", "Days", "First (UTC)", "Why"}

// printFindings prints a table, the most telling finding first.
func printFindings(out io.Writer, doc *report.Document, top int, colour bool) {
	fmt.Fprintln(out)
	if len(doc.Findings) == 0 {
		fmt.Fprintln(out, "Nothing was found.")
		return
	}
	table(out, doc, min(top, len(doc.Findings)), colour)
	if more := len(doc.Findings) - top; more > 0 {
		fmt.Fprintf(out, "... and %s in the report.\n", plural(int64(more), "less telling finding"))
	}
	levels := doc.Levels()
	fmt.Fprintf(out, "\n%s: %d strong, %d moderate, %d weak.\n", plural(int64(len(doc.Findings)), "finding"), levels[0], levels[1], levels[2])
	if doc.LeftOut > 0 {
		fmt.Fprintf(out, "%s had no room: the least telling were left out. Raise max_findings.\n", plural(doc.LeftOut, "detection"))
	}
}

func table(out io.Writer, doc *report.Document, n int, colour bool) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	byAgent := slices.ContainsFunc(doc.Findings[:n], func(f *report.Finding) bool { return doc.Agents[f.Agent] != "" })
	head := columns
	if byAgent { // two rows never look the same
		head = slices.Insert(slices.Clone(columns), len(columns)-1, "User agent")
	}
	fmt.Fprintln(w, strings.Join(head, "\t"))
	for i, f := range doc.Findings[:n] {
		why := strings.Join(f.Words(), ", ")
		if byAgent {
			why = cell(doc.Agents[f.Agent]) + "\t" + why
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", i+1, f.Level, f.Points, cell(strings.Join(f.Sites, " ")), cell(f.Subject(doc)),
			cell(f.Who()), f.Requests, f.Days, f.First().Format("2006-01-02 15:04"), why)
	}
	_ = w.Flush() // a Builder takes everything
	lines := strings.SplitAfter(text.String(), "\n")
	for i, line := range lines {
		if colour && i > 0 && i <= n { // after the widths are known
			level := doc.Findings[i-1].Level
			line = strings.Replace(line, level, colours[level]+level+plain, 1)
		}
		fmt.Fprint(out, line)
	}
}

// cell makes a text fit the table.
func cell(s string) string { return printable.Cut(printable.Text(s), 60) }

// printRun prints what was read, what each stage left out, and what could not
// be read.
func printRun(out io.Writer, doc *report.Document) {
	r := doc.Run
	fmt.Fprintf(out, "\nRead      %s, %s, in %.1f s\n", plural(r.Files, "file"), size(r.Bytes), r.Took.Seconds())
	counts(out, "Lines", r.Lines)
	counts(out, "Requests", r.Stages)
	counts(out, "Lost", r.Lost)
	for i, u := range r.Unread {
		fmt.Fprintf(out, "%s%s: %s\n", label("Unread", i), printable.Text(u.Path), printable.Text(u.Error))
	}
	for i, text := range r.Warning {
		fmt.Fprintf(out, "%s%s\n", label("Warning", i), printable.Text(text))
	}
}

func counts(out io.Writer, name string, rows []report.Count) {
	width := 0
	for _, c := range rows {
		width = max(width, len(number(c.Count)))
	}
	for i, c := range rows {
		fmt.Fprintf(out, "%s%*s  %s\n", label(name, i), width, number(c.Count), printable.Text(c.Name))
	}
}

// label is the name of a block before its first line, and blanks before others.
func label(name string, line int) string {
	if line > 0 {
		name = ""
	}
	return fmt.Sprintf("%-10s", name)
}

// number has commas between the thousands.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

func size(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	f, i := float64(n), 0
	for f >= 1000 && i < len(units)-1 {
		f /= 1000
		i++
	}
	return strconv.FormatFloat(f, 'f', min(i, 1), 64) + " " + units[i]
}
