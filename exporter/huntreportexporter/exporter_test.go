// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package huntreportexporter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/exporter/huntreportexporter/internal/metadata"
	"github.com/iishunt/iishunt/exporter/huntreportexporter/internal/metadatatest"
	"github.com/iishunt/iishunt/internal/detection/detectiontest"
	"github.com/iishunt/iishunt/internal/report"
)

var errFull = errors.New("no space left on device")

// disk is the real one while it is not full, and counts the writes.
type disk struct {
	report.Disk
	full    atomic.Bool
	created atomic.Int64
}

func (d *disk) Create(path string, mode fs.FileMode) (report.File, error) {
	d.created.Add(1)
	if d.full.Load() {
		return nil, errFull
	}
	return d.Disk.Create(path, mode)
}

type fixture struct {
	*testing.T
	cfg  *Config
	disk *disk
	tel  *componenttest.Telemetry
	logs *observer.ObservedLogs
	*reportExporter
}

// newFixture makes an exporter; its flush interval is virtual time in a bubble.
func newFixture(t *testing.T, change ...func(*Config)) *fixture {
	f := &fixture{T: t, cfg: createDefaultConfig().(*Config), disk: &disk{}, tel: componenttest.NewTelemetry()}
	f.cfg.Path = filepath.Join(t.TempDir(), "folder", "hunt.html")
	for _, c := range change {
		c(f.cfg)
	}
	f.make()
	t.Cleanup(func() { require.NoError(t, f.tel.Shutdown(context.WithoutCancel(t.Context()))) })
	return f
}

func (f *fixture) make() {
	core, logs := observer.New(zapcore.InfoLevel)
	telemetry, err := metadata.NewTelemetryBuilder(f.tel.NewTelemetrySettings())
	require.NoError(f, err)
	f.logs = logs
	f.reportExporter = newExporter(f.cfg, zap.New(core), "v1", telemetry, f.disk)
}

func (f *fixture) start() {
	f.Helper()
	require.NoError(f, f.Start(f.Context(), componenttest.NewNopHost()))
}

func (f *fixture) shutdown() {
	f.Helper()
	require.NoError(f, f.Shutdown(f.Context()))
}

// paths returns those of the findings in the file.
func (f *fixture) paths() []string {
	f.Helper()
	doc, err := report.ReadFile(f.cfg.Path)
	require.NoError(f, err)
	var out []string
	for _, finding := range doc.Findings {
		out = append(out, finding.Path)
	}
	return out
}

func TestWritesAtStartAfterChangesAndAtShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.start()
		require.Empty(t, f.paths(), "at the start there is a report already")
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/a.aspx")))
		synctest.Wait()
		require.Equal(t, []string{"/a.aspx"}, f.paths(), "the first change is written at once")
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/b.aspx")))
		synctest.Wait()
		require.Len(t, f.paths(), 1, "the next one not before the interval is over")
		time.Sleep(f.cfg.FlushInterval)
		synctest.Wait()
		require.Len(t, f.paths(), 2)
		writes := f.disk.created.Load()
		time.Sleep(time.Hour)
		require.Equal(t, writes, f.disk.created.Load(), "without a change nothing is written")
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/c.aspx")))
		synctest.Wait()
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/d.aspx")))
		f.shutdown()
		require.Len(t, f.paths(), 4, "shutdown writes what the interval still held back")
		f.shutdown() // twice is harmless
	})
}

func TestFullDiskKeepsTheOldReportAndIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.start()
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/a.aspx")))
		synctest.Wait()
		time.Sleep(f.cfg.FlushInterval)
		f.disk.full.Store(true)
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/b.aspx")), "the pipeline is not stopped")
		time.Sleep(10 * f.cfg.FlushInterval)
		require.Equal(t, []string{"/a.aspx"}, f.paths())
		require.Equal(t, 1, f.logs.FilterLevelExact(zapcore.ErrorLevel).Len(), "it is said once")
		f.disk.full.Store(false)
		time.Sleep(f.cfg.FlushInterval)
		synctest.Wait()
		require.Len(t, f.paths(), 2, "nothing was dropped meanwhile")
		require.Equal(t, 1, f.logs.FilterMessage("The report is written again").Len())
		f.disk.full.Store(true)
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/c.aspx")))
		require.ErrorIs(t, f.Shutdown(t.Context()), errFull, "what cannot be written at the end is an error")
	})
}

func TestPathThatCannotBeWrittenStopsTheStart(t *testing.T) {
	f := newFixture(t)
	f.disk.full.Store(true)
	require.ErrorIs(t, f.Start(t.Context(), componenttest.NewNopHost()), errFull)
	f.shutdown()

	f = newFixture(t)
	require.NoError(t, os.WriteFile(filepath.Dir(f.cfg.Path), nil, 0o600))
	require.Error(t, f.Start(t.Context(), componenttest.NewNopHost()), "a file where the folder should be")
	f.shutdown()
}

func TestFileThatIsNoReportIsLeftAlone(t *testing.T) {
	for _, appendTo := range []bool{true, false} {
		f := newFixture(t, func(c *Config) { c.Append = appendTo })
		require.NoError(t, os.MkdirAll(filepath.Dir(f.cfg.Path), 0o750))
		require.NoError(t, os.WriteFile(f.cfg.Path, []byte("<html>my page</html>"), 0o600))
		err := f.Start(t.Context(), componenttest.NewNopHost())
		require.ErrorIs(t, err, report.ErrNotAReport)
		require.ErrorContains(t, err, "name another file")
		got, err := os.ReadFile(f.cfg.Path)
		require.NoError(t, err)
		require.Equal(t, "<html>my page</html>", string(got))
		f.shutdown()
	}
}

func TestRestart(t *testing.T) {
	for _, tt := range []struct {
		append bool
		want   []string
	}{
		{true, []string{"/a.aspx", "/b.aspx"}},
		{false, []string{"/b.aspx"}},
	} {
		f := newFixture(t, func(c *Config) { c.Append = tt.append })
		f.start()
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/a.aspx")))
		f.shutdown()
		f.make()
		f.start()
		require.NoError(t, f.ConsumeLogs(t.Context(), detectiontest.Logs("/b.aspx")))
		f.shutdown()
		require.Equal(t, tt.want, f.paths(), "append: %v", tt.append)
	}
}

func TestConcurrentConsumersAndRedelivery(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.NDJSONPath = filepath.Join(t.TempDir(), "hunt.ndjson") })
	f.start()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				if err := f.ConsumeLogs(t.Context(), detectiontest.Logs(fmt.Sprintf("/%d.aspx", (i*25+j)%225))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f.shutdown()
	require.Len(t, f.paths(), 225)
	lines, err := os.ReadFile(f.cfg.NDJSONPath)
	require.NoError(t, err)
	require.Equal(t, 225, strings.Count(string(lines), "\n"))
}

func TestMetrics(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.MaxFindings = 1 })
	f.start()
	ld := detectiontest.Logs("/a.aspx", "/a.aspx", "/b.aspx")
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty().Body().SetStr("a log line that was forwarded")
	require.NoError(t, f.ConsumeLogs(t.Context(), ld))
	f.shutdown()
	count := func(key string, value attribute.Value, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.KeyValue{Key: attribute.Key(key), Value: value}), Value: n}
	}
	metadatatest.AssertEqualExporterHuntReportRecords(t, f.tel, []metricdata.DataPoint[int64]{
		count("outcome", attribute.StringValue("added"), 2),
		count("outcome", attribute.StringValue("repeated"), 1),
		count("outcome", attribute.StringValue("ignored"), 1),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterHuntReportLeftOut(t, f.tel, []metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterHuntReportWrites(t, f.tel, []metricdata.DataPoint[int64]{
		count("written", attribute.BoolValue(true), 2),
	}, metricdatatest.IgnoreTimestamp())
	doc, err := report.ReadFile(f.cfg.Path)
	require.NoError(t, err)
	require.EqualValues(t, 1, doc.Ignored)
	require.EqualValues(t, 1, doc.LeftOut)
}

func TestConfigErrorsNameTheKey(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"path: ":           func(c *Config) { c.Path = "" },
		"ndjson_path: ":    func(c *Config) { c.NDJSONPath = "./hunt.html" },
		"flush_interval: ": func(c *Config) { c.FlushInterval = 0 },
		"max_findings: 0":  func(c *Config) { c.MaxFindings = 0 },
		"1 to 100000":      func(c *Config) { c.MaxFindings = 100_001 },
	} {
		c := createDefaultConfig().(*Config)
		c.Path = "hunt.html"
		require.NoError(t, c.Validate())
		change(c)
		require.ErrorContains(t, c.Validate(), want)
	}
}

// A report that cannot be replaced and findings of another hunt beside it would
// not belong together.
func TestAReportThatCannotBeWrittenLeavesTheFindingsBesideIt(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Append = false })
	f.cfg.NDJSONPath = filepath.Join(filepath.Dir(f.cfg.Path), "hunt.ndjson")
	require.NoError(t, os.MkdirAll(filepath.Dir(f.cfg.Path), 0o750))
	require.NoError(t, os.WriteFile(f.cfg.NDJSONPath, []byte("old\n"), 0o600))
	inTheWay := filepath.Join(filepath.Dir(f.cfg.Path), ".hunt.html.tmp", "x")
	require.NoError(t, os.MkdirAll(inTheWay, 0o750))
	require.Error(t, f.Start(t.Context(), componenttest.NewNopHost()))
	f.shutdown()
	old, err := os.ReadFile(f.cfg.NDJSONPath)
	require.NoError(t, err)
	require.Equal(t, "old\n", string(old))
}
