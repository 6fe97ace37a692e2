// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"compress/gzip"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap/zapcore"

	"github.com/iishunt/iishunt/internal/storagetest"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/deliver"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
)

// scripted is a consumer that answers each call as its script says, and takes
// everything once the script is over.
type scripted struct {
	consumertest.LogsSink
	mu     sync.Mutex
	script []func(context.Context, plog.Logs) error
	calls  int
}

func (s *scripted) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	s.mu.Lock()
	s.calls++
	var answer func(context.Context, plog.Logs) error
	if len(s.script) > 0 {
		answer, s.script = s.script[0], s.script[1:]
	}
	s.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, logs); err != nil {
			return err
		}
	}
	return s.LogsSink.ConsumeLogs(ctx, logs)
}

func (s *scripted) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func fails(err error) func(context.Context, plog.Logs) error {
	return func(context.Context, plog.Logs) error { return err }
}

// blocks holds a call until its context ends.
func blocks(ctx context.Context, _ plog.Logs) error {
	<-ctx.Done()
	return ctx.Err()
}

func (f *fixture) script(answers ...func(context.Context, plog.Logs) error) *scripted {
	s := &scripted{script: answers}
	f.next, f.sink = s, &s.LogsSink
	return s
}

var errBusy = errors.New("sending queue is full")

func TestRefusedBatchIsOfferedAgain(t *testing.T) {
	f := newFixture(t)
	f.store()
	s := f.script(fails(errBusy), fails(errBusy), fails(errBusy), nil, nil, fails(errBusy))
	f.write("a.log", header+lines1(0, 2500))
	f.start()
	f.waitRecords(2500)
	f.polls()
	f.stop()
	requirePaths(t, f, 0, 2500)
	require.Equal(t, 7, s.called())
	for _, logs := range f.sink.AllLogs() {
		require.LessOrEqual(t, logs.LogRecordCount(), deliver.MaxRecords)
	}
	// Each time once, however many attempts it took.
	require.Equal(t, slices.Repeat([]string{"Records are refused; reading waits and they are offered again"}, 2), f.messages(zapcore.WarnLevel))
	require.Equal(t, 2, f.logs.FilterMessage("Records are accepted again").Len())
	require.Equal(t, map[string]int64{"": 2500}, f.metric("otelcol_receiver_accepted_log_records", ""))
	require.Empty(t, f.metric("otelcol_receiver_iis_log_records_dropped", ""))
}

func TestOnlyThePartThatFailedIsOfferedAgain(t *testing.T) {
	f := newFixture(t)
	f.script(func(_ context.Context, logs plog.Logs) error {
		part := plog.NewLogs()
		logs.CopyTo(part)
		n := 0
		part.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool {
			n++
			return n <= 3
		})
		return consumererror.NewLogs(errBusy, part)
	})
	f.write("a.log", header+lines1(0, 5))
	f.start()
	f.waitRecords(2)
	require.Equal(t, []string{"/p3.aspx", "/p4.aspx"}, f.attrs("url.path"))
}

func TestRecordsThatAreRefusedForGoodAreDroppedAndCounted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		err    error
	}{
		"permanent error":         {func(*Config) {}, consumererror.NewPermanent(errBusy)},
		"retry_on_failure is off": {func(c *Config) { c.RetryOnFailure.Enabled = false }, errBusy},
		"max_elapsed_time is over": {func(c *Config) {
			// The first wait would end after the time is over, so there is none.
			c.RetryOnFailure.InitialInterval = time.Hour
			c.RetryOnFailure.MaxInterval = time.Hour
			c.RetryOnFailure.MaxElapsedTime = time.Hour
			c.RetryOnFailure.RandomizationFactor = 0
		}, errBusy},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.store()
			c.change(f.cfg)
			f.script(fails(c.err))
			f.write("a.log", header+lines1(0, 1005))
			f.start()
			f.waitRecords(5)
			f.polls()
			f.stop()
			requirePaths(t, f, 1000, 1005)
			require.Equal(t, map[string]int64{"": 1000}, f.metric("otelcol_receiver_iis_log_records_dropped", ""))
			require.Equal(t, map[string]int64{"": 1000}, f.metric("otelcol_receiver_refused_log_records", ""))
			require.Len(t, f.messages(zapcore.ErrorLevel), 1)
		})
	}
}

// stopWith writes two batches, of which the next consumer takes the first and
// does not take the second, and stops the receiver then.
func stopWith(t *testing.T, answer func(context.Context, plog.Logs) error) *fixture {
	t.Helper()
	f := newFixture(t)
	f.store()
	f.cfg.RetryOnFailure.InitialInterval = time.Hour
	f.write("a.log", header+lines1(0, 5))
	s := f.script(nil, nil, answer)
	f.start()
	f.waitRecords(5)
	f.polls()
	tooShort := strings.ReplaceAll(lines1(5, 1500), " 192.0.2.1 GET", " x")
	f.append("a.log", header2+tooShort+header+lines1(1500, 1510))
	f.eventually(func() bool { return s.called() >= 3 }, "the second batch was not offered")
	f.stop()
	return f
}

func TestUndeliveredBatchIsReadAgainAfterARestart(t *testing.T) {
	for name, answer := range map[string]func(context.Context, plog.Logs) error{
		"the consumer is blocked": blocks,
		"the consumer is busy":    fails(errBusy),
	} {
		t.Run(name, func(t *testing.T) {
			f := stopWith(t, answer)
			f.script()
			f.start()
			f.eventually(func() bool { return slices.Contains(f.attrs("url.path"), "/p1509.aspx") }, "not read again")
			f.polls()
			f.stop()
			// Everything since the last checkpoint, and nothing before it.
			kinds := f.metric("otelcol_receiver_iis_log_lines", "kind")
			require.Equal(t, map[string]int64{"error": 1495, "record": 10, "directive": 8}, kinds)
		})
	}
}

func TestShutdownDeliversWhatWasRead(t *testing.T) {
	f := newFixture(t)
	f.store()
	entered, release := make(chan struct{}), make(chan struct{})
	f.script(func(context.Context, plog.Logs) error {
		close(entered)
		<-release
		return nil
	})
	f.write("a.log", header+lines1(0, 3500))
	f.start()
	<-entered
	const waiting = "otelcol_receiver_iis_log_files_waiting"
	require.Equal(t, map[string]int64{"": 1}, f.metric(waiting, ""))
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.stop()
	}()
	close(release)
	<-done
	require.Equal(t, map[string]int64{"": 0}, f.metric(waiting, ""))
	first := f.sink.LogRecordCount()
	require.Positive(t, first)

	next := f.sink
	f.start()
	f.eventually(func() bool { return next.LogRecordCount() >= 3500 }, "not all lines were read")
	f.polls()
	requirePaths(t, f, 0, 3500) // none twice
}

func TestShutdownDoesNotWaitForAConsumerThatIgnoresItsContext(t *testing.T) {
	f := newFixture(t)
	release := make(chan struct{})
	s := f.script(func(context.Context, plog.Logs) error {
		<-release
		return errBusy
	})
	f.write("a.log", header+line1(0))
	f.start()
	f.eventually(func() bool { return s.called() > 0 }, "not read")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, f.rcv.Shutdown(ctx), context.DeadlineExceeded)
	close(release)
}

func TestShutdownWithoutStartAndTwice(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Include = []string{"*.log"}
	r, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))

	f := newFixture(t)
	f.store()
	f.start()
	f.stop()
	f.stop()
	require.Zero(t, f.mem.opened, "the storage client is left open")
}

// A compressed file is saved as read to its end when reading is stopped in it.
func TestStoppedInACompressedFile(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.Compression = "gzip"
	f.cfg.Include = []string{f.path("*.gz")}
	file, err := os.Create(f.path("a.log.gz"))
	require.NoError(t, err)
	z := gzip.NewWriter(file)
	const n = 200_000 // more than the 100 chunks that one callback gets
	_, err = z.Write([]byte(header + lines1(0, n)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, file.Close())

	entered := make(chan struct{})
	f.script(func(ctx context.Context, logs plog.Logs) error {
		close(entered)
		return blocks(ctx, logs)
	})
	f.start()
	<-entered
	f.stop()

	f.script()
	f.start()
	f.eventually(func() bool { return f.sink.LogRecordCount() >= n }, "the rest of the file is lost")
}

func TestStorageThatCannotBeUsedIsNamed(t *testing.T) {
	for text, hosts := range map[string]storagetest.Host{
		"is not in service::extensions": {},
		"is not a storage extension": {memoryID: struct {
			component.StartFunc
			component.ShutdownFunc
		}{}},
	} {
		cfg := createDefaultConfig().(*Config)
		cfg.Include, cfg.StorageID = []string{"*.log"}, &memoryID
		r, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.ErrorContains(t, r.Start(t.Context(), hosts), text)
		require.NoError(t, r.Shutdown(t.Context()))
	}
}
