// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package deliver collects records into batches and hands them on until they are
// taken.
package deliver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v7"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/telemetry"
)

// ErrAbandoned says that the receiver was stopped before the next consumer took
// a batch. The batch's lines have to be read again after a restart.
var ErrAbandoned = errors.New("stopped before the batch was delivered")

// Deliverer hands batches to the next consumer, again and again where that
// helps. fileconsumer goes on with a file whatever its callback returns, so
// waiting here is what keeps lines from being lost.
type Deliverer struct {
	next   consumer.Logs
	retry  configretry.BackOffConfig
	obs    *receiverhelper.ObsReport
	meters *telemetry.Meters
	logger *zap.Logger
	// failing is whether the log has been told that batches are refused.
	failing atomic.Bool
}

// New returns a Deliverer to next.
func New(next consumer.Logs, retry configretry.BackOffConfig, obs *receiverhelper.ObsReport, meters *telemetry.Meters, logger *zap.Logger) *Deliverer {
	return &Deliverer{next: next, retry: retry, obs: obs, meters: meters, logger: logger}
}

// Send returns no error once the batch was taken, or was dropped (and counted)
// because the next consumer refuses it for good: refused says why. When stop is done it makes
// one more attempt, so that a healthy pipeline gets everything that was read,
// and else returns ErrAbandoned. Attempts are made with ctx.
func (d *Deliverer) Send(ctx context.Context, stop <-chan struct{}, logs plog.Logs) (refused, err error) {
	op := d.obs.StartLogsOp(ctx)
	records := logs.LogRecordCount()
	// Not ctx, which may be done when the second is called.
	d.meters.ReceiverIisLogFilesWaiting.Add(context.WithoutCancel(ctx), 1)
	defer d.meters.ReceiverIisLogFilesWaiting.Add(context.WithoutCancel(ctx), -1)
	refused = d.attempts(ctx, stop, logs)
	d.obs.EndLogsOp(op, "w3c", records, refused)
	if refused == nil || errors.Is(refused, ErrAbandoned) {
		return nil, refused
	}
	var part consumererror.Logs
	if errors.As(refused, &part) {
		records = part.Data().LogRecordCount()
	}
	d.meters.ReceiverIisLogRecordsDropped.Add(ctx, int64(records))
	d.logger.Error("Records dropped: the next consumer refused them, and trying again is of no use or not allowed by retry_on_failure",
		zap.Int("records", records), zap.Error(refused))
	return refused, nil
}

func (d *Deliverer) attempts(ctx context.Context, stop <-chan struct{}, logs plog.Logs) error {
	began := time.Now()
	intervals := backoff.ExponentialBackOff{
		InitialInterval: d.retry.InitialInterval, RandomizationFactor: d.retry.RandomizationFactor,
		Multiplier: d.retry.Multiplier, MaxInterval: d.retry.MaxInterval,
	}
	for {
		err := d.next.ConsumeLogs(ctx, logs)
		if err == nil {
			if d.failing.CompareAndSwap(true, false) {
				d.logger.Info("Records are accepted again")
			}
			return nil
		}
		wait := intervals.NextBackOff()
		switch {
		case ctx.Err() != nil:
			// Whatever the error says, it may be only because of that.
			return ErrAbandoned
		case consumererror.IsPermanent(err), !d.retry.Enabled:
			return err
		case d.retry.MaxElapsedTime > 0 && time.Since(began)+wait > d.retry.MaxElapsedTime:
			return err
		}
		var part consumererror.Logs
		if errors.As(err, &part) {
			logs = part.Data()
		}
		if d.failing.CompareAndSwap(false, true) {
			d.logger.Warn("Records are refused; reading waits and they are offered again", zap.Error(err))
		}
		select {
		case <-stop:
			return ErrAbandoned
		case <-time.After(wait):
		}
	}
}
