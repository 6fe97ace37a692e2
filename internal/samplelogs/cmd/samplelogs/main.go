// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command samplelogs writes the sample logs:
//
//	go run ./internal/samplelogs/cmd/samplelogs -out testdata/sample
//
// The expected detections beside them are written by the package's test with
// its -update flag, which also writes the logs.
package main

import (
	"flag"
	"log"

	"github.com/iishunt/iishunt/internal/samplelogs"
)

func main() {
	out := flag.String("out", "testdata/sample", "the folder to write the log files to")
	flag.Parse()
	if err := samplelogs.Write(*out); err != nil {
		log.Fatalf("writing the sample logs to %s: %v", *out, err)
	}
}
