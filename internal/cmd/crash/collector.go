// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/iishunt/iishunt/internal/runner"
)

const config = `
receivers:
  iis_log:
    include: [%[1]q]
    start_at: beginning
    poll_interval: 200ms
    progress: {interval: 1s}
    storage: file_storage
    %[4]s
processors:
  rare_client:
    forward: none
    window: %[5]s
    every: %[6]s
    allowed_lateness: 1s
    sender_timeout: 10s # of running time: a Collector that is dead waits for nobody
    suppress_for: 0s
    storage: file_storage
exporters:
  otlp_grpc:
    endpoint: %[2]s
    tls: {insecure: true}
    sending_queue: {storage: file_storage, block_on_overflow: true}
    retry_on_failure: {initial_interval: 50ms, max_interval: 500ms, max_elapsed_time: 0s}
extensions:
  file_storage:
    directory: %[3]q
    create_directory: true
service:
  extensions: [file_storage]
  pipelines:
    logs:
      receivers: [iis_log]
      processors: [rare_client]
      exporters: [otlp_grpc]
  telemetry:
    metrics: {level: none}
`

// collector is the child process, which has many lives.
type collector struct {
	binary, config string
	log            io.Writer
	killed         int
	stopped        int

	cmd *exec.Cmd
	// evaluated is when the Collector last said that everything is evaluated, in
	// Unix nanoseconds.
	evaluated atomic.Int64
	drained   chan struct{}
}

func newCollector(binary, dir, endpoint string, pushdown bool) (*collector, error) {
	match := ""
	if pushdown {
		match = "match: {}" // the rule's own, which are the defaults
	}
	return newProcess(binary, dir, func(storage string) string {
		return fmt.Sprintf(config, filepath.Join(dir, "logs", "*", "*.log"), endpoint, storage, match, window, every)
	})
}

// newProcess returns a Collector with a folder of its own.
func newProcess(binary, dir string, config func(storage string) string) (*collector, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	c := &collector{binary: binary, config: filepath.Join(dir, "config.yaml")}
	if err := os.WriteFile(c.config, []byte(config(filepath.Join(dir, "storage"))), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "collector.log"))
	c.log = log
	return c, err
}

func (c *collector) start() error {
	c.cmd = exec.Command(c.binary, "--config", c.config)
	out, err := c.cmd.StderrPipe()
	if err != nil {
		return err
	}
	c.drained = make(chan struct{})
	go func() {
		defer close(c.drained)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), runner.Evaluated) {
				c.evaluated.Store(time.Now().UnixNano())
			}
			fmt.Fprintln(c.log, lines.Text())
		}
	}()
	return c.cmd.Start()
}

func (c *collector) end(sig os.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("the Collector ended by itself: %w", err)
	}
	<-c.drained
	err := c.cmd.Wait()
	if sig == syscall.SIGTERM && err != nil {
		return fmt.Errorf("the Collector's end: %w", err)
	}
	return nil
}

// torment starts and kills the Collector, after a moment or after long enough to
// work. Now and then it stops it instead, and now and then keeps it away for
// longer than a window.
func (c *collector) torment(ctx context.Context, kills int, r *rand.Rand) error {
	for c.killed < kills {
		if err := c.start(); err != nil {
			return err
		}
		if err := sleep(ctx, 50*time.Millisecond+time.Duration(r.ExpFloat64()*float64(2*time.Second))); err != nil {
			return err
		}
		sig := os.Signal(syscall.SIGKILL)
		if r.IntN(10) == 0 {
			sig = syscall.SIGTERM
			c.stopped++
		} else {
			c.killed++
		}
		if err := c.end(sig); err != nil {
			return err
		}
		if r.IntN(20) == 0 {
			if err := sleep(ctx, window+2*time.Second); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish lets the Collector work until everything is evaluated, and stops it.
func (c *collector) finish(ctx context.Context) error {
	if err := c.start(); err != nil {
		return err
	}
	begin := time.Now()
	// The Collector says so after its last window, which ends a window and the
	// allowed lateness after the last line at the latest.
	quiet := begin.Add(window + 20*time.Second)
	for time.Now().Before(quiet) || c.evaluated.Load() < begin.UnixNano() {
		if time.Since(begin) > 5*time.Minute {
			return fmt.Errorf("not all is evaluated after %v", time.Since(begin))
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return c.end(syscall.SIGTERM)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
