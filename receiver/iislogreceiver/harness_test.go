// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/storagetest"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadatatest"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// What is kept in storage and with a file's offset: see internal/tail.
const (
	checkpointKey = "knownFiles"
	archiveKey    = "knownFilesArchiveIndex"
	shortKey      = "iishunt.young"
	stateKey      = "iishunt.w3c.state"
)

const (
	soon = time.Minute // a busy machine takes its time
	tick = 5 * time.Millisecond
)

// memory is a storage extension whose only client keeps everything over
// restarts, as file_storage does.
type memory struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex
	values map[string][]byte
	polls  int
	opened int
	// lost: what is written is not kept, as if the Collector was killed before.
	lost bool
	// fail, if set, may refuse an operation with an error.
	fail func(*storage.Operation) error
	// tear, if set, may refuse a whole batch; the given number of its operations
	// are done nevertheless, as in a storage whose batches can be torn.
	tear func([]*storage.Operation) (done int, err error)
	// failClose is what Close returns.
	failClose error
	// ended gets something at the end of a poll.
	ended chan struct{}
}

var memoryID = component.MustNewID("memory")

func newMemory() *memory { return &memory{values: map[string][]byte{}, ended: make(chan struct{}, 1)} }

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opened++
	return memoryClient{m}, nil
}

// polled is how many polls have ended.
func (m *memory) polled() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.polls
}

type memoryClient struct{ m *memory }

func (c memoryClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c memoryClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c memoryClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c memoryClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	for _, op := range ops {
		if op.Type == storage.Set && op.Key == archiveKey {
			c.m.polls++
			select {
			case c.m.ended <- struct{}{}:
			default:
			}
		}
		if c.m.fail != nil {
			if err := c.m.fail(op); err != nil {
				return err // and nothing of the batch is kept
			}
		}
	}
	var torn error
	if c.m.tear != nil {
		var done int
		if done, torn = c.m.tear(ops); torn != nil {
			ops = ops[:min(done, len(ops))]
		}
	}
	for _, op := range ops {
		switch {
		case op.Type == storage.Get:
			op.Value = c.m.values[op.Key]
		case c.m.lost:
		case op.Type == storage.Set:
			c.m.values[op.Key] = op.Value
		case op.Type == storage.Delete:
			delete(c.m.values, op.Key)
		}
	}
	return torn
}

// behave changes how the storage works.
func (m *memory) behave(lost bool, fail func(*storage.Operation) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost, m.fail = lost, fail
}

func (c memoryClient) Close(context.Context) error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.opened--
	return c.m.failClose
}

// fixture is a receiver on a folder of its own.
type fixture struct {
	t    *testing.T
	dir  string
	cfg  *Config
	sink *consumertest.LogsSink
	next consumer.Logs
	mem  *memory
	tel  *componenttest.Telemetry
	logs *observer.ObservedLogs
	rcv  receiver.Logs
}

// newFixture reads *.log below a new folder, from the beginning, without
// storage. What it tells of its reading is for progress_test.go.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), cfg: createDefaultConfig().(*Config), sink: new(consumertest.LogsSink), mem: newMemory()}
	f.next = f.sink
	f.cfg.Include = []string{filepath.Join(f.dir, "**", "*.log")}
	f.cfg.StartAt = "beginning"
	f.cfg.Progress.Enabled = false
	f.cfg.PollInterval = 10 * time.Millisecond
	f.cfg.RetryOnFailure.InitialInterval = time.Millisecond
	f.cfg.RetryOnFailure.MaxInterval = time.Millisecond
	return f
}

func (f *fixture) store() {
	f.cfg.StorageID = &memoryID
	f.cfg.PollsToArchive = 10
}

// start starts a new receiver with telemetry of its own; it is stopped at the
// end of the test if the test does not stop it.
func (f *fixture) start() {
	f.t.Helper()
	require.NoError(f.t, f.cfg.Validate())
	if f.tel == nil {
		f.t.Cleanup(func() {
			f.stop()
			require.NoError(f.t, f.tel.Shutdown(context.Background()))
		})
	} else {
		require.NoError(f.t, f.tel.Shutdown(context.Background()))
	}
	tel := componenttest.NewTelemetry()
	f.tel = tel
	set := metadatatest.NewSettings(tel)
	set.ID = component.NewID(metadata.Type)
	core, logs := observer.New(zapcore.InfoLevel)
	f.logs = logs
	set.Logger = zap.New(core)
	rcv, err := NewFactory().CreateLogs(f.t.Context(), set, f.cfg, f.next)
	require.NoError(f.t, err)
	require.NoError(f.t, rcv.Start(f.t.Context(), storagetest.Host{memoryID: f.mem}))
	f.rcv = rcv
}

func (f *fixture) stop() {
	f.t.Helper()
	require.NoError(f.t, f.rcv.Shutdown(context.Background()))
}

func (f *fixture) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *fixture) write(name, content string) {
	f.t.Helper()
	require.NoError(f.t, os.MkdirAll(filepath.Dir(f.path(name)), 0o750))
	require.NoError(f.t, os.WriteFile(f.path(name), []byte(content), 0o600))
}

func (f *fixture) append(name, content string) {
	f.t.Helper()
	file, err := os.OpenFile(f.path(name), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(f.t, err)
	_, err = file.WriteString(content)
	require.NoError(f.t, err)
	require.NoError(f.t, file.Close())
}

// encoder returns what writes text in an encoding.
func encoder(t *testing.T, name string) func(string) string {
	if tail.IsUTF8(name) {
		return func(s string) string { return s }
	}
	enc, err := tail.LookupEncoding(name)
	require.NoError(t, err)
	return func(s string) string {
		t.Helper()
		b, err := enc.NewEncoder().String(s)
		require.NoError(t, err)
		return b
	}
}

// overwrite puts content into a file in place.
func (f *fixture) overwrite(at int, content string) {
	f.t.Helper()
	file, err := os.OpenFile(f.path("a.log"), os.O_WRONLY, 0)
	require.NoError(f.t, err)
	_, err = file.WriteAt([]byte(content), int64(at))
	require.NoError(f.t, err)
	require.NoError(f.t, file.Close())
}

// eventually waits until a condition holds.
func (f *fixture) eventually(cond func() bool, msg string) {
	f.t.Helper()
	require.Eventually(f.t, cond, soon, tick, msg)
}

// waitRecords waits until the sink has n records.
func (f *fixture) waitRecords(n int) {
	f.t.Helper()
	f.eventually(func() bool { return f.sink.LogRecordCount() >= n }, "not enough records")
	require.Equal(f.t, n, f.sink.LogRecordCount())
}

// polls waits until fileconsumer has ended two more polls, so that all that
// was in the folder before has been read. Needs storage, which sees the end.
func (f *fixture) polls() {
	f.t.Helper()
	before := f.mem.polled()
	timeout := time.After(soon)
	for f.mem.polled() < before+2 {
		select {
		case <-f.mem.ended:
		case <-timeout:
			f.t.Fatal("no polls")
		}
	}
}

// records are all that the sink has, in order.
func (f *fixture) records() []plog.LogRecord { return recordsOf(f.sink.AllLogs()) }

func recordsOf(all []plog.Logs) []plog.LogRecord {
	var out []plog.LogRecord
	for _, logs := range all {
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					out = append(out, lr)
				}
			}
		}
	}
	return out
}

// attrOf returns an attribute as text, "" if there is none.
func attrOf(lr plog.LogRecord, key string) string {
	v, ok := lr.Attributes().Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// attrs returns one attribute of every record.
func (f *fixture) attrs(key string) []string {
	var out []string
	for _, lr := range f.records() {
		out = append(out, attrOf(lr, key))
	}
	return out
}

// metric sums a counter's points by the value of one of their attributes; with
// "" as the key everything is under "".
func (f *fixture) metric(name, key string) map[string]int64 {
	m, err := f.tel.GetMetric(name)
	if err != nil {
		return map[string]int64{}
	}
	out := map[string]int64{}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		v, _ := p.Attributes.Value(attribute.Key(key))
		out[v.AsString()] += p.Value
	}
	return out
}

// lines is the number of lines read.
func (f *fixture) lines() int64 {
	var n int64
	for _, v := range f.metric("otelcol_receiver_iis_log_lines", "kind") {
		n += v
	}
	return n
}

// messages are what the log was told at a level.
func (f *fixture) messages(level zapcore.Level) []string {
	var out []string
	for _, e := range f.logs.FilterLevelExact(level).All() {
		out = append(out, e.Message)
	}
	return out
}
