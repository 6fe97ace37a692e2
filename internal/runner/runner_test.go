// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iishunt/iishunt/internal/runner"
	"github.com/iishunt/iishunt/internal/runner/runnertest"
)

func TestMain(m *testing.M) {
	runnertest.Main(m, map[string]runnertest.Part{
		"evaluates": func(interrupted <-chan os.Signal) error {
			runnertest.Log("warn", "A warning", `{"resource": {}, "path": "a b"}`)
			runnertest.Log("error", "OpenTelemetry internal telemetry error", `{"error": "failed to upload metrics: context canceled"}`)
			runnertest.Log("info", runner.Evaluated, "")
			<-interrupted
			return nil
		},
		"fails while it shuts down": func(interrupted <-chan os.Signal) error {
			runnertest.Log("info", runner.Evaluated, "")
			<-interrupted
			fmt.Print("the last words, without an end of line")
			os.Exit(3)
			return nil
		},
		"ends": func(<-chan os.Signal) error { return nil },
	}, func(m *testing.M) { goleak.VerifyTestMain(m) })
}

func collector(t *testing.T, part string) runner.Collector {
	t.Helper()
	return runner.Collector{Program: runnertest.Cast(t, part), Wait: runner.FirstEvaluated}
}

func TestRunUntilAllIsEvaluated(t *testing.T) {
	warnings, err := collector(t, "evaluates").Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"A warning; path: a b"}, warnings)
}

func TestFailureAtShutdownIsShownWithTheLastWords(t *testing.T) {
	_, err := collector(t, "fails while it shuts down").Run(t.Context())
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "the last words")
}

func TestCollectorThatEndsEarlyIsAnError(t *testing.T) {
	_, err := collector(t, "ends").Run(t.Context())
	require.ErrorContains(t, err, "ended before it was done: exit status 0")
}

func TestCancelledRunStopsTheCollector(t *testing.T) {
	c := collector(t, "evaluates")
	ctx, cancel := context.WithCancel(t.Context())
	c.Wait = func(ctx context.Context, evaluated <-chan struct{}) error {
		<-evaluated
		cancel()
		<-ctx.Done()
		return context.Cause(ctx)
	}
	_, err := c.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestEndpointTakesAndRefuses(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	errBad := errors.New("not an export")
	var got []string
	e, err := runner.Receive("logs", func(body []byte) error {
		if string(body) == "bad" {
			return errBad
		}
		got = append(got, string(body))
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, runnertest.Export(e.URL+"/v1/logs", []byte("good")))
	require.ErrorContains(t, runnertest.Export(e.URL+"/v1/logs", []byte("bad")), "400")
	require.ErrorContains(t, runnertest.Export(e.URL+"/v1/metrics", []byte("good")), "404")
	http.DefaultClient.CloseIdleConnections()
	require.ErrorIs(t, e.Close(), errBad)
	require.Equal(t, []string{"good"}, got)
}
