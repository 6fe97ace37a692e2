// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

var buildInfo = component.BuildInfo{Command: "iishunt", Description: "integration tests", Version: "0.0.0-test"}

// patience bounds every wait; tests end as soon as what they wait for is there.
const (
	patience = 30 * time.Second
	glance   = 5 * time.Millisecond // between two looks at a condition
)

// collector is a whole Collector in this process.
type collector struct {
	t    *testing.T
	col  *otelcol.Collector
	done chan error // the result of Run
	// logs is the Collector's own log; it is printed when the test fails.
	logs *observer.ObservedLogs
}

// startCollector runs a Collector with this YAML and returns when it runs. It
// is shut down at the end of the test at the latest. Telemetry that would
// listen on a port is off; the YAML's service::telemetry must not set it.
func startCollector(t *testing.T, s *sinks, yaml string) *collector {
	t.Helper()
	return startCollectorWith(t, s, yaml, "yaml:service::telemetry::metrics::level: none")
}

// startCollectorWith is startCollector with the telemetry at this URI.
func startCollectorWith(t *testing.T, s *sinks, yaml, telemetry string) *collector {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	set := settings(s, "yaml:"+yaml)
	set.ConfigProviderSettings.ResolverSettings.URIs = append(set.ConfigProviderSettings.ResolverSettings.URIs, telemetry)
	set.LoggingOptions = []zap.Option{zap.WrapCore(func(zapcore.Core) zapcore.Core { return core })}
	col, err := otelcol.NewCollector(set)
	require.NoError(t, err)

	c := &collector{t: t, col: col, done: make(chan error, 1), logs: logs}
	go func() { c.done <- col.Run(context.Background()) }()
	t.Cleanup(func() {
		col.Shutdown()
		if t.Failed() {
			c.printLogs()
		}
	})
	require.Eventually(t, func() bool { return col.GetState() != otelcol.StateStarting }, patience, glance)
	if col.GetState() != otelcol.StateRunning {
		require.NoError(t, <-c.done, "starting the collector")
	}
	return c
}

// shutdown stops the Collector, waits for its end and requires that it is clean.
func (c *collector) shutdown() {
	c.t.Helper()
	c.col.Shutdown()
	select {
	case err := <-c.done:
		require.NoError(c.t, err, "shutting the collector down")
	case <-time.After(patience):
		require.Fail(c.t, "the collector does not shut down")
	}
}

// waitForLog returns when the Collector has logged this message.
func (c *collector) waitForLog(message string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return c.logs.FilterMessage(message).Len() > 0 }, patience, glance,
		"the collector never logged %q", message)
}

func (c *collector) printLogs() {
	for _, e := range c.logs.All() {
		fields := e.ContextMap()
		delete(fields, "resource")
		c.t.Logf("%s %s %v", e.Level, e.Message, fields)
	}
}
