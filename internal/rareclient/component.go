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
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

// shutdownTimeout bounds the delivery of the last detections, so that an
// exporter that blocks cannot keep the Collector from ending.
const shutdownTimeout = 10 * time.Second

// Component is the common part of the rare_client components. Consume, on the
// callers' goroutines, puts records into the engine; one goroutine of its own
// moves the watermark with the wall clock, evaluates windows and delivers
// detections.
type Component struct {
	cfg     *Config
	log     *zap.Logger
	forward consumer.Logs // nil: records go no further
	next    consumer.Logs // of the detections
	engine  *engine.Engine

	detections detections
	meters     *meters
	self       Self
	state      *state       // nil without storage; set by Start
	stored     atomic.Int64 // size of the state in storage, in bytes

	extractors sync.Pool
	inflight   inflight
	room       room
	wake       chan struct{}
	watchMu    sync.Mutex
	watch      *eventtime.Stopwatch
	cancel     context.CancelFunc
	done       sync.WaitGroup

	contradiction atomic.Pointer[error] // what is wrong with a progress that came

	lacking atomic.Pointer[string] // scope of the first record that lacked what the rule needs

	offer   offer          // used as notices
	windows []windowRecord // that wait for delivery; used as notices
	notices notices        // used by one goroutine at a time: the loop, then Shutdown
}

// New returns a Component that gives the records to forward, where that is not
// nil, and the detections to next.
func New(log *zap.Logger, self Self, scope Scope, cfg *Config, ins Instruments, forward, next consumer.Logs) (*Component, error) {
	c := &Component{
		cfg: cfg, log: log, self: self, forward: forward, next: next,
		detections: detections{cfg, scope},
		engine:     engine.New(cfg.Config, cfg.Rule.ID, rule.NewSeed()),
		wake:       make(chan struct{}, 1),
		room:       newRoom(),
		watch:      eventtime.NewStopwatch(tickEvery(cfg.IdleTimeout), time.Now()),
		offer:      offer{most: maxDelivery},
		notices:    newNotices(log, cfg.Input, cfg.Count.Attribute),
	}
	c.engine.SetRunning(c.running)
	c.engine.SetScore(func(f *engine.Finding) int { return c.detections.score(f).Points })
	c.extractors.New = func() any { return newExtractor(c.engine, cfg) }
	var err error
	c.meters, err = newMeters(ins, self, c.engine, c.stored.Load)
	return c, err
}

// Capabilities says that records pass unchanged.
func (c *Component) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// Start brings the stored state back and begins to evaluate windows.
func (c *Component) Start(ctx context.Context, host component.Host) error {
	if c.cfg.StorageID != nil {
		client, free, err := openClient(ctx, host, *c.cfg.StorageID, c.self)
		if err != nil {
			return err
		}
		if c.state, err = openState(ctx, client, free, c.cfg, c.engine, c.log, c.meters, &c.stored); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.done.Go(func() { c.loop(ctx) })
	return nil
}

// Shutdown keeps what is still open where there is storage; else it evaluates
// that, as cut by the shutdown, and delivers it.
func (c *Component) Shutdown(ctx context.Context) error {
	if c.cancel == nil {
		return c.meters.shutdown()
	}
	c.cancel()
	c.cancel = nil
	close(c.room.stop)
	c.done.Wait()
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if c.state == nil {
		c.engine.Flush()
	}
	c.state.shutdown()
	c.evaluate(ctx)
	for c.state == nil && c.evaluateNext(ctx) { // what nobody will take is counted
	}
	switch n := c.engine.Stats().Waiting; {
	case n > 0 && c.state == nil:
		c.meters.dropped(ctx, n)
		c.log.Error("Detections lost: the next consumer did not take them before the shutdown", zap.Int("detections", n))
	case n > 0:
		c.log.Info("The next consumer did not take all detections before the shutdown; they are delivered after the next start", zap.Int("detections", n))
	}
	return errors.Join(c.state.close(ctx), c.meters.shutdown())
}

// ConsumeLogs waits for room in the engine, and counts the records once the next
// consumer has them. A refusal
// goes back to the sender, who offers the records again, so they are not
// counted yet; what is refused for good is never offered again and is counted.
// With storage it returns when what they changed is stored.
func (c *Component) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	now := time.Now().UnixNano()
	x := c.extractors.Get().(*extractor)
	call := c.inflight.begin(now)
	defer func() {
		c.inflight.end(call)
		x.release()
		c.extractors.Put(x)
	}()
	err := c.state.err()
	if err == nil {
		err = c.room.await(ctx, c.engine, c.log)
	}
	if err != nil {
		c.engine.Hold(time.Now().UnixNano())
		c.meters.Refused.Add(ctx, int64(ld.LogRecordCount()), c.meters.with())
		return err
	}
	now = time.Now().UnixNano() // it may have waited
	x.extract(ld, now)          // before it is forwarded: then it is no longer ours to read
	if x.lacking != nil {
		c.lacking.CompareAndSwap(nil, x.lacking)
	}
	if x.unreadable != nil {
		c.contradiction.CompareAndSwap(nil, new(x.unreadable))
	}
	if c.forward != nil {
		err = c.forward.ConsumeLogs(ctx, ld)
		now = time.Now().UnixNano() // that may have taken long
		if err != nil && !consumererror.IsPermanent(err) {
			c.engine.Hold(now)
			return err
		}
	}
	if c.engine.Commit(x.batch, now) {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	if err := c.state.keep(ctx); err != nil {
		return err
	}
	return err
}

func (c *Component) loop(ctx context.Context) {
	ticker := time.NewTicker(tickEvery(c.cfg.IdleTimeout))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-ticker.C:
			c.watchMu.Lock()
			now, late := c.watch.Now(time.Now())
			c.watchMu.Unlock()
			c.tick(now.Wall, late)
		}
		c.evaluate(ctx)
		c.state.tidy(ctx)
	}
}

// running is for how long the process has been running, in nanoseconds.
func (c *Component) running(int64) int64 {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	return c.watch.Running(time.Now())
}

// tickEvery is the time between two looks at the wall clock: short enough for
// the idle timeout, and never 0, which a ticker does not take.
func tickEvery(idle time.Duration) time.Duration {
	return max(10*time.Millisecond, min(time.Second, idle/2))
}

// tick moves the watermark with the wall clock, but not while records are known
// to wait with their senders, nor right after a pause of this process or a step of
// the wall clock (late): they would be late.
func (c *Component) tick(now int64, late bool) {
	if late || c.state.err() != nil || c.inflight.before(now-int64(c.cfg.IdleTimeout)/2) {
		c.engine.Hold(now)
	}
	c.engine.Tick(now)
}

// evaluate works off the windows that are due, each when the findings of those
// before it were delivered. With storage, only what is stored is evaluated, and
// only what is stored delivered.
func (c *Component) evaluate(ctx context.Context) {
	for c.state.flush(ctx) == nil && c.deliver(ctx) && c.evaluateNext(ctx) {
	}
	if c.engine.Stats().Waiting == 0 {
		c.tellWindows(ctx)
	}
	_ = c.state.flush(ctx) // flush logs and counts its own failures
	c.warn()
	s := c.engine.Stats()
	if scope := c.lacking.Load(); scope != nil {
		c.notices.lacking(s, *scope)
	}
	if c.cfg.Whole() {
		c.notices.wholeCounted(s)
	}
	c.notices.state(s)
}

// evaluateNext evaluates the next window; false when none is due.
func (c *Component) evaluateNext(ctx context.Context) bool {
	w, ok := c.engine.Next()
	if !ok {
		return false
	}
	findings, suppressed := c.engine.Evaluate(&w)
	c.room.evaluated()
	if !w.Empty {
		c.meters.window(ctx, &w, suppressed)
		c.notices.window(&w, len(findings), suppressed)
	}
	if c.cfg.WindowRecords {
		c.windows = append(c.windows, windowRecord{w, len(findings), suppressed})
	}
	return true
}

// warn says what is to be known of senders.
func (c *Component) warn() {
	warnings, err := c.engine.TakeWarnings()
	c.notices.senders(warnings)
	if unreadable := c.contradiction.Swap(nil); unreadable != nil {
		err = *unreadable
	}
	if err != nil {
		c.notices.contradiction(err)
	}
}

// deliver hands over what waits: findings, then corrections, which never come
// before what they correct, then window records. It reports whether the next
// consumer took all of it; what it did not take is tried again at the next tick.
func (c *Component) deliver(ctx context.Context) bool {
	for batch := c.engine.Waiting(maxDelivery); len(batch) > 0; batch = c.engine.Waiting(maxDelivery) {
		// Built anew for each try: a consumer may change what it refuses.
		now := time.Now()
		done, lost := c.give(ctx, "detections", len(batch), func(lr plog.LogRecord, i int) { c.detections.detection(lr, batch[i], now) })
		c.meters.delivered(ctx, batch[:done], lost)
		c.engine.Delivered(done, lost)
		if done < len(batch) {
			return false
		}
	}
	return c.correct(ctx) && (len(c.windows) < maxDelivery || c.tellWindows(ctx))
}
