// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/iishunt/iishunt/bench/gen"
	"github.com/iishunt/iishunt/internal/traffic"
)

// dataset describes the generated files, in dataset.json beside them.
type dataset struct {
	Lines    int    // log lines in all files
	Files    int    // files, each of one site
	Headers  int    // header changes in each file
	Seed     uint64 // of the generator
	Physical int64  // lines including directives
	Size     int64  // bytes of all files
	Findings int    // that the oracle found
}

// What is in the data folder beside the logs.
const (
	logsDir      = "logs"
	emptyDir     = "empty" // the same files, with a header and no line
	datasetFile  = "dataset.json"
	findingsFile = "findings.tsv" // the oracle's, one a line
)

// generate writes the log files and what the hunt must find in them.
func generate(args []string) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	out := flags.String("out", "bench/out/data", "folder for the files; what is in it is replaced")
	lines := flags.Int("lines", 1_000_000, "log lines, 1000 to 100 million")
	files := flags.Int("files", 1, "files to spread them over, each of one site")
	headers := flags.Int("headers", 0, "header changes in each file (DuckDB reads only files without)")
	seed := flags.Uint64("seed", 1, "seed of the generator")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o := gen.Options{Dir: filepath.Join(*out, logsDir), Lines: *lines, Files: *files, Headers: *headers, Seed: *seed}
	if err := o.Validate(); err != nil {
		return err
	}
	if err := os.RemoveAll(*out); err != nil {
		return err
	}
	d := dataset{Lines: o.Lines, Files: o.Files, Headers: o.Headers, Seed: o.Seed}
	var err error
	if d.Size, d.Physical, err = gen.Write(o); err != nil {
		return err
	}
	if err := writeEmpty(filepath.Join(*out, emptyDir), o.Files); err != nil {
		return err
	}
	found, err := mustFind(o.Dir)
	if err != nil {
		return err
	}
	d.Findings = len(found)
	fmt.Printf("%d lines (%d bytes each) in %d files, %d findings\n", d.Lines, d.Size/int64(d.Lines), d.Files, d.Findings)
	return errors.Join(writeFindings(filepath.Join(*out, findingsFile), found), writeJSON(filepath.Join(*out, datasetFile), d))
}

// writeEmpty writes files with nothing but a header, to measure the start alone.
// Their times differ: two files with the same content count as one.
func writeEmpty(dir string, files int) error {
	for n := range files {
		path := gen.Path(dir, n)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		header := traffic.AppendHeader(nil, gen.Day.Add(time.Duration(n)*time.Second), gen.Fields)
		if err := os.WriteFile(path, header, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
