// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

const stopTimeout = 15 * time.Second

// overlay sends the detections to url, in place of the configuration's own
// exporters. Without a queue the collector is told of each delivery at once, so
// that nothing can be on its way when it says that it is done.
func overlay(url string) string {
	return fmt.Sprintf("yaml:{exporters: {otlp_http/demo: {endpoint: %q, encoding: json, compression: none, "+
		"sending_queue: {enabled: false}}}, service: {pipelines: {logs: {exporters: [otlp_http/demo]}}}}", url)
}

// runCollector runs the collector until it has evaluated all input, and returns
// its warnings. An error holds the last lines of the collector's log.
func runCollector(ctx context.Context, o options, url string) ([]string, error) {
	w := &watcher{done: make(chan struct{})}
	cmd := exec.Command(o.collector, "--config", o.config, "--config", overlay(url))
	cmd.Stdout, cmd.Stderr = w, w // one writer: os/exec then writes from one goroutine
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the collector: %w (make build writes it)", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()

	select {
	case <-w.done:
		err := stop(cmd.Process, exited)
		return w.warnings, w.explain(err)
	case err := <-exited:
		if err == nil {
			err = errors.New("exit status 0")
		}
		return nil, w.explain(fmt.Errorf("the collector ended before it was done: %w", err))
	case <-ctx.Done():
		return nil, w.explain(errors.Join(context.Cause(ctx), stop(cmd.Process, exited)))
	}
}

// stop asks the collector to shut down and waits for its end. Windows cannot
// ask another process; nothing is left to deliver, so it is killed there.
func stop(p *os.Process, exited <-chan error) error {
	if runtime.GOOS == "windows" {
		err := p.Kill()
		<-exited //nolint:errcheck // it was killed, so its exit status is no news
		return err
	}
	if err := p.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the collector: %w", err)
	}
	select {
	case err := <-exited:
		if err != nil {
			return fmt.Errorf("the collector failed while it shut down: %w", err)
		}
		return nil
	case <-time.After(stopTimeout):
		err := fmt.Errorf("the collector did not shut down within %s", stopTimeout)
		return errors.Join(err, p.Kill(), <-exited)
	}
}
