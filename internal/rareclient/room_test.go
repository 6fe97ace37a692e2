// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/engine"
)

func pagesOf(at time.Time, n int, prefix, client string) plog.Logs {
	ld := plog.NewLogs()
	for i := range n {
		request(ld, at, fmt.Sprintf("/%s%d.aspx", prefix, i), client)
	}
	return ld
}

// While nobody takes detections, memory stays within max_groups:
// records wait, none is lost, and everything is found and complete afterwards.
func TestRecordsWaitWhileDetectionsDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perHour, hours, limit = 3, 16, 30
		next := &fails{answers: slices.Repeat([]error{errFull}, hours*3600)}
		core, logged := observer.New(zap.WarnLevel)
		cfg := hourly()
		cfg.MaxGroups = limit
		h := start(t, cfg, zap.New(core), nil, next)
		begin := time.Now().Truncate(time.Hour).Add(time.Hour)
		sent := make(chan error)
		go func() {
			for hour := range hours {
				at := begin.Add(time.Duration(hour) * time.Hour)
				time.Sleep(time.Until(at.Add(time.Minute)))
				for {
					// A receiver offers again what it could not hand on.
					if err := h.ConsumeLogs(context.Background(), pagesOf(at, perHour, fmt.Sprint("h", hour, "p"), "203.0.113.1")); err == nil {
						break
					}
				}
				used, most := h.engine.Room()
				if used > most+perHour {
					sent <- fmt.Errorf("in hour %d the groups take the room of %d", hour, used)
					return
				}
			}
			sent <- nil
		}()
		require.NoError(t, <-sent)
		time.Sleep(3 * time.Hour)
		s := h.engine.Stats()
		require.Zero(t, s.Lost[engine.ReasonMaxGroups])
		require.Zero(t, s.Waiting)
		require.Len(t, bodies(&next.LogsSink), perHour*hours)
		require.Positive(t, logged.FilterMessageSnippet("Records wait").Len())
		require.NoError(t, h.Shutdown(t.Context()))
	})
}

func TestAShutdownDoesNotWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := hourly()
		cfg.MaxGroups = 10
		h := start(t, cfg, zap.NewNop(), nil, &fails{answers: slices.Repeat([]error{errFull}, 1e6)})
		require.NoError(t, h.ConsumeLogs(t.Context(), pagesOf(time.Now(), 10, "a", "203.0.113.1")))
		time.Sleep(2 * time.Hour) // evaluated, and refused by the next consumer
		require.NoError(t, h.ConsumeLogs(t.Context(), pagesOf(time.Now(), 10, "b", "203.0.113.1")))
		time.Sleep(2 * time.Hour) // that window is due, and cannot be evaluated
		answer := make(chan error)
		go func() { answer <- h.ConsumeLogs(t.Context(), pagesOf(time.Now(), 1, "c", "203.0.113.1")) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		require.NoError(t, h.Shutdown(t.Context()))
		require.ErrorIs(t, <-answer, errNoRoom)
	})
}

// A flood of pages by two clients is told while it lasts, with the window, and as
// a finding of its own kind; the pages that were known before it go on.
func TestAFloodIsTold(t *testing.T) {
	inLab(t, func(c *Config) { c.MaxGroups = 1000 }, nil, func(l *lab) {
		l.send(logs(time.Now(), "/shell.aspx", "203.0.113.9"))
		for i := range 5 {
			for _, client := range []string{"203.0.113.7", "203.0.113.8"} {
				l.send(pagesOf(time.Now(), 1000, fmt.Sprint(client, "-", i, "-"), client))
			}
		}
		l.send(logs(time.Now(), "/shell.aspx", "203.0.113.9"))
		time.Sleep(2 * time.Second)
		require.Equal(t, 1, l.log.FilterMessageSnippet("max_groups is reached").Len(), "at once, and once")
		time.Sleep(2 * time.Hour)
		told := l.log.FilterMessageSnippet("max_groups left no room").All()
		require.Len(t, told, 1)
		require.EqualValues(t, 9001, told[0].ContextMap()["requests"])
		require.ElementsMatch(t, []any{"203.0.113.7", "203.0.113.8"}, told[0].ContextMap()["clients"])
		first := l.found.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		require.Equal(t, "iishunt.rare_client.flood", first.EventName(), "before the findings that it is made of")
		m := first.Attributes().AsRaw()
		require.Equal(t, []any{"203.0.113.7", "203.0.113.8"}, m["detection.clients"])
		require.EqualValues(t, 9001, m["detection.request_count"])
		require.InEpsilon(t, 9001, m["detection.page_count"], 0.1)
		require.Equal(t, []any{"max_groups"}, m["detection.incomplete_reasons"])
		require.Equal(t, []any{"T1562"}, m["threat.technique.id"])
		require.Contains(t, first.Body().Str(), "2 clients (203.0.113.7, 203.0.113.8) asked for about ")
		found := bodies(l.found)
		require.Len(t, found, 1001)
		require.Contains(t, fmt.Sprint(found), "(203.0.113.9) made all 2 requests seen for /shell.aspx")
	})
}
