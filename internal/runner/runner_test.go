// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const role = "IISHUNT_RUNNER_TEST_COLLECTOR"

// TestMain lets this test program play a collector.
func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		goleak.VerifyTestMain(m)
	case "evaluates":
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		fmt.Println("t\twarn\tx.go:1\tA warning\t{\"resource\": {}, \"path\": \"a b\"}")
		fmt.Println("t\tinfo\tx.go:1\t" + Evaluated)
		<-interrupted
	case "fails while it shuts down":
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		fmt.Println("t\tinfo\tx.go:1\t" + Evaluated)
		<-interrupted
		fmt.Print("the last words, without an end of line")
		os.Exit(3)
	case "ends":
	}
}

func collector(t *testing.T, how string) Collector {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return Collector{Program: self, Env: []string{role + "=" + how}, Wait: FirstEvaluated}
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
