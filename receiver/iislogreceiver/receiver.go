// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/convert"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/deliver"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/telemetry"
)

// shutdownGrace is how long Shutdown waits for the batches that were read to
// be taken, before they are left for after the restart.
const shutdownGrace = 2 * time.Second

// iisReceiver wires the rooms together. Data goes one way: tail gives chunks of
// files to convert, which makes records of their lines and has them delivered.
type iisReceiver struct {
	tail   *tail.Tailer
	meters *telemetry.Meters
	// stopDelivery ends the context of deliveries, which outlives that of reading
	// by shutdownGrace.
	stopDelivery context.CancelFunc
	teller       *teller // nil where progress is off
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs, now func() time.Time) (*iisReceiver, error) {
	m, err := telemetry.New(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: "file", LongLivedCtx: true, ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, err
	}
	delivery, stopDelivery := context.WithCancel(context.Background())
	r := &iisReceiver{meters: m, stopDelivery: stopDelivery}
	zone, err := cfg.zone()
	if err != nil {
		return nil, fmt.Errorf("timezone: %w", err)
	}
	deliverer := deliver.New(next, cfg.RetryOnFailure, obs, m, set.Logger)
	r.teller = newTeller(set.ID, cfg, deliverer, delivery, set.Logger, set.BuildInfo.Version, now)
	converter := convert.New(delivery, convert.Settings{
		Fields: cfg.Fields, Client: cfg.ClientAddress, DecodePlus: cfg.DecodePlus,
		Body: cfg.Body == BodyOriginal, DropErrors: cfg.OnError == OnErrorDrop, Offsets: cfg.IncludeFileRecordOffset,
		Match: cfg.Match, DefaultFields: cfg.DefaultFields, Raw: tail.IsRaw(cfg.Encoding), Zone: zone,
		Chunks: tail.IsUTF8(cfg.Encoding), CutLength: tail.CutLength(&cfg.FileConfig),
		ScopeName: metadata.ScopeName, ScopeVersion: set.BuildInfo.Version,
	}, deliverer, m, set.Logger, now)
	s := tail.Settings{
		TelemetrySettings: set.TelemetrySettings, ID: set.ID, StorageID: cfg.StorageID, Meters: m, Now: now, Handle: converter.Handle,
		Finish: !cfg.Follow,
	}
	if r.teller != nil {
		s.Account, s.Tell = r.teller.Account, r.teller.tell
	}
	r.tail, err = tail.New(&cfg.FileConfig, s)
	return r, err
}

// Start opens the storage and begins to poll.
func (r *iisReceiver) Start(ctx context.Context, host component.Host) error {
	r.teller.begin()
	return r.tail.Start(ctx, host)
}

// Shutdown stops reading. What was read is still delivered, if the next
// consumer takes it within shutdownGrace.
func (r *iisReceiver) Shutdown(ctx context.Context) error {
	grace := time.AfterFunc(shutdownGrace, r.stopDelivery)
	if r.teller != nil && r.teller.counted {
		close(r.teller.stop)
	}
	err := r.tail.Stop(ctx)
	if err == nil { // else something is still being delivered, and nothing is the last
		r.teller.close()
	}
	grace.Stop()
	r.stopDelivery()
	err = errors.Join(err, r.tail.Close(ctx))
	r.meters.Shutdown()
	return err
}
