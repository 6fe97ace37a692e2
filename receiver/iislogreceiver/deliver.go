// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
)

// errAbandoned says that the receiver was stopped before the next consumer
// took a batch. The batch's lines have to be read again after a restart.
var errAbandoned = errors.New("stopped before the batch was delivered")

// deliverer hands batches to the next consumer, again and again where that
// helps. fileconsumer goes on with a file whatever its callback returns, so
// waiting here is what keeps lines from being lost.
type deliverer struct {
	next   consumer.Logs
	retry  configretry.BackOffConfig
	obs    *receiverhelper.ObsReport
	meters *meters
	logger *zap.Logger
	// failing is whether the log has been told that batches are refused.
	failing atomic.Bool
}

// send returns nil once the batch was taken, or was dropped (and counted)
// because the next consumer refuses it for good. When stop is done it makes
// one more attempt, so that a healthy pipeline gets everything that was read,
// and else returns errAbandoned. Attempts are made with ctx.
func (d *deliverer) send(ctx context.Context, stop <-chan struct{}, logs plog.Logs) error {
	op := d.obs.StartLogsOp(ctx)
	records := logs.LogRecordCount()
	// Not ctx, which may be done when the second is called.
	d.meters.ReceiverIisLogFilesWaiting.Add(context.WithoutCancel(ctx), 1)
	defer d.meters.ReceiverIisLogFilesWaiting.Add(context.WithoutCancel(ctx), -1)
	err := d.attempts(ctx, stop, logs)
	d.obs.EndLogsOp(op, "w3c", records, err)
	if err == nil || errors.Is(err, errAbandoned) {
		return err
	}
	var part consumererror.Logs
	if errors.As(err, &part) {
		records = part.Data().LogRecordCount()
	}
	d.meters.ReceiverIisLogRecordsDropped.Add(ctx, int64(records))
	d.logger.Error("Records dropped: the next consumer refused them, and trying again is of no use or not allowed by retry_on_failure",
		zap.Int("records", records), zap.Error(err))
	return nil
}

func (d *deliverer) attempts(ctx context.Context, stop <-chan struct{}, logs plog.Logs) error {
	began := time.Now()
	wait := d.retry.InitialInterval
	for {
		err := d.next.ConsumeLogs(ctx, logs)
		switch {
		case err == nil:
			if d.failing.CompareAndSwap(true, false) {
				d.logger.Info("Records are accepted again")
			}
			return nil
		case ctx.Err() != nil:
			// Whatever the error says, it may be only because of that.
			return errAbandoned
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
			return errAbandoned
		case <-time.After(spread(wait, d.retry.RandomizationFactor)):
		}
		wait = min(time.Duration(float64(wait)*max(d.retry.Multiplier, 1)), max(d.retry.MaxInterval, d.retry.InitialInterval))
	}
}

// spread varies an interval by up to factor of it in both directions.
func spread(d time.Duration, factor float64) time.Duration {
	return time.Duration(float64(d) * (1 + factor*(2*rand.Float64()-1))) //nolint:gosec // no secret
}
