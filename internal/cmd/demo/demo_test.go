// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.uber.org/goleak"

	"github.com/iishunt/iishunt/internal/runner"
	"github.com/iishunt/iishunt/internal/runner/runnertest"
)

func TestMain(m *testing.M) {
	runnertest.Main(m, map[string]runnertest.Part{
		"refuses its configuration": func(<-chan os.Signal) error {
			return errors.New("Error: invalid configuration: processors::rare_client: window: -1s; it must be 1s or more")
		},
		"detects": detects,
		"hangs": func(interrupted <-chan os.Signal) error {
			<-interrupted
			return nil
		},
	}, func(m *testing.M) { goleak.VerifyTestMain(m) })
}

func detects(interrupted <-chan os.Signal) error {
	req := plogotlp.NewExportRequest()
	if err := req.UnmarshalJSON([]byte(export)); err != nil {
		return err
	}
	body, err := req.MarshalProto()
	if err != nil {
		return err
	}
	for range 2 { // delivery is at least once
		if err := runnertest.Export(runnertest.Endpoint()+"/v1/logs", body); err != nil {
			return err
		}
	}
	runnertest.Log("warn", "Nothing can be found", `{"resource": {"service.name": "iishunt"}, "otelcol.signal": "logs", "stage": "extension", "records": 12}`)
	runnertest.Log("info", runner.Evaluated, "")
	<-interrupted
	return nil
}

func runAgainst(t *testing.T, how string, o options) (string, error) {
	t.Helper()
	o.collector, o.config = runnertest.Cast(t, how), "config/demo.yaml"
	if o.timeout == 0 {
		o.timeout = time.Minute
	}
	var out bytes.Buffer
	err := run(context.Background(), o, &out)
	return out.String(), err
}

func TestDetectionsArePrintedOnceAndTheRunEnds(t *testing.T) {
	out, err := runAgainst(t, "detects", options{})
	require.NoError(t, err)
	require.Equal(t, "Hunting with config/demo.yaml; it ends by itself.\n\n"+printed, out)
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

func TestExportThatIsNoOTLPIsAnError(t *testing.T) {
	require.ErrorContains(t, newSink(func(found) {}).take([]byte("\xff")), "not an export of logs")
}
