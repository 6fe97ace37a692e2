// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// result is one run of make bench, as it is kept in results/.
type result struct {
	Data     dataset
	Runs     int
	Machine  machine
	Versions []string
	Rows     []row
}

func (r result) save(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	name := fmt.Sprintf("%d-lines-%d-files-%d-headers.json", r.Data.Lines, r.Data.Files, r.Data.Headers)
	return writeJSON(filepath.Join(dir, name), r)
}

// load returns all results, the smallest files first.
func load(dir string) ([]result, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	all := make([]result, len(names))
	for i, name := range names {
		if err := readJSON(name, &all[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	slices.SortFunc(all, func(a, b result) int {
		return slices.Compare([]int{a.Data.Lines, a.Data.Files, a.Data.Headers}, []int{b.Data.Lines, b.Data.Files, b.Data.Headers})
	})
	return all, nil
}

func (r result) row(key string) (row, bool) {
	i := slices.IndexFunc(r.Rows, func(x row) bool { return x.Key == key })
	if i < 0 {
		return row{}, false
	}
	return r.Rows[i], true
}

// table is Markdown.
func (r result) table() string {
	var b strings.Builder
	b.WriteString("| | what | CPU s | of it start | CPU without start | ns a line | wall s | start, wall s | peak memory MiB | of it start |\n")
	b.WriteString("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range scenarios {
		x, ok := r.row(s.Key)
		if !ok {
			continue
		}
		cpu := x.net()
		fmt.Fprintf(&b, "| %s | %s | %s | %s | **%s** | %d | %s | %s | %d | %d |\n", s.Key, s.Title,
			seconds(x.Full.CPU), seconds(x.Start.CPU), seconds(cpu), cpu.Nanoseconds()/int64(r.Data.Lines),
			seconds(x.Full.Wall), seconds(x.Start.Wall), x.Full.Peak>>20, x.Start.Peak>>20)
	}
	return b.String()
}

// goal is a ratio that the project wants to reach.
type goal struct {
	text      string
	of        func(row) float64
	over      string // the key of the numerator
	under     string
	wanted    string
	satisfied func(ratio float64) bool
	files     int // from which it holds
}

// What goals compare.
func netCPU(r row) float64 { return r.net().Seconds() }
func wall(r row) float64   { return r.Full.Wall.Seconds() }
func peak(r row) float64   { return float64(r.Full.Peak) }

func atMost(most float64) func(float64) bool { return func(x float64) bool { return x <= most } }

var goals = []goal{
	{"CPU of `file_log` with parsers / `iis_log` (b / a)", netCPU, "b", "a", "at least 10", func(x float64) bool { return x >= 10 }, 0},
	{"CPU of the hunt, every record forwarded / `iis_log` (d / a)", netCPU, "d", "a", "at most 1.3", atMost(1.3), 0},
	{"CPU of the hunt with its state in storage / without (d2 / d)", netCPU, "d2", "d", "at most 1.15", atMost(1.15), 0},
	{"CPU of the hunt with pushdown / DuckDB, 1 thread (f / g1)", netCPU, "f", "g1", "at most 1", atMost(1), 0},
	{"CPU of the same without evidence (f2 / g1)", netCPU, "f2", "g1", "at most 1", atMost(1), 0},
	{"CPU of it with `GOGC=400` (f3 / g1)", netCPU, "f3", "g1", "at most 1", atMost(1), 0},
	{"wall time of the hunt with pushdown / DuckDB, 2 threads (f / g2)", wall, "f", "g2", "less than 1", func(x float64) bool { return x < 1 }, 2},
	{"peak memory of the hunt with pushdown / DuckDB, 1 thread (f / g1)", peak, "f", "g1", "at most 0.1", atMost(0.1), 0},
}

// ratios is the table of the goals that both figures are there for.
func (r result) ratios() string {
	var b strings.Builder
	b.WriteString("| what | measured | goal | |\n|---|--:|---|---|\n")
	for _, g := range goals {
		over, ok1 := r.row(g.over)
		under, ok2 := r.row(g.under)
		if !ok1 || !ok2 || r.Data.Files < g.files {
			continue
		}
		ratio, word := g.of(over)/g.of(under), "not reached"
		if g.satisfied(ratio) {
			word = "reached"
		}
		fmt.Fprintf(&b, "| %s | %.2f | %s | %s |\n", g.text, ratio, g.wanted, word)
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func listed(list, key string) bool { return slices.Contains(strings.Split(list, ","), key) }
