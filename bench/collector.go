// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	pollEvery = 50 * time.Millisecond // between two looks at the collector's metrics
	stuck     = 2 * time.Minute       // without progress, the run fails
	// settle is how long a run on the empty files goes on: as long as a hunt
	// waits for its window to close.
	settle = 2 * time.Second
)

// What the collector counts.
const (
	metricLines      = "otelcol_receiver_iis_log_lines"
	metricErrors     = "otelcol_receiver_iis_log_parse_errors"
	metricAccepted   = "otelcol_receiver_accepted_log_records"
	metricDetections = "otelcol_processor_rare_client_detections"
)

func (l *lab) command(ctx context.Context, logs string, port int, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, l.collector, args...)
	cmd.Env = append(os.Environ(), "BENCH_LOGS="+filepath.ToSlash(filepath.Join(l.dir, logs)), fmt.Sprintf("BENCH_PORT=%d", port),
		"BENCH_STORAGE="+filepath.ToSlash(l.storage()))
	return cmd
}

// storage is the folder of storage extensions, empty at the beginning of each run.
func (l *lab) storage() string { return filepath.Join(l.dir, "storage") }

func (l *lab) config(name string) string {
	return "--config=" + filepath.Join(l.configs, name+".yaml")
}

// valid asks the collector itself whether it knows every key of the configuration.
func (l *lab) valid(s scenario) error {
	out, err := l.command(context.Background(), logsDir, 1, "validate", l.config(s.Config)).CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("the collector refuses its configuration: %s", lines[len(lines)-1])
	}
	return nil
}

// collect runs the collector on a folder of logs until all is in, and stops it.
// What it wrote to standard output is returned; more are further configurations.
func (l *lab) collect(s scenario, logs string, more ...string) (usage, []byte, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // kills what is still there
	port, err := freePort()
	if err != nil {
		return usage{}, nil, err
	}
	if err := os.RemoveAll(l.storage()); err != nil {
		return usage{}, nil, err
	}
	args := []string{l.config(s.Config)}
	for _, m := range more {
		args = append(args, l.config(m))
	}
	cmd := l.command(ctx, logs, port, args...)
	if s.gogc != "" {
		cmd.Env = append(cmd.Env, "GOGC="+s.gogc)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	w := watch{url: fmt.Sprintf("http://127.0.0.1:%d/metrics", port), want: l.want(s, logs), begin: begin}
	err = w.until(ended)
	if err == nil {
		err = errors.Join(cmd.Process.Signal(os.Interrupt), <-ended)
	}
	if err != nil {
		return usage{}, nil, fmt.Errorf("%w\n%s", err, tail(stderr.String()))
	}
	return usageOf(cmd.ProcessState, w.allIn), stdout.Bytes(), nil
}

// want is what the metrics must come to, exactly.
func (l *lab) want(s scenario, logs string) map[string]int64 {
	d := l.data
	if logs == emptyDir {
		d = dataset{Physical: int64(4 * d.Files)}
	}
	want := map[string]int64{}
	if s.ours {
		want[metricLines], want[metricErrors] = s.lines(d), 0
	} else {
		want[metricAccepted] = s.lines(d)
	}
	if s.records && s.ours && !s.findings { // a hunt has progress records as well
		want[metricAccepted] = int64(d.Lines)
	}
	if s.findings {
		want[metricDetections] = int64(d.Findings)
	}
	return want
}

// watch looks at the collector's metrics until they are what is wanted.
type watch struct {
	url   string
	want  map[string]int64
	begin time.Time
	allIn time.Duration // after begin: when the lines were in, detections or not
	got   map[string]int64
}

func (w *watch) until(ended <-chan error) error {
	client := &http.Client{Timeout: stuck}
	defer client.CloseIdleConnections()
	moved := time.Now()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("the collector ended by itself: %w", errors.Join(err, io.ErrUnexpectedEOF))
		case <-time.After(pollEvery):
		}
		got, err := scrape(client, w.url, w.want)
		if err != nil { // not listening yet
			if time.Since(moved) > stuck {
				return err
			}
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(w.got) {
			w.got, moved = got, time.Now()
		}
		done, err := w.compare()
		if err != nil {
			return err
		}
		if done && (!w.empty() || time.Since(w.begin) > settle) {
			return nil
		}
		if time.Since(moved) > stuck {
			return fmt.Errorf("no progress for %s: the metrics are %v, not %v", stuck, w.got, w.want)
		}
	}
}

// empty tells a run that only measures the start.
func (w *watch) empty() bool { return w.want[metricLines]+w.want[metricAccepted] < 1000 }

// compare notes when the lines were in and reports whether everything is.
func (w *watch) compare() (done bool, err error) {
	done = true
	in := true
	for name, want := range w.want {
		switch got := w.got[name]; {
		case got > want:
			return false, fmt.Errorf("%s is %d, more than the %d that were written", name, got, want)
		case got < want:
			done = false
			in = in && name == metricDetections
		}
	}
	if in && w.allIn == 0 {
		w.allIn = time.Since(w.begin)
	}
	return done, nil
}

// scrape sums the wanted metrics over their attributes.
func scrape(client *http.Client, url string, names map[string]int64) (map[string]int64, error) {
	resp, err := client.Get(url) //nolint:noctx // the client has a timeout
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return parseMetrics(string(body), names)
}

// parseMetrics reads Prometheus text. A counter may be named with or without _total.
func parseMetrics(text string, names map[string]int64) (map[string]int64, error) {
	sums := map[string]int64{}
	for line := range strings.Lines(text) {
		end := strings.IndexAny(line, "{ ")
		if end < 0 {
			continue
		}
		name := strings.TrimSuffix(line[:end], "_total")
		if _, ok := names[name]; !ok {
			continue
		}
		var v float64
		if _, err := fmt.Sscan(line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:], &v); err != nil {
			return nil, fmt.Errorf("metric %q: %w", line, err)
		}
		sums[name] += int64(v)
	}
	return sums, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// tail is the end of what a program complained about.
func tail(s string) string {
	const most = 2000
	return s[max(0, len(s)-most):]
}
