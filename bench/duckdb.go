// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/iishunt/iishunt/bench/gen"
)

const duckResult = "duckdb.tsv"

// duckDBPossible says what is missing; make bench tries to install it.
func (l *lab) duckDBPossible() error {
	if _, err := exec.LookPath("node"); err != nil {
		return errors.New("node is not installed")
	}
	if _, err := os.Stat(filepath.Join(l.duckdb, "node_modules", "@duckdb", "node-api")); err != nil { //nolint:gosec // the user names the folder
		return errors.New("the npm package @duckdb/node-api is not installed")
	}
	return nil
}

// query runs the hunt in DuckDB on a folder of logs, and leaves the findings in
// a file.
func (l *lab) query(s scenario, logs string) (usage, error) {
	args := []string{filepath.Join(l.duckdb, "hunt.mjs"), strconv.Itoa(s.threads), filepath.Join(l.dir, duckResult)}
	for n := range l.data.Files {
		args = append(args, gen.Path(filepath.Join(l.dir, logs), n))
	}
	cmd := exec.Command("node", args...) //nolint:noctx // it ends by itself
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("DuckDB: %w\n%s", err, tail(stderr.String()))
	}
	return usageOf(cmd.ProcessState, time.Since(begin)), nil
}

func (l *lab) duckFindings() ([]finding, error) {
	return readFindings(filepath.Join(l.dir, duckResult))
}
