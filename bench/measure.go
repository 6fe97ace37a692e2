// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
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

// measure runs every scenario in turn, several times, and writes the README.
func measure(args []string) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	var l lab
	flags.StringVar(&l.collector, "collector", "bench/out/collector/bench-otelcol", "the collector")
	flags.StringVar(&l.configs, "configs", "bench/configs", "folder of its configurations")
	flags.StringVar(&l.duckdb, "duckdb", "bench/out/duckdb", "folder where DuckDB is installed")
	flags.StringVar(&l.dir, "data", "bench/out/data", "folder that generate wrote")
	results := flags.String("results", "bench/results", "folder for the figures")
	readme := flags.String("readme", "bench/README.md", "file to write the tables to")
	runs := flags.Int("runs", 3, "runs of each scenario")
	only := flags.String("only", "", "keys of the scenarios to run, such as a,f; the README is not written then")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *runs < 1 {
		return fmt.Errorf("runs: %d; it must be 1 or more", *runs)
	}
	if err := readJSON(filepath.Join(l.dir, datasetFile), &l.data); err != nil {
		return fmt.Errorf("no log files: run bench generate first: %w", err)
	}
	chosen, err := l.choose(*only)
	if err != nil {
		return err
	}
	rows, err := l.all(chosen, *runs)
	if err != nil {
		return err
	}
	r := result{Data: l.data, Runs: *runs, Machine: thisMachine(), Versions: versions(&l), Rows: rows}
	fmt.Print("\n", r.table())
	if *only != "" {
		return nil
	}
	return errors.Join(r.save(*results), writeReadme(*readme, *results))
}

// choose drops what cannot run here, and says so.
func (l *lab) choose(only string) ([]scenario, error) {
	var chosen []scenario
	for _, s := range scenarios {
		if only != "" && !listed(only, s.Key) {
			continue
		}
		if err := s.possible(l); err != nil {
			fmt.Printf("%-3s left out: %v\n", s.Key, err)
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
	for _, s := range chosen {
		if !s.check {
			continue
		}
		if err := l.check(s); err != nil {
			return nil, fmt.Errorf("%s (%s): %w", s.Key, s.Title, err)
		}
		fmt.Printf("%-3s detections are the oracle's: %d\n", s.Key, l.data.Findings)
	}
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
