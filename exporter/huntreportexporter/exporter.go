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
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/exporter/huntreportexporter/internal/metadata"
	"github.com/iishunt/iishunt/internal/detection"
	"github.com/iishunt/iishunt/internal/report"
)

// restraint is the least time between two writes, in multiples of what the last
// one took. So a large report costs at most a tenth of one processor.
const restraint = 10

// reportExporter is the exporter. ConsumeLogs only keeps detections, and never fails;
// one goroutine writes them.
type reportExporter struct {
	cfg       *Config
	log       *zap.Logger
	version   string
	telemetry *metadata.TelemetryBuilder
	disk      report.FS

	stop   chan struct{} // closed by Shutdown; nil before Start
	done   chan struct{} // closed when the writer has ended
	change chan struct{} // holds one element when there is something to write

	mu      sync.Mutex // guards everything declared below
	store   *report.Store
	ignored int64
	failing bool
}

func newExporter(cfg *Config, log *zap.Logger, version string, telemetry *metadata.TelemetryBuilder, disk report.FS) *reportExporter {
	return &reportExporter{
		cfg: cfg, log: log, version: version, telemetry: telemetry, disk: disk,
		change: make(chan struct{}, 1), store: report.NewStore(cfg.MaxFindings),
	}
}

// Capabilities says that records are only read.
func (r *reportExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start reads the report that is there, and writes one at once: if the folder
// cannot be written, that must not be found out days later.
func (r *reportExporter) Start(ctx context.Context, _ component.Host) error {
	if err := r.restore(); err != nil {
		return err
	}
	for _, path := range []string{r.cfg.Path, r.cfg.NDJSONPath} {
		if path == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
	}
	if err := r.write(ctx); err != nil {
		return fmt.Errorf("path: the report cannot be written: %w", err)
	}
	r.stop, r.done = make(chan struct{}), make(chan struct{})
	go r.writer(context.WithoutCancel(ctx))
	return nil
}

// restore takes over what is there. A file that is something else is left
// alone, whatever append says.
func (r *reportExporter) restore() error {
	doc, err := report.ReadFile(r.cfg.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("path: %w; name another file, or move this one away", err)
	}
	if !r.cfg.Append {
		return nil
	}
	if bad := r.store.Restore(doc); bad > 0 {
		r.log.Warn("Some detections of the report that was there cannot be used", zap.String("path", r.cfg.Path), zap.Int64("detections", bad))
	}
	r.ignored = max(doc.Ignored, 0)
	return nil
}

// ConsumeLogs keeps the detections among the records.
func (r *reportExporter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	var outcomes [3]int64
	r.mu.Lock()
	for lr := range detection.Records(ld) {
		if outcome, ok := r.take(lr); ok {
			outcomes[outcome]++
		}
	}
	r.ignored += outcomes[report.Ignored]
	r.mu.Unlock()
	for outcome, name := range []string{"added", "repeated", "ignored"} {
		if n := outcomes[outcome]; n > 0 {
			r.telemetry.ExporterHuntReportRecords.Add(ctx, n, metric.WithAttributes(attribute.String("outcome", name)))
		}
	}
	select {
	case r.change <- struct{}{}:
	default: // the writer has not taken the last change yet
	}
	return nil
}

// take puts a record into the store. ok is false where there is nothing to count.
func (r *reportExporter) take(lr plog.LogRecord) (outcome report.Outcome, ok bool) {
	switch detection.EventOf(lr) {
	case detection.Silent:
		return 0, false
	case detection.Correction:
		id, client, withdrawn := detection.ReadCorrection(lr)
		if withdrawn {
			r.store.Withdraw(id)
		} else {
			r.store.AddClient(id, client)
		}
		return 0, false
	case detection.Detection:
		if d, ok := detection.Read(lr); ok {
			return r.store.Add(d), true
		}
	}
	return report.Ignored, true
}

// writer writes after each change, but lets FlushInterval pass between writes.
func (r *reportExporter) writer(ctx context.Context) {
	defer close(r.done)
	for {
		select {
		case <-r.stop:
			return
		case <-r.change:
		}
		begin := time.Now()
		if err := r.write(ctx); err != nil {
			select {
			case r.change <- struct{}{}: // try again
			default:
			}
		}
		select {
		case <-r.stop:
			return
		case <-time.After(max(r.cfg.FlushInterval, restraint*time.Since(begin))):
		}
	}
}

// write writes the files. It logs the first of several errors in a row.
func (r *reportExporter) write(ctx context.Context) error {
	r.mu.Lock()
	doc := r.store.Document(r.cfg.Title, r.version, time.Now())
	doc.Ignored = r.ignored
	r.mu.Unlock()

	err := report.WriteFile(r.disk, r.cfg.Path, doc.WriteHTML)
	if err == nil && r.cfg.NDJSONPath != "" { // else the old pair stays as it is
		err = errors.Join(err, report.WriteFile(r.disk, r.cfg.NDJSONPath, doc.WriteNDJSON))
	}
	r.telemetry.ExporterHuntReportWrites.Add(ctx, 1, metric.WithAttributes(attribute.Bool("written", err == nil)))
	r.telemetry.ExporterHuntReportLeftOut.Record(ctx, doc.LeftOut)

	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil && !r.failing:
		r.log.Error("The report cannot be written; the old one is kept and it is tried again", zap.String("path", r.cfg.Path), zap.Error(err))
	case err == nil && r.failing:
		r.log.Info("The report is written again", zap.String("path", r.cfg.Path))
	}
	r.failing = err != nil
	return err
}

// Shutdown writes the last state.
func (r *reportExporter) Shutdown(ctx context.Context) error {
	defer r.telemetry.Shutdown()
	if r.stop == nil {
		return nil
	}
	close(r.stop)
	<-r.done
	r.stop = nil
	var err error
	select {
	case <-r.change:
		err = r.write(ctx)
	default: // nothing came since the last write
	}
	return err
}
