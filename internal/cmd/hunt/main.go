// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command hunt hunts in old logs: it runs the built collector with
// config/hunt.yaml, shows how far it is, ends it when all is read, and prints
// the findings:
//
//	go run ./internal/cmd/hunt -logs /srv/logs
//
// The collector pushes its metrics to a listener of this program on loopback. It
// writes the report; this program adds to it what was read.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/runner"
)

type options struct {
	logs      string
	report    string
	ndjson    string
	collector string
	config    string
	against   string // a second rule to compare with; "": none
	top       int
	terminal  bool // progress may be rewritten in place, and words have colours
}

func main() {
	var o options
	flag.StringVar(&o.logs, "logs", "", "folder, file or pattern of the logs (.log and .log.gz files of a folder, at any depth)")
	flag.StringVar(&o.report, "report", "hunt.html", "the HTML report to write")
	flag.StringVar(&o.ndjson, "ndjson", "", "file for the findings, a JSON object a line; default: beside the report")
	flag.StringVar(&o.collector, "collector", "dist/iishunt", "the collector's program file, as make build writes it")
	flag.StringVar(&o.config, "config", "", "the collector's configuration; default: config/hunt.yaml")
	flag.StringVar(&o.against, "against", "", "a second configuration: what does the first one find more, less and elsewhere?")
	flag.IntVar(&o.top, "top", 25, "findings to print")
	flag.Parse()
	if info, err := os.Stdout.Stat(); err == nil {
		o.terminal = info.Mode()&os.ModeCharDevice != 0
	}

	runner.Main("hunt", func(ctx context.Context) error { return run(ctx, o, os.Stdout) })
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.config == "" {
		o.config = "config/hunt.yaml"
	}
	if o.logs == "" {
		return errors.New("which logs? make hunt LOGS=<folder or pattern>")
	}
	if o.ndjson == "" {
		o.ndjson = strings.TrimSuffix(o.report, filepath.Ext(o.report)) + ".ndjson"
	}
	config, env := o.config, []string(nil)
	var pair *comparison
	if o.against != "" {
		if pair, err = compare(o.config, o.against); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, pair.close()) }()
		config, env = pair.config, []string{"IISHUNT_AGAINST=" + pair.report}
	}
	logs, err := find(o.logs)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Hunting in %s, %s, about %s lines.\n", plural(int64(len(logs.files)), "file"), size(logs.bytes), number(logs.lines))

	begin := time.Now()
	metrics, err := startMetrics()
	if err != nil {
		return fmt.Errorf("listening on loopback for the collector's metrics: %w", err)
	}
	p := &progress{out: out, terminal: o.terminal, expected: logs.lines, begin: begin}
	collector := runner.Collector{
		Program: o.collector,
		Configs: []string{config, overlay(metrics.url())},
		Env: append(env,
			"IISHUNT_LOGS="+logs.pattern,
			"IISHUNT_REPORT="+o.report,
			"IISHUNT_NDJSON="+o.ndjson,
		),
		Wait: func(ctx context.Context, evaluated <-chan struct{}) error {
			return wait(ctx, evaluated, metrics.updates, p)
		},
	}
	warnings, err := collector.Run(ctx)
	figures, metricsErr := metrics.stop()
	p.end()
	if err := errors.Join(err, metricsErr); err != nil {
		return err
	}
	read := figures.run()
	if read.Unsure = p.unsure; p.unsure {
		warnings = append(warnings, "The collector did not say that it has evaluated everything; findings may be missing")
	}
	read.Logs, read.Files, read.Bytes, read.Took = o.logs, int64(len(logs.files)), logs.bytes, time.Since(begin)
	read.Unread, read.Warning = logs.unread, warnings
	doc, err := complete(o.report, o.ndjson, read)
	if err != nil {
		return err
	}
	printFindings(out, doc, o.top, o.terminal && os.Getenv("NO_COLOR") == "")
	printRun(out, doc)
	if pair != nil {
		older, err := report.ReadFile(pair.report)
		if err != nil {
			return fmt.Errorf("the collector wrote no report of %s: %w", o.against, err)
		}
		printChanges(out, older, doc, o.against, o.top)
	}
	fmt.Fprintf(out, "\nReport    %s\nFindings  %s\n", o.report, o.ndjson)
	if missing := doc.Missing(); len(missing) > 0 {
		return fmt.Errorf("%w: %s", runner.ErrIncomplete, strings.Join(missing, "; "))
	}
	return nil
}

// overlay lets the collector push its metrics to url.
func overlay(url string) string {
	return fmt.Sprintf("yaml:{service: {telemetry: {metrics: {level: normal, readers: [{periodic: {interval: %d, timeout: 5000, "+
		"exporter: {otlp: {protocol: http/protobuf, endpoint: %q}}}}]}}}}", metricsInterval.Milliseconds(), url)
}

// complete adds to the report what was read, which the exporter cannot know.
func complete(path, ndjson string, read *report.Run) (*report.Document, error) {
	old, err := report.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the collector wrote no report: %w", err)
	}
	store := report.NewStore(maxFindings)
	if bad := store.Restore(old); bad > 0 {
		return nil, fmt.Errorf("%s: %d detections of the collector's report cannot be used", path, bad)
	}
	doc := store.Document(old.Title, old.Version, time.Now())
	doc.Ignored = old.Ignored
	doc.Add(read)
	if err := report.WriteFile(report.Disk{}, path, doc.WriteHTML); err != nil {
		return nil, err
	}
	return doc, report.WriteFile(report.Disk{}, ndjson, doc.WriteNDJSON)
}

// maxFindings is the limit of max_findings in the exporter.
const maxFindings = 100_000
