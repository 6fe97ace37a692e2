// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package runner runs the built collector as a child until it has evaluated
// all input.
package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

const stopTimeout = 30 * time.Second

// Collector is a collector to run.
type Collector struct {
	Program string   // its file
	Configs []string // URIs or files, as --config takes them
	Env     []string // in addition to this process's own
	// Wait returns when the collector is to be stopped: nil if it is done.
	// evaluated gets an element each time the collector says that every record
	// received so far has been evaluated.
	Wait func(ctx context.Context, evaluated <-chan struct{}) error
}

// FirstEvaluated is a Wait for logs that are read faster than a window closes.
func FirstEvaluated(ctx context.Context, evaluated <-chan struct{}) error {
	select {
	case <-evaluated:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run runs the collector, and returns its warnings. An error holds the last
// lines of the collector's log.
func (c Collector) Run(ctx context.Context) ([]string, error) {
	w := &watcher{evaluated: make(chan struct{}, 1)}
	var args []string
	for _, config := range c.Configs {
		args = append(args, "--config", config)
	}
	cmd := exec.Command(c.Program, args...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdout, cmd.Stderr = w, w // one writer: os/exec then writes from one goroutine
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the collector: %w (make build writes it)", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()

	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	waited := make(chan error, 1)
	go func() { waited <- c.Wait(waiting, w.evaluated) }()

	select {
	case err := <-waited:
		err = errors.Join(err, stop(cmd.Process, exited))
		return w.warnings, w.explain(err)
	case err := <-exited:
		if err == nil {
			err = errors.New("exit status 0")
		}
		cancel()
		<-waited //nolint:errcheck // that the collector ended is the news
		return w.warnings, w.explain(fmt.Errorf("the collector ended before it was done: %w", err))
	}
}

// stop asks the collector to shut down and waits for its end.
func stop(p *os.Process, exited <-chan error) error {
	if err := interrupt(p); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("stopping the collector: %w", err), p.Kill(), <-exited)
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case err := <-exited:
		if err != nil {
			return fmt.Errorf("the collector failed while it shut down: %w", err)
		}
		return nil
	case <-timer.C:
		err := fmt.Errorf("the collector did not shut down within %s", stopTimeout)
		return errors.Join(err, p.Kill(), <-exited)
	}
}
