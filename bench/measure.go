// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// lab is where the measurements are made.
type lab struct {
	collector string // the program
	configs   string // folder of its configurations
	duckdb    string // folder of hunt.mjs and node_modules
	dir       string // folder that generate wrote
	data      dataset
}

// row is what was measured of one scenario.
type row struct {
	Key   string
	Start usage // medians on the empty files
	Full  usage // medians on the logs
	Runs  []usage
}

// plan is what the command line says to check and measure.
type plan struct {
	lab             lab
	results, readme string
	runs            int
	only, without   string
}

func parsePlan(step string, args []string) (*plan, error) {
	flags := flag.NewFlagSet(step, flag.ContinueOnError)
	p := &plan{}
	flags.StringVar(&p.lab.collector, "collector", "bench/out/collector/bench-otelcol", "the collector")
	flags.StringVar(&p.lab.configs, "configs", "bench/configs", "folder of its configurations")
	flags.StringVar(&p.lab.duckdb, "duckdb", "bench/out/duckdb", "folder where DuckDB is installed")
	flags.StringVar(&p.lab.dir, "data", "bench/out/data", "folder that generate wrote")
	flags.StringVar(&p.results, "results", "bench/results", "folder for the figures")
	flags.StringVar(&p.readme, "readme", "bench/README.md", "file to write the tables to")
	flags.IntVar(&p.runs, "runs", 3, "runs of each scenario")
	flags.StringVar(&p.only, "only", "", "keys of the scenarios to run, such as a,f; the README is not written then")
	flags.StringVar(&p.without, "without", "", "keys of the scenarios to leave out, such as b,c")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if p.runs < 1 {
		return nil, fmt.Errorf("runs: %d; it must be 1 or more", p.runs)
	}
	if err := readJSON(filepath.Join(p.lab.dir, datasetFile), &p.lab.data); err != nil {
		return nil, fmt.Errorf("no log files: run bench generate first: %w", err)
	}
	return p, nil
}

// measure runs every scenario in turn, several times, and writes the README.
// The detections are checked before that, in a process of its own.
func measure(args []string) error {
	p, err := parsePlan("measure", args)
	if err != nil {
		return err
	}
	check := exec.Command(os.Args[0], append([]string{"check"}, args...)...) //nolint:noctx // this program; it ends by itself
	check.Stdout, check.Stderr = os.Stdout, os.Stderr
	if err := check.Run(); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	chosen, err := p.choose(func(scenario, error) {})
	if err != nil {
		return err
	}
	rows, err := p.lab.all(chosen, p.runs)
	if err != nil {
		return err
	}
	r := result{Data: p.lab.data, Runs: p.runs, Machine: thisMachine(), Versions: versions(&p.lab), Rows: rows}
	fmt.Print("\n", r.table(), "\n", r.ratios())
	if p.only != "" {
		return nil
	}
	return errors.Join(r.save(p.results), writeReadme(p.readme, p.results))
}

// check compares the detections of every scenario with the oracle's, and says
// what is left out.
func check(args []string) error {
	p, err := parsePlan("check", args)
	if err != nil {
		return err
	}
	chosen, err := p.choose(func(s scenario, err error) { fmt.Printf("%-3s left out: %v\n", s.Key, err) })
	if err != nil {
		return err
	}
	for _, s := range chosen {
		if !s.check {
			continue
		}
		if err := p.lab.check(s); err != nil {
			return fmt.Errorf("%s (%s): %w", s.Key, s.Title, err)
		}
		fmt.Printf("%-3s detections are the oracle's: %d\n", s.Key, p.lab.data.Findings)
	}
	return nil
}

// choose leaves out what cannot run here, and tells leftOut why.
func (p *plan) choose(leftOut func(scenario, error)) ([]scenario, error) {
	var chosen []scenario
	for _, s := range scenarios {
		if p.only != "" && !listed(p.only, s.Key) || listed(p.without, s.Key) {
			continue
		}
		if err := s.possible(&p.lab); err != nil {
			leftOut(s, err)
			continue
		}
		chosen = append(chosen, s)
	}
	if len(chosen) == 0 {
		return nil, errors.New("no scenario is left to run")
	}
	return chosen, nil
}

func (l *lab) all(chosen []scenario, runs int) ([]row, error) {
	rows := make([]row, len(chosen))
	starts := make([][]usage, len(chosen))
	for n := range runs {
		for i, s := range chosen {
			start, err := l.once(s, emptyDir)
			if err != nil {
				return nil, fmt.Errorf("%s (%s), empty files: %w", s.Key, s.Title, err)
			}
			full, err := l.once(s, logsDir)
			if err != nil {
				return nil, fmt.Errorf("%s (%s): %w", s.Key, s.Title, err)
			}
			fmt.Printf("run %d %-3s %6.2f s CPU, of it start %.2f; %6.2f s wall; %4d MiB\n",
				n+1, s.Key, full.CPU.Seconds(), start.CPU.Seconds(), full.Wall.Seconds(), full.Peak>>20)
			rows[i].Key = s.Key
			rows[i].Runs = append(rows[i].Runs, full)
			starts[i] = append(starts[i], start)
		}
	}
	for i := range rows {
		rows[i].Full, rows[i].Start = median(rows[i].Runs), median(starts[i])
	}
	return rows, nil
}

// once runs a scenario and checks that every line was delivered.
func (l *lab) once(s scenario, logs string) (usage, error) {
	if s.threads == 0 {
		u, _, err := l.collect(s, logs)
		return u, err
	}
	u, err := l.query(s, logs)
	if err != nil || logs == emptyDir {
		return u, err
	}
	found, err := l.duckFindings()
	if err == nil && len(found) != l.data.Findings {
		err = fmt.Errorf("%d findings, not %d", len(found), l.data.Findings)
	}
	return u, err
}

// net is a scenario's CPU time without its start, which does not grow with the logs.
func (r row) net() time.Duration { return r.Full.CPU - r.Start.CPU }
