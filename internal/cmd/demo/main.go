// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command demo runs the built collector on the sample logs, prints its
// detections for a person to read, and ends when there are no more:
//
//	go run ./internal/cmd/demo
//
// It starts the collector with config/demo.yaml, but lets it export to a listener
// of this program on loopback. When the collector logs that every record has been
// evaluated, it is stopped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/iishunt/iishunt/internal/runner"
)

// overlay sends the detections to url instead of to the configuration's own
// exporters. Without a queue nothing can be on its way when the collector says
// that it is done.
func overlay(url string) string {
	return fmt.Sprintf("yaml:{exporters: {otlp_http/demo: {endpoint: %q, compression: none, "+
		"sending_queue: {enabled: false}}}, service: {pipelines: {logs: {exporters: [otlp_http/demo]}}}}", url)
}

type options struct {
	collector string
	config    string
	jsonl     string
	expected  string
	timeout   time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.collector, "collector", "dist/iishunt", "the collector's program file, as make build writes it")
	flag.StringVar(&o.config, "config", "config/demo.yaml", "the collector's configuration")
	flag.StringVar(&o.jsonl, "jsonl", "", "also write the detections to this file: a JSON object a line, sorted, stable fields only")
	flag.StringVar(&o.expected, "expected", "", "compare the detections with this JSON file; a difference is an error")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "give up after this long")
	flag.Parse()

	runner.Main("demo", func(ctx context.Context) error { return run(ctx, o, os.Stdout) })
}

func run(ctx context.Context, o options, out io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout,
		fmt.Errorf("the collector was not done after %s (-timeout sets another limit)", o.timeout))
	defer cancel()

	fmt.Fprintf(out, "Hunting with %s; it ends by itself.\n\n", o.config)
	p := newPrinter(out)
	s := newSink(p.detection)
	endpoint, err := runner.Receive("logs", s.take)
	if err != nil {
		return fmt.Errorf("listening on loopback for the collector's detections: %w", err)
	}
	collector := runner.Collector{Program: o.collector, Configs: []string{o.config, overlay(endpoint.URL)}, Wait: runner.FirstEvaluated}
	warnings, collectErr := collector.Run(ctx)
	if err := errors.Join(collectErr, endpoint.Close()); err != nil {
		return err
	}
	p.summary(s.detections)
	p.warnings(warnings)
	return check(o, s.detections, out)
}

// check writes and compares what was found, if the options say so.
func check(o options, detections []found, out io.Writer) error {
	got := outcomes(detections)
	if o.jsonl != "" {
		if err := writeLines(o.jsonl, got); err != nil {
			return fmt.Errorf("-jsonl: %w", err)
		}
	}
	if o.expected == "" {
		return nil
	}
	want, err := readExpected(o.expected)
	if err != nil {
		return fmt.Errorf("-expected: %w", err)
	}
	if diff := difference(want, got); diff != "" {
		return fmt.Errorf("the detections are not those in %s (- expected, + found):\n%s", o.expected, diff)
	}
	fmt.Fprintf(out, "They are the %d detections in %s.\n", len(want), o.expected)
	return nil
}
