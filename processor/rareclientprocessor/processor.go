// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/rareclient"
)

// shutdownTimeout bounds the delivery of the last detections, so that an
// exporter that blocks cannot keep the Collector from ending.
const shutdownTimeout = 10 * time.Second

// rareClient is the processor. ConsumeLogs, on the callers' goroutines, puts
// records into the engine; one goroutine of its own moves the watermark with
// the wall clock, evaluates windows and delivers detections.
type rareClient struct {
	cfg     *Config
	log     *zap.Logger
	version string
	next    consumer.Logs
	engine  *rareclient.Engine
	meters  *meters

	extractors sync.Pool
	wake       chan struct{}
	cancel     context.CancelFunc
	done       sync.WaitGroup

	report report // used by one goroutine at a time: the loop, then Shutdown
	outbox outbox // the same
}

func newProcessor(set processor.Settings, cfg *Config, next consumer.Logs) (*rareClient, error) {
	p := &rareClient{
		cfg: cfg, log: set.Logger, version: set.BuildInfo.Version, next: next,
		engine: rareclient.New(cfg.Config, cfg.Rule.ID, rareclient.NewSeed()),
		wake:   make(chan struct{}, 1),
	}
	p.extractors.New = func() any { return newExtractor(p.engine, cfg.GroupBy) }
	p.report = newReport(set.Logger)
	var err error
	p.meters, err = newMeters(set.TelemetrySettings, p.engine, &p.outbox.waiting)
	return p, err
}

// Capabilities tells that records pass unchanged.
func (p *rareClient) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// Start begins to evaluate windows.
func (p *rareClient) Start(context.Context, component.Host) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.done.Go(func() { p.loop(ctx) })
	return nil
}

// Shutdown evaluates what is still open, as cut by the shutdown, and delivers it.
func (p *rareClient) Shutdown(ctx context.Context) error {
	if p.cancel == nil {
		p.meters.shutdown()
		return nil
	}
	p.cancel()
	p.cancel = nil
	p.done.Wait()
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	p.engine.Flush()
	p.evaluate(ctx)
	if n := p.outbox.abandon(); n > 0 {
		p.meters.dropped(ctx, n)
		p.log.Error("Detections lost: the next consumer did not take them before the shutdown", zap.Int("detections", n))
	}
	p.meters.shutdown()
	return nil
}

// ConsumeLogs counts the records once the next consumer has them. A refusal
// goes back to the sender, who offers the records again, so they are not
// counted yet; what is refused for good is never offered again and is counted.
func (p *rareClient) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	x := p.extractors.Get().(*extractor)
	defer func() {
		x.release()
		p.extractors.Put(x)
	}()
	now := time.Now().UnixNano()
	x.extract(ld, now) // before it is forwarded: then it is no longer ours to read
	var err error
	if p.cfg.Forward == ForwardAll {
		err = p.next.ConsumeLogs(ctx, ld)
		if err != nil && !consumererror.IsPermanent(err) {
			p.engine.Hold(now)
			return err
		}
	}
	if p.engine.Commit(x.batch, now) {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return err
}

func (p *rareClient) loop(ctx context.Context) {
	ticker := time.NewTicker(min(time.Second, p.cfg.IdleTimeout/2))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-ticker.C:
			p.engine.Tick(time.Now().UnixNano())
		}
		p.evaluate(ctx)
	}
}

// evaluate works off the windows that are due and delivers their findings.
func (p *rareClient) evaluate(ctx context.Context) {
	for {
		w, ok := p.engine.Next()
		if !ok {
			break
		}
		findings, suppressed := p.engine.Evaluate(&w)
		p.meters.window(ctx, &w, suppressed)
		p.report.window(&w, len(findings), suppressed)
		if n := p.outbox.add(findings); n > 0 {
			p.meters.dropped(ctx, n)
			p.log.Error("Detections lost: too many wait for the next consumer, which refuses them", zap.Int("detections", n))
		}
	}
	p.deliver(ctx)
	p.report.state(p.engine.Stats(), p.outbox.waiting.Load() == 0)
}

// deliver hands over the waiting findings. What is refused stays and is tried
// again at the next tick; what is refused for good is counted and dropped.
func (p *rareClient) deliver(ctx context.Context) {
	for {
		batch := p.outbox.head()
		if len(batch) == 0 {
			return
		}
		// Built anew for each try: a consumer may change what it refuses.
		err := p.next.ConsumeLogs(ctx, p.detections(batch, time.Now()))
		switch {
		case err == nil:
			p.meters.delivered(ctx, batch)
			p.report.delivered()
		case consumererror.IsPermanent(err):
			p.meters.dropped(ctx, len(batch))
			p.log.Error("Detections lost: the next consumer refused them for good", zap.Int("detections", len(batch)), zap.Error(err))
		default:
			p.report.refused(err)
			return
		}
		p.outbox.pop(len(batch))
	}
}
