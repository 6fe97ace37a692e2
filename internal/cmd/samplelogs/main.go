// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command samplelogs writes the sample logs: four web sites of a fictitious
// company over six days, in which one client uses a web shell.
//
//	go run ./internal/cmd/samplelogs -out testdata/sample
//
// The same program always writes the same bytes. A day is built in this order:
// the sites' ordinary traffic (shop.go, intranet.go, mail.go, promo.go), the
// planted story (story.go), company for every page that only one client happened
// to ask for (crowd.go), and last the files, with IIS's habits and the damage
// that real folders show (render.go).
//
// What a hunt over the files must find is computed from the written files by
// internal/oracle; the tests with their -update flag write it beside the logs.
package main

import (
	"flag"
	"log"
)

func main() {
	out := flag.String("out", "testdata/sample", "the folder to write the log files to")
	flag.Parse()
	if err := Write(*out); err != nil {
		log.Fatalf("writing the sample logs to %s: %v", *out, err)
	}
}
