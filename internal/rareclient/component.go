// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
)

// shutdownTimeout bounds the delivery of the last detections, so that an
// exporter that blocks cannot keep the Collector from ending.
const shutdownTimeout = 10 * time.Second

// maxDelivery is how many detections one ConsumeLogs has at most.
const maxDelivery = 1_000

// Hunter is the common part of the rare_client components. Consume, on the
// callers' goroutines, puts records into the engine; one goroutine of its own
// moves the watermark with the wall clock, evaluates windows and delivers
// detections.
type Hunter struct {
	cfg     *Config
	log     *zap.Logger
	scope   Scope
	forward consumer.Logs // nil: records go no further
	next    consumer.Logs // of the detections
	engine  *engine.Engine
	meters  *meters
	self    Self
	state   *state       // nil without storage; set by Start
	stored  atomic.Int64 // size of the state in storage, in bytes

	extractors sync.Pool
	calls      calls
	wake       chan struct{}
	cancel     context.CancelFunc
	done       sync.WaitGroup

	lacking atomic.Pointer[string] // scope of the first record that lacked what the rule needs

	report report // used by one goroutine at a time: the loop, then Shutdown
}

// Scope is the instrumentation scope of the detections.
type Scope struct{ Name, Version string }

// Self is the component that the Hunter works for.
type Self struct {
	Kind component.Kind
	ID   component.ID
}

// New returns a Hunter that gives the records to forward, where that is not
// nil, and the detections to next.
func New(log *zap.Logger, self Self, scope Scope, cfg *Config, ins Instruments, forward, next consumer.Logs) (*Hunter, error) {
	h := &Hunter{
		cfg: cfg, log: log, self: self, scope: scope, forward: forward, next: next,
		engine: engine.New(cfg.Config, cfg.Rule.ID, rule.NewSeed()),
		wake:   make(chan struct{}, 1),
		report: newReport(log, cfg.Input),
	}
	h.extractors.New = func() any { return newExtractor(h.engine, cfg) }
	var err error
	h.meters, err = newMeters(ins, self, h.engine, h.stored.Load)
	return h, err
}

// Capabilities tells that records pass unchanged.
func (h *Hunter) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// Start brings the stored state back and begins to evaluate windows.
func (h *Hunter) Start(ctx context.Context, host component.Host) error {
	if h.cfg.StorageID != nil {
		client, free, err := openClient(ctx, host, *h.cfg.StorageID, h.self)
		if err != nil {
			return err
		}
		if h.state, err = openState(ctx, client, free, h.cfg, h.engine, h.log, h.meters, &h.stored); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	h.done.Go(func() { h.loop(ctx) })
	return nil
}

// Shutdown keeps what is still open where there is storage; else it evaluates
// that, as cut by the shutdown, and delivers it.
func (h *Hunter) Shutdown(ctx context.Context) error {
	if h.cancel == nil {
		return h.meters.shutdown()
	}
	h.cancel()
	h.cancel = nil
	h.done.Wait()
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if h.state == nil {
		h.engine.Flush()
	}
	h.state.shutdown()
	h.evaluate(ctx)
	switch n := h.engine.Stats().Waiting; {
	case n > 0 && h.state == nil:
		h.meters.dropped(ctx, n)
		h.log.Error("Detections lost: the next consumer did not take them before the shutdown", zap.Int("detections", n))
	case n > 0:
		h.log.Info("The next consumer did not take all detections before the shutdown; they are delivered after the next start", zap.Int("detections", n))
	}
	return errors.Join(h.state.close(ctx), h.meters.shutdown())
}

// ConsumeLogs counts the records once the next consumer has them. A refusal
// goes back to the sender, who offers the records again, so they are not
// counted yet; what is refused for good is never offered again and is counted.
// With storage it returns when what they changed is stored.
func (h *Hunter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	now := time.Now().UnixNano()
	x := h.extractors.Get().(*extractor)
	h.calls.begin(x, now)
	defer func() {
		h.calls.end(x)
		x.release()
		h.extractors.Put(x)
	}()
	if err := h.state.err(); err != nil {
		h.engine.Hold(now)
		h.meters.Refused.Add(ctx, int64(ld.LogRecordCount()), h.meters.with())
		return err
	}
	x.extract(ld, now) // before it is forwarded: then it is no longer ours to read
	if x.lacking != nil {
		h.lacking.CompareAndSwap(nil, x.lacking)
	}
	var err error
	if h.forward != nil {
		err = h.forward.ConsumeLogs(ctx, ld)
		if err != nil && !consumererror.IsPermanent(err) {
			h.engine.Hold(now)
			return err
		}
	}
	if h.engine.Commit(x.batch, now) {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	if err := h.state.keep(ctx); err != nil {
		return err
	}
	return err
}

func (h *Hunter) loop(ctx context.Context) {
	ticker := time.NewTicker(tickEvery(h.cfg.IdleTimeout))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-ticker.C:
			h.tick(time.Now().UnixNano())
		}
		h.evaluate(ctx)
		h.state.tidy(ctx)
	}
}

// tickEvery is the time between two looks at the wall clock: short enough for
// the idle timeout, and never 0, which a ticker does not take.
func tickEvery(idle time.Duration) time.Duration {
	return max(10*time.Millisecond, min(time.Second, idle/2))
}

// tick moves the watermark with the wall clock, but not while records are known
// to wait with their senders: they would be late.
func (h *Hunter) tick(now int64) {
	if h.state.err() != nil || h.calls.before(now-int64(h.cfg.IdleTimeout)/2) {
		h.engine.Hold(now)
	}
	h.engine.Tick(now)
}

// evaluate works off the windows that are due and delivers their findings. With
// storage, only what is stored is evaluated, and only what is stored delivered.
func (h *Hunter) evaluate(ctx context.Context) {
	for {
		if h.state.flush(ctx) != nil {
			return
		}
		w, ok := h.engine.Next()
		if !ok {
			break
		}
		findings, suppressed, dropped := h.engine.Evaluate(&w)
		h.meters.window(ctx, &w, suppressed)
		h.report.window(&w, len(findings), suppressed)
		if dropped > 0 {
			h.meters.dropped(ctx, dropped)
			h.log.Error("Detections lost: too many wait for the next consumer, which refuses them", zap.Int("detections", dropped))
		}
	}
	h.deliver(ctx)
	_ = h.state.flush(ctx) // it tells itself
	s := h.engine.Stats()
	if scope := h.lacking.Load(); scope != nil {
		h.report.lacking(s, *scope)
	}
	h.report.state(s)
}

// deliver hands over the waiting findings. What is refused stays and is tried
// again at the next tick; what is refused for good is counted and dropped.
func (h *Hunter) deliver(ctx context.Context) {
	for {
		batch := h.engine.Waiting(maxDelivery)
		if len(batch) == 0 {
			return
		}
		// Built anew for each try: a consumer may change what it refuses.
		err := h.next.ConsumeLogs(ctx, h.detections(batch, time.Now()))
		switch {
		case err == nil:
			h.meters.delivered(ctx, batch)
			h.report.delivered()
		case consumererror.IsPermanent(err):
			h.meters.dropped(ctx, len(batch))
			h.log.Error("Detections lost: the next consumer refused them for good", zap.Int("detections", len(batch)), zap.Error(err))
		default:
			h.report.refused(err)
			return
		}
		h.engine.Delivered(len(batch))
	}
}
