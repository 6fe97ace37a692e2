// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command browsertest writes the reports that the browser's tests open.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/report/reporttest"
)

func main() {
	out := flag.String("out", "exporter/huntreportexporter/browsertest/out", "folder for the reports")
	flag.Parse()
	if err := os.MkdirAll(*out, 0o750); err != nil {
		log.Fatal(err)
	}
	for name, detections := range map[string][]*report.Detection{
		"story":   reporttest.Story(),
		"many":    reporttest.Many(10_000),
		"hostile": reporttest.HostileDetections(),
		"empty":   nil,
	} {
		if err := write(filepath.Join(*out, name+".html"), name, detections); err != nil {
			log.Fatal(err)
		}
	}
}

func write(path, name string, detections []*report.Detection) error {
	store := report.NewStore(100_000)
	for _, d := range detections {
		store.Add(d)
	}
	title := "A hunt"
	if name == "hostile" {
		title = reporttest.Hostile[0]
	}
	doc := store.Document(title, "test", time.Now())
	texts := slices.Clone(reporttest.Hostile)
	doc.Add(&report.Run{
		Logs: texts[1], Files: 24, Bytes: 1_500_000, Took: 5 * time.Second,
		Lines:   []report.Count{{Name: "requests", Count: 6336}, {Name: "could not be read", Count: 3}},
		Stages:  []report.Count{{Name: "no wanted extension", Count: 3831}, {Name: "passed every stage", Count: 1893}, {Name: texts[0], Count: 1}},
		Unread:  []report.Unread{{Path: texts[2], Error: texts[3]}},
		Warning: texts,
	})
	return report.WriteFile(report.Disk{}, path, doc.WriteHTML)
}
