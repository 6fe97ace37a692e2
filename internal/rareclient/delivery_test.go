// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// limited is a backend that refuses for good what is larger than it takes, and
// every so often refuses for a while.
type limited struct {
	consumertest.LogsSink
	limit   int // bytes of a message
	busy    int // every busy-th call; 0: never
	calls   int
	largest int // message that it took
}

func (l *limited) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	size := sizer.LogsSize(ld)
	switch l.calls++; {
	case l.busy > 0 && l.calls%l.busy == 0:
		return errFull
	case size > l.limit:
		return consumererror.NewPermanent(errors.New("larger than max"))
	}
	l.largest = max(l.largest, size)
	return l.LogsSink.ConsumeLogs(ctx, ld)
}

// detected returns the records that it took, by path.
func (l *limited) detected() map[string][]plog.LogRecord {
	out := map[string][]plog.LogRecord{}
	for _, ld := range l.AllLogs() {
		for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			path, _ := lr.Attributes().Get("url.path")
			out[path.Str()] = append(out[path.Str()], lr)
		}
	}
	return out
}

func TestEachDetectionArrivesWhateverTheLimit(t *testing.T) {
	long := strings.Repeat("x", 1500)
	for name, tt := range map[string]struct {
		limit, busy int
		text        string // of path, query, referer and user
		evidence    int
		largest     int  // message
		shortened   bool // each detection
		found       int  // samples of each
	}{
		"a backend's usual limit, and ordinary findings":          {1_000_000, 0, "x", 5, 900_000, false, 1},
		"long texts: 402 of them were one message of 4.2 MB":      {1_000_000, 0, long, 5, 900_000, false, 1},
		"a backend that is busy now and then":                     {1_000_000, 3, long, 5, 900_000, false, 1},
		"a limit lower than every message":                        {100_000, 2, long, 5, 100_000, false, 1},
		"one lower than a detection: its evidence is cut":         {9_000, 0, long, 5, 9_000, true, 1},
		"one that leaves no room for evidence, and little for it": {4_000, 4, long, 5, 4_000, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &limited{limit: tt.limit, busy: tt.busy}
				cfg := hourly()
				cfg.Evidence = tt.evidence
				h := start(t, cfg, zap.NewNop(), nil, next)
				ld := plog.NewLogs()
				for i := range 402 {
					a := request(ld, time.Now(), fmt.Sprintf("/%s/%d.aspx", tt.text, i), "203.0.113.7").Attributes()
					a.PutStr("url.query", tt.text)
					a.PutStr("http.request.header.referer", tt.text)
					a.PutStr("user.name", tt.text)
				}
				require.NoError(t, h.ConsumeLogs(t.Context(), ld))
				time.Sleep(2 * time.Hour)
				require.NoError(t, h.Shutdown(t.Context()))

				ids := map[string]bool{}
				for _, records := range next.detected() {
					for _, lr := range records {
						m := lr.Attributes().AsRaw()
						ids[m["detection.id"].(string)] = true
						require.Equal(t, tt.shortened, m["detection.shortened"] == true)
						evidence, _ := m["detection.evidence"].([]any)
						require.Len(t, evidence, tt.found)
					}
				}
				require.Len(t, ids, 402)
				require.Equal(t, 402, next.LogRecordCount(), "none twice")
				require.LessOrEqual(t, next.largest, tt.largest)
			})
		})
	}
}

// The largest that a configuration allows is bounded, too: evidence goes first.
func TestOneDetectionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &limited{limit: 1 << 30}
		cfg := hourly()
		cfg.Evidence = 100
		h := start(t, cfg, zap.NewNop(), nil, next)
		ld := plog.NewLogs()
		for i := range 100 {
			a := request(ld, time.Now().Add(time.Duration(i)), "/a.aspx", "203.0.113.7").Attributes()
			a.PutStr("url.query", strings.Repeat("\u202e", 400)) // shown as escapes, which are longer
			a.PutStr("http.request.header.referer", strings.Repeat("x", 1500))
		}
		require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		time.Sleep(2 * time.Hour)
		require.NoError(t, h.Shutdown(t.Context()))
		require.Equal(t, 1, next.LogRecordCount())
		require.LessOrEqual(t, next.largest, 64_000)
		m := next.detected()["/a.aspx"][0].Attributes().AsRaw()
		require.Equal(t, true, m["detection.shortened"])
		require.NotEmpty(t, m["detection.evidence"])
		require.EqualValues(t, 100, m["detection.request_count"])
	})
}

// A healthy consumer gets all that a window has, however much; the first version
// dropped what was over 100,000 findings.
func TestMoreFindingsThanTheFirstVersionKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &limited{limit: 900_000}
		h := start(t, hourly(), zap.NewNop(), nil, next)
		const all = 110_000
		for from := 0; from < all; from += 10_000 {
			ld := plog.NewLogs()
			for i := range 10_000 {
				request(ld, time.Now(), fmt.Sprintf("/uploads/cmd%d.aspx", from+i), "203.0.113.7")
			}
			require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		}
		time.Sleep(2 * time.Hour)
		require.Equal(t, all, next.LogRecordCount())
		require.NoError(t, h.Shutdown(t.Context()))
	})
}

// While findings wait for their consumer, no further window is evaluated.
func TestEvaluationWaitsForDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fails{answers: make([]error, 3*3600)}
		for i := range next.answers {
			next.answers[i] = errFull
		}
		h := start(t, hourly(), zap.NewNop(), nil, next)
		for hour := range 3 {
			for i := range 10 {
				require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), fmt.Sprintf("/%d-%d.aspx", hour, i), "203.0.113.7")))
			}
			time.Sleep(time.Hour)
			require.LessOrEqual(t, h.engine.Stats().Waiting, 10)
		}
		time.Sleep(3 * time.Hour)
		require.Len(t, bodies(&next.LogsSink), 30)
		require.NoError(t, h.Shutdown(t.Context()))
	})
}
