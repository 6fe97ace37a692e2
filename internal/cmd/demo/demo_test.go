// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/runner"
)

// role makes this test program play a collector.
const role = "IISHUNT_DEMO_TEST_COLLECTOR"

func TestMain(m *testing.M) {
	if r := os.Getenv(role); r != "" {
		os.Exit(playCollector(r))
	}
	os.Exit(m.Run())
}

// playCollector behaves as the collector does in one of its ways to go.
func playCollector(how string) int {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	if how == "refuses its configuration" {
		fmt.Fprintln(os.Stderr, "Error: invalid configuration: processors::rare_client: window: -1s; it must be 1s or more")
		return 1
	}
	if how == "detects" {
		_, url, _ := strings.Cut(os.Args[len(os.Args)-1], `endpoint: "`)
		url, _, _ = strings.Cut(url, `"`)
		for range 2 { // delivery is at least once
			resp, err := http.Post(url+"/v1/logs", "application/json", strings.NewReader(export))
			if err != nil {
				return 2
			}
			if resp.Body.Close(); resp.StatusCode != http.StatusOK {
				return 2
			}
		}
		fmt.Fprintln(os.Stderr, "2026-03-04T05:06:07Z\twarn\thunt/report.go:1\tNothing can be found\t"+
			`{"resource": {"service.name": "iishunt"}, "otelcol.signal": "logs", "stage": "extension", "records": 12}`)
		fmt.Fprintln(os.Stderr, "2026-03-04T05:06:07Z\tinfo\thunt/report.go:1\t"+runner.Evaluated)
	}
	<-interrupted
	return 0
}

func runAgainst(t *testing.T, how string, o options) (string, error) {
	t.Helper()
	t.Setenv(role, how)
	self, err := os.Executable()
	require.NoError(t, err)
	o.collector, o.config = self, "config/demo.yaml"
	if o.timeout == 0 {
		o.timeout = time.Minute
	}
	var out bytes.Buffer
	err = run(context.Background(), o, &out)
	return out.String(), err
}

func TestDetectionsArePrintedOnceAndTheRunEnds(t *testing.T) {
	out, err := runAgainst(t, "detects", options{})
	require.NoError(t, err)
	require.Equal(t, "Hunting with config/demo.yaml; it ends by itself.\n\n"+report, out)
}

func TestFailureShowsTheCollectorsOwnWords(t *testing.T) {
	_, err := runAgainst(t, "refuses its configuration", options{})
	require.ErrorContains(t, err, "the collector ended before it was done: exit status 1")
	require.ErrorContains(t, err, "window: -1s; it must be 1s or more")
}

func TestCollectorThatNeverEndsIsStopped(t *testing.T) {
	_, err := runAgainst(t, "hangs", options{timeout: time.Second})
	require.ErrorContains(t, err, "the collector was not done after 1s")
}

func TestMissingCollectorNamesTheCommandThatBuildsIt(t *testing.T) {
	err := run(context.Background(), options{collector: filepath.Join(t.TempDir(), "none"), timeout: time.Minute}, &bytes.Buffer{})
	require.ErrorContains(t, err, "make build")
}

func TestDetectionsAreComparedWithTheExpectedOnes(t *testing.T) {
	dir := t.TempDir()
	o := options{jsonl: filepath.Join(dir, "found.jsonl"), expected: filepath.Join(dir, "expected.json")}
	require.NoError(t, os.WriteFile(o.expected, []byte("[\n"+outcomeLine+"\n]"), 0o600))
	out, err := runAgainst(t, "detects", o)
	require.NoError(t, err)
	require.Contains(t, out, "They are the 1 detections in")
	written, err := os.ReadFile(o.jsonl)
	require.NoError(t, err)
	require.Equal(t, outcomeLine+"\n", string(written))

	other := strings.Replace(outcomeLine, `"request_count":2`, `"request_count":3`, 1)
	require.NoError(t, os.WriteFile(o.expected, []byte("["+other+"]"), 0o600))
	_, err = runAgainst(t, "detects", o)
	require.ErrorContains(t, err, "- "+other)
	require.ErrorContains(t, err, "+ "+outcomeLine)
}

func TestExpectedFileMustNotHoldFieldsThatAreNotCompared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "expected.json")
	require.NoError(t, os.WriteFile(path, []byte(`[{"severity":"Low"}]`), 0o600))
	_, err := readExpected(path)
	require.ErrorContains(t, err, "severity")
}

func TestExportThatIsNoJSONIsAnError(t *testing.T) {
	s, err := startSink(func(detection) {})
	require.NoError(t, err)
	resp, err := http.Post(s.url+"/v1/logs", "application/json", strings.NewReader("{"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	_, err = s.stop()
	require.ErrorContains(t, err, "not an OTLP/JSON export")
}
