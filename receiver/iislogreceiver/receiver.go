// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"golang.org/x/text/encoding"

	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
)

// shutdownGrace is how long Shutdown waits for the batches that were read to
// be taken, before they are left for after the restart.
const shutdownGrace = 2 * time.Second

// iisReceiver reads log files with a fileManager, whose callback is emit.
type iisReceiver struct {
	cfg    *Config
	set    receiver.Settings
	logger *zap.Logger
	now    func() time.Time

	// run is different for each run of the receiver.
	run string

	scopeName, scopeVersion string

	schemas       w3c.Cache
	defaultSchema *w3c.Schema
	plans         planCache
	proxies       *proxies
	said          said
	young         *youngFiles
	meters        *meters
	deliverer     *deliverer
	workers       sync.Pool
	// chunks: a token is many lines, as they are in the file; else one line,
	// decoded from encoding.
	chunks   bool
	encoding encoding.Encoding
	// cutLength is how long a token without a line ending must be, in bytes of
	// the file, to be a piece of a line that is too long.
	cutLength int64

	// delivery is the context of ConsumeLogs; it outlives that of reading by
	// shutdownGrace.
	delivery       context.Context
	cancelDelivery context.CancelFunc
	manager        *fileManager
	checkpoint     *checkpoint
	closed         bool
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*iisReceiver, error) {
	m, err := newMeters(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: "file", LongLivedCtx: true, ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, err
	}
	r := &iisReceiver{
		cfg:           cfg,
		set:           set,
		logger:        set.Logger,
		now:           time.Now,
		run:           strconv.FormatInt(time.Now().UnixNano(), 36) + "-",
		scopeName:     metadata.ScopeName,
		scopeVersion:  set.BuildInfo.Version,
		defaultSchema: w3c.ParseSchema(cfg.DefaultFields),
		plans:         planCache{choice: newColumnChoice(cfg.Fields), header: cfg.ClientAddress.Header},
		proxies:       newProxies(cfg.ClientAddress),
		young:         newYoungFiles(int64(cfg.FingerprintSize), time.Minute+10*cfg.PollInterval, time.Now),
		meters:        m,
		deliverer:     &deliverer{next: next, retry: cfg.RetryOnFailure, obs: obs, meters: m, logger: set.Logger},
		chunks:        isUTF8(cfg.Encoding),
		cutLength:     int64(cfg.MaxLogSize) - 3, // whole code units, see splitLines
	}
	if !r.chunks {
		if r.encoding, err = lookupEncoding(cfg.Encoding); err != nil {
			return nil, err
		}
		r.young.decode = r.decode
	}
	r.workers.New = func() any { return newWorker(r) }
	return r, nil
}

// Start opens the storage and begins to poll.
func (r *iisReceiver) Start(ctx context.Context, host component.Host) error {
	r.delivery, r.cancelDelivery = context.WithCancel(context.Background())
	var keep persister
	if r.cfg.StorageID != nil {
		c, err := openCheckpoint(ctx, host, *r.cfg.StorageID, r.set.ID, r.young, r.meters)
		if c != nil {
			r.checkpoint = c
			keep = c
		}
		if err != nil {
			return err
		}
	}
	set := r.set.TelemetrySettings
	set.Logger = sayOnce(set.Logger, 10*r.cfg.PollInterval+time.Minute)
	ends := tails{
		due:     newLastLines(r.cfg.FlushPeriod, r.cfg.PollInterval, r.now).due,
		settled: newLastLines(min(10*r.cfg.PollInterval, maxHoleAge), r.cfg.PollInterval, r.now).due,
	}
	manager, err := buildManager(r.cfg.FileConfig, set, r.emit, ends)
	if err != nil {
		return err
	}
	r.sayFiles()
	if err := manager.Start(keep); err != nil {
		if r.checkpoint != nil {
			// Stop saves what the manager knows, which is nothing.
			r.checkpoint.freeze()
		}
		return fmt.Errorf("start reading: %w", errors.Join(err, manager.Stop()))
	}
	r.manager = manager
	return nil
}

// sayFiles tells a user what the files that are there mean for the
// configuration. That none is there fileconsumer says only at debug level, at
// every poll.
func (r *iisReceiver) sayFiles() {
	files, err := matchingFiles(&r.cfg.FileConfig)
	if len(files) == 0 {
		r.logger.Warn("No file matches include yet; check the pattern, and that the Collector's account may read the folder",
			zap.String("include", strings.Join(r.cfg.Include, ", ")),
			zap.String("exclude", strings.Join(r.cfg.Exclude, ", ")),
			zap.Error(err))
		return
	}
	if r.cfg.StartAt != "end" {
		return
	}
	for _, path := range files {
		if endsUnused(path) {
			r.logger.Warn("A file that IIS has open ends in unused space, and unless its place is known from storage, start_at: end begins behind that; "+
				"set start_at: beginning, so that the lines which IIS is going to write there are read", zap.String("path", path))
		}
	}
}

// Shutdown stops reading. What was read is still delivered, if the next
// consumer takes it within shutdownGrace.
func (r *iisReceiver) Shutdown(ctx context.Context) error {
	var errs error
	if r.manager != nil {
		if r.checkpoint != nil && r.cfg.Compression != "" {
			// fileconsumer takes a compressed file that it was stopped in for
			// read to its end. The last poll is repeated instead.
			r.checkpoint.freeze()
		}
		grace := time.AfterFunc(shutdownGrace, r.cancelDelivery)
		errs = r.stopReading(ctx, r.manager)
		grace.Stop()
		r.manager = nil
	}
	if r.cancelDelivery != nil {
		r.cancelDelivery()
	}
	if r.checkpoint != nil && !r.closed {
		errs = errors.Join(errs, r.checkpoint.Close(ctx))
		r.closed = true
	}
	r.meters.Shutdown()
	return errs
}

// stopReading stops the manager, but does not wait longer than ctx allows: a
// consumer that ignores its context could block it for ever.
func (r *iisReceiver) stopReading(ctx context.Context, manager *fileManager) error {
	stopped := make(chan error, 1)
	go func() { stopped <- manager.Stop() }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
		if r.checkpoint != nil {
			r.checkpoint.freeze()
		}
		return fmt.Errorf("the next consumer does not let go of a batch: %w", ctx.Err())
	}
}
