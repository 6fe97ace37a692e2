// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nopInstruments satisfy a Component whose metrics nobody reads.
func nopInstruments() Instruments {
	return Instruments{
		Meter: noop.Meter{}, Shutdown: func() {},
		Records: noop.Int64ObservableCounter{}, Excluded: noop.Int64ObservableCounter{}, Lost: noop.Int64ObservableCounter{},
		FutureTimestamps: noop.Int64ObservableCounter{}, Groups: noop.Int64ObservableGauge{}, Sources: noop.Int64ObservableGauge{},
		WatermarkLag: noop.Float64ObservableGauge{}, Waiting: noop.Int64ObservableGauge{},
		Windows: noop.Int64Counter{}, Detections: noop.Int64Counter{}, Suppressed: noop.Int64Counter{}, Dropped: noop.Int64Counter{},
		StorageSize: noop.Int64ObservableGauge{},
		RangesLost:  noop.Int64ObservableCounter{}, Repeated: noop.Int64ObservableCounter{}, SenderLag: noop.Float64ObservableGauge{},
		SenderUnread: noop.Int64ObservableGauge{}, Senders: noop.Int64ObservableGauge{},
		Refused: noop.Int64Counter{}, StorageFailures: noop.Int64Counter{},
	}
}

var testSelf = Self{component.KindProcessor, component.MustNewID("rare_client")}

// start leaves window records to the tests that are about them.
func start(t testing.TB, cfg Config, log *zap.Logger, forward, next consumer.Logs) *Component {
	cfg.WindowRecords = false
	return startAs(t, cfg, log, forward, next)
}

func startAs(t testing.TB, cfg Config, log *zap.Logger, forward, next consumer.Logs) *Component {
	require.NoError(t, cfg.Check())
	h, err := New(log, testSelf, Scope{"test", "v0"}, &cfg, nopInstruments(), forward, next)
	require.NoError(t, err)
	require.NoError(t, h.Start(context.Background(), componenttest.NewNopHost()))
	return h
}

func hourly() Config {
	c := DefaultConfig()
	c.Window = time.Hour
	return c
}

// request appends a log record as iis_log writes them.
func request(ld plog.Logs, at time.Time, path, client string) plog.LogRecord {
	if ld.ResourceLogs().Len() == 0 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("iis.site", "W3SVC1")
		rl.ScopeLogs().AppendEmpty()
	}
	lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	a := lr.Attributes()
	a.PutStr("client.address", client)
	a.PutStr("network.local.address", "198.51.100.5")
	a.PutStr("url.path", path)
	a.PutStr("user_agent.original", "Mozilla/5.0")
	a.PutInt("http.response.status_code", 200)
	return lr
}

func logs(at time.Time, path, client string) plog.Logs {
	ld := plog.NewLogs()
	request(ld, at, path, client)
	return ld
}

func bodies(sink *consumertest.LogsSink) []string {
	var out []string
	for _, ld := range sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				out = append(out, lr.Body().AsString())
			}
		}
	}
	return out
}

// A live tail: the finding comes minutes after the end of its window, although
// no further record moves the watermark.
func TestAFindingComesWithTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		h := start(t, hourly(), zap.NewNop(), nil, sink)
		begin := time.Now().Truncate(time.Hour).Add(time.Hour)
		time.Sleep(time.Until(begin.Add(59 * time.Minute)))
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/shell.aspx", "203.0.113.7")))
		time.Sleep(time.Until(begin.Add(time.Hour + 4*time.Minute)))
		require.Empty(t, bodies(sink), "within the lateness a second client may still come")
		time.Sleep(2 * time.Minute)
		require.Equal(t, []string{"1 client (203.0.113.7) made the only request for /shell.aspx with this browser (Mozilla/5.0) on W3SVC1 at " +
			begin.Add(59*time.Minute).UTC().Format(time.RFC3339) + "; nobody else was seen to ask for the page"}, bodies(sink))
		require.NoError(t, h.Shutdown(t.Context()))
		require.Len(t, bodies(sink), 1, "nothing is left to flush")
	})
}

func TestForwarding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records, detections := new(consumertest.LogsSink), new(consumertest.LogsSink)
		h := start(t, hourly(), zap.NewNop(), records, detections)
		in := logs(time.Now(), "/a.aspx", "203.0.113.1")
		before := plog.NewLogs()
		in.CopyTo(before)
		require.NoError(t, h.ConsumeLogs(t.Context(), in))
		require.NoError(t, h.Shutdown(t.Context()))
		require.Equal(t, []plog.Logs{before}, records.AllLogs(), "records pass unchanged")
		require.Len(t, bodies(detections), 1)
		require.False(t, h.Capabilities().MutatesData)
	})
}

// fails is a consumer whose answers are given in advance; then it takes all.
type fails struct {
	consumertest.LogsSink
	mu      sync.Mutex
	answers []error
}

func (f *fails) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.answers) > 0 {
		err := f.answers[0]
		f.answers = f.answers[1:]
		if err != nil {
			return err
		}
	}
	return f.LogsSink.ConsumeLogs(ctx, ld)
}

var errFull = errors.New("queue full")

func TestARefusedRecordIsCountedOnceItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		detections := new(consumertest.LogsSink)
		h := start(t, hourly(), zap.NewNop(), &fails{answers: []error{errFull, errFull}}, detections)
		ld := logs(time.Now(), "/a.aspx", "203.0.113.1")
		require.ErrorIs(t, h.ConsumeLogs(t.Context(), ld), errFull)
		require.ErrorIs(t, h.ConsumeLogs(t.Context(), ld), errFull)
		require.Zero(t, h.engine.Stats().Requests())
		require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		require.NoError(t, h.Shutdown(t.Context()))
		require.Contains(t, bodies(detections)[0], "made the only request")
	})
}

func TestARecordRefusedForGoodIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		detections := new(consumertest.LogsSink)
		h := start(t, hourly(), zap.NewNop(), &fails{answers: []error{consumererror.NewPermanent(errFull)}}, detections)
		require.True(t, consumererror.IsPermanent(h.ConsumeLogs(t.Context(), logs(time.Now(), "/a.aspx", "203.0.113.1"))))
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/a.aspx", "203.0.113.2")))
		require.NoError(t, h.Shutdown(t.Context()))
		require.Empty(t, bodies(detections), "the sender does not offer it again, and it was the second client")
	})
}

func TestRefusedDetectionsAreSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fails{answers: make([]error, 3600)}
		for i := range next.answers {
			next.answers[i] = errFull
		}
		core, logged := observer.New(zap.InfoLevel)
		h := start(t, hourly(), zap.New(core), nil, next)
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/a.aspx", "203.0.113.1")))
		time.Sleep(2 * time.Hour)
		require.Equal(t, 1, h.engine.Stats().Waiting+len(bodies(&next.LogsSink)))
		time.Sleep(time.Hour)
		require.Len(t, bodies(&next.LogsSink), 1, "refused for an hour, then taken")
		require.Zero(t, h.engine.Stats().Waiting)
		require.Equal(t, 1, logged.FilterMessageSnippet("refuses detections").Len(), "said once, not at each try")
		require.Equal(t, 1, logged.FilterMessageSnippet("takes detections again").Len())
		require.NoError(t, h.Shutdown(t.Context()))
	})
}

func TestDetectionsRefusedForGoodAreSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zap.ErrorLevel)
		h := start(t, hourly(), zap.New(core), nil, consumertest.NewErr(consumererror.NewPermanent(errFull)))
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/a.aspx", "203.0.113.1")))
		require.NoError(t, h.Shutdown(t.Context()))
		require.Equal(t, 1, logged.FilterMessageSnippet("for good").Len())
	})
}

// blocks is a consumer that never answers before its context ends.
type blocks struct{ consumertest.LogsSink }

func (*blocks) ConsumeLogs(ctx context.Context, _ plog.Logs) error {
	<-ctx.Done()
	return ctx.Err()
}

// pauses is a consumer that takes an hour for its second call.
type pauses struct {
	consumertest.LogsSink
	calls int
}

func (p *pauses) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if p.calls++; p.calls == 2 {
		time.Sleep(time.Hour)
	}
	return p.LogsSink.ConsumeLogs(ctx, ld)
}

// What waits in a call is not late because of that: windows wait for it.
func TestWindowsWaitForCallsThatTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		h := start(t, hourly(), zap.NewNop(), new(pauses), sink)
		time.Sleep(50 * time.Minute)
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/page.aspx", "203.0.113.7")))
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/page.aspx", "203.0.113.8")))
		time.Sleep(time.Hour)
		require.Empty(t, bodies(sink), "the page has two clients")
		require.Zero(t, h.engine.Stats().Lost[engine.ReasonLate])
		require.NoError(t, h.Shutdown(t.Context()))
	})
}

func TestShutdownDoesNotHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logged := observer.New(zap.ErrorLevel)
		h := start(t, hourly(), zap.New(core), nil, new(blocks))
		require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/a.aspx", "203.0.113.1")))
		time.Sleep(2 * time.Hour) // the loop is blocked in the next consumer
		begin := time.Now()
		require.NoError(t, h.Shutdown(context.Background()))
		require.LessOrEqual(t, time.Since(begin), shutdownTimeout)
		require.Equal(t, 1, logged.FilterMessageSnippet("before the shutdown").Len())
		require.NoError(t, h.Shutdown(context.Background()), "a second time")
	})
}

// The shortest and the longest durations that may be configured, one by one and
// all at once: the component runs, and the only client of a page is found.
func TestExtremeDurations(t *testing.T) {
	const tenYears = 10 * 365 * 24 * time.Hour
	for name, change := range map[string]func(*Config){
		"idle_timeout 1ns":          func(c *Config) { c.IdleTimeout = 1 },
		"idle_timeout ten years":    func(c *Config) { c.IdleTimeout = tenYears },
		"allowed_lateness 0":        func(c *Config) { c.AllowedLateness = 0 },
		"allowed_lateness 1ns":      func(c *Config) { c.AllowedLateness = 1 },
		"allowed_lateness 10 years": func(c *Config) { c.AllowedLateness = tenYears },
		"window 1s":                 func(c *Config) { c.Window = time.Second },
		"window 10 years":           func(c *Config) { c.Window = tenYears },
		"every 1/1440 of 10 years":  func(c *Config) { c.Window, c.Every = tenYears, tenYears/1440 },
		"suppress_for 1ns":          func(c *Config) { c.SuppressFor = 1 },
		"suppress_for 10 years":     func(c *Config) { c.SuppressFor = tenYears },
		"all ten years": func(c *Config) {
			c.Window, c.AllowedLateness, c.IdleTimeout, c.SuppressFor = tenYears, tenYears, tenYears, tenYears
		},
		"all as short as can be": func(c *Config) {
			c.Window, c.AllowedLateness, c.IdleTimeout, c.SuppressFor = time.Second, 0, 1, 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := hourly()
				change(&cfg)
				sink := new(consumertest.LogsSink)
				h := start(t, cfg, zap.NewNop(), nil, sink)
				require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/a.aspx", "203.0.113.1")))
				time.Sleep(2 * time.Second)
				require.NoError(t, h.ConsumeLogs(t.Context(), logs(time.Now(), "/b.aspx", "203.0.113.1")))
				require.NoError(t, h.Shutdown(t.Context()))
				found := strings.Join(bodies(sink), " ")
				require.Contains(t, found, "/a.aspx")
				require.Contains(t, found, "/b.aspx")
			})
		})
	}
}

func TestManySendersAndWindowsThatClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		cfg := hourly()
		cfg.Window = time.Minute
		cfg.SuppressFor = 0
		h := start(t, cfg, zap.NewNop(), consumertest.NewNop(), sink)
		var senders sync.WaitGroup
		for i := range 8 {
			senders.Go(func() {
				for range 50 {
					ld := plog.NewLogs()
					for k := range 20 {
						request(ld, time.Now(), fmt.Sprintf("/page%d.aspx", k), fmt.Sprintf("203.0.113.%d", i))
					}
					request(ld, time.Now(), fmt.Sprintf("/own%d.aspx", i), "203.0.113.200")
					if err := h.ConsumeLogs(context.Background(), ld); err != nil {
						t.Error(err)
					}
					time.Sleep(30 * time.Second)
				}
			})
		}
		senders.Wait()
		require.NoError(t, h.Shutdown(t.Context()))
		got := bodies(sink)
		require.GreaterOrEqual(t, len(got), 8*25, "each sender's own page in each minute")
		for _, body := range got {
			require.Contains(t, body, "/own", "the pages of all senders have eight clients")
		}
		require.EqualValues(t, 8*50*21, h.engine.Stats().Requests())
	})
}
