// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/rule"
)

// What is read is one window: an idle log says that all was counted, more of it is
// counted too, and the shutdown evaluates both.
func TestTheEndOfInputEvaluatesTheWholeWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.Window, cfg.IdleTimeout = rule.WindowAll, 2*time.Second
		core, logged := observer.New(zap.InfoLevel)
		sink := new(consumertest.LogsSink)
		c := start(t, cfg, zap.New(core), nil, sink)
		said := func() int {
			return logged.FilterMessageSnippet("every record received so far has been counted").Len()
		}
		begin := time.Now().Add(-400 * 24 * time.Hour)
		for i, at := range []time.Time{begin, begin.Add(300 * 24 * time.Hour)} {
			require.NoError(t, c.ConsumeLogs(t.Context(), logs(at, "/a.aspx", "203.0.113.1")))
			require.Equal(t, i, said())
			time.Sleep(time.Minute)
			require.Equal(t, i+1, said(), "once for all that came")
		}
		require.Zero(t, sink.LogRecordCount())
		require.NoError(t, c.Shutdown(t.Context()))
		require.Equal(t, 1, sink.LogRecordCount())
		lr := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		complete, _ := lr.Attributes().Get("detection.complete")
		require.True(t, complete.Bool())
		n, _ := lr.Attributes().Get("detection.day_count")
		require.EqualValues(t, 2, n.Int())
	})
}
