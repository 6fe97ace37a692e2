// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package runnertest lets a test program play the collector that it runs.
package runnertest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// role is an environment variable: which part a child process plays.
const role = "IISHUNT_TEST_COLLECTOR"

// Part is a way in which a collector behaves. Interrupted gets an element when
// the collector is asked to end; an error ends it with exit status 1.
type Part func(interrupted <-chan os.Signal) error

// Main plays a part, if this process was started to play one, and otherwise runs
// the tests.
func Main(m *testing.M, parts map[string]Part, tests func(*testing.M)) {
	name := os.Getenv(role)
	if name == "" {
		tests(m)
		return
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	part, ok := parts[name]
	if !ok {
		part = func(<-chan os.Signal) error { return fmt.Errorf("no part is named %q", name) }
	}
	if err := part(interrupted); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Cast makes the next children play a part, and returns the program to start.
func Cast(t *testing.T, name string) string {
	t.Helper()
	t.Setenv(role, name)
	self, err := os.Executable()
	require.NoError(t, err)
	return self
}

// Log writes a line as the collector's own log has it; fields is JSON or "".
func Log(level, message, fields string) {
	fmt.Fprintf(os.Stderr, "2026-03-04T05:06:07Z\t%s\tx.go:1\t%s\t%s\n", level, message, fields)
}

// Endpoint is the URL that the last argument, a configuration, exports to.
func Endpoint() string {
	_, url, _ := strings.Cut(os.Args[len(os.Args)-1], `endpoint: "`)
	url, _, _ = strings.Cut(url, `"`)
	return url
}

// Export posts a request in protobuf.
func Export(url string, body []byte) error {
	resp, err := http.Post(url, "application/x-protobuf", bytes.NewReader(body)) //nolint:gosec // G107: it is the test's own endpoint
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}
