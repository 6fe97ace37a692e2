// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

// Self names the component in the Collector.
type Self struct {
	Kind component.Kind
	ID   component.ID
}

// Instruments are a component's own metrics, made by its generated code; their
// names differ by the component's kind only.
type Instruments struct {
	Meter    metric.Meter
	Shutdown func() // of the generated builder

	Records          metric.Int64ObservableCounter
	Excluded         metric.Int64ObservableCounter
	Lost             metric.Int64ObservableCounter
	FutureTimestamps metric.Int64ObservableCounter
	Groups           metric.Int64ObservableGauge
	GroupsLimit      metric.Int64ObservableGauge
	GroupsUsed       metric.Int64ObservableGauge
	NextWindowEnd    metric.Int64ObservableGauge
	RangesLost       metric.Int64ObservableCounter
	Repeated         metric.Int64ObservableCounter
	SenderLag        metric.Float64ObservableGauge
	SenderUnread     metric.Int64ObservableGauge
	Senders          metric.Int64ObservableGauge
	Sources          metric.Int64ObservableGauge
	WatermarkLag     metric.Float64ObservableGauge
	Waiting          metric.Int64ObservableGauge
	StorageSize      metric.Int64ObservableGauge

	Windows    metric.Int64Counter
	Detections metric.Int64Counter
	Suppressed metric.Int64Counter
	Dropped    metric.Int64Counter

	Refused         metric.Int64Counter
	StorageFailures metric.Int64Counter
}

// meters feeds the instruments. What the engine counts is read when the
// Collector collects, so the hot path does nothing for it.
type meters struct {
	Instruments
	engine     *engine.Engine
	exclusions []string
	stored     func() int64
	// self is on every point: without it, several rules in one Collector would
	// write over each other's gauges.
	self         attribute.KeyValue
	registration metric.Registration
}

func newMeters(ins Instruments, self Self, e *engine.Engine, stored func() int64) (*meters, error) {
	m := &meters{
		Instruments: ins, engine: e, exclusions: e.Exclusions(), stored: stored,
		self: attribute.String(strings.ToLower(self.Kind.String()), self.ID.String()),
	}
	var err error
	m.registration, err = ins.Meter.RegisterCallback(m.observe, ins.Records, ins.Excluded, ins.Lost,
		ins.FutureTimestamps, ins.Groups, ins.GroupsLimit, ins.GroupsUsed, ins.NextWindowEnd, ins.Sources,
		ins.WatermarkLag, ins.Waiting, ins.StorageSize, ins.RangesLost, ins.Repeated, ins.SenderLag, ins.SenderUnread, ins.Senders)
	m.begin()
	return m, err
}

// begin makes the counters begin at 0. A counter that first appears as 1 has not
// grown as far as Prometheus can tell, and the first loss would go unseen.
func (m *meters) begin() {
	ctx := context.Background()
	for _, c := range []metric.Int64Counter{m.Suppressed, m.Dropped, m.Refused, m.StorageFailures} {
		c.Add(ctx, 0, m.with())
	}
	for _, complete := range []bool{true, false} {
		for _, c := range []metric.Int64Counter{m.Windows, m.Detections} {
			c.Add(ctx, 0, m.with(attribute.Bool("complete", complete)))
		}
	}
}

// with returns the labels of a point.
func (m *meters) with(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(more, m.self)...))
}

func (m *meters) observe(_ context.Context, o metric.Observer) error {
	s := m.engine.Stats()
	self := m.with()
	for stage, n := range s.Funnel.Dropped {
		o.ObserveInt64(m.Records, int64(n), m.with(attribute.String("outcome", rule.Stage(stage).String())))
	}
	o.ObserveInt64(m.Records, int64(s.Funnel.Matched), m.with(attribute.String("outcome", "matched")))
	o.ObserveInt64(m.Records, int64(s.Foreign), m.with(attribute.String("outcome", "not_a_request")))
	for i, n := range s.Excluded {
		o.ObserveInt64(m.Excluded, int64(n), m.with(attribute.String("exclusion", m.exclusions[i])))
	}
	for reason, n := range s.Lost {
		if engine.Reason(reason) == engine.ReasonShutdown {
			continue // nobody collects after a shutdown
		}
		o.ObserveInt64(m.Lost, int64(n), m.with(attribute.String("reason", engine.Reason(reason).String())))
	}
	o.ObserveInt64(m.FutureTimestamps, int64(s.Future), self)
	o.ObserveInt64(m.Groups, int64(s.OpenGroups), m.with(attribute.String("state", "open")))
	o.ObserveInt64(m.Groups, int64(s.Groups-s.OpenGroups), m.with(attribute.String("state", "settled")))
	used, limit := m.engine.Room()
	o.ObserveInt64(m.GroupsUsed, int64(used), self)
	o.ObserveInt64(m.GroupsLimit, int64(limit), self)
	if end := m.engine.NextEnd(); !end.IsZero() {
		o.ObserveInt64(m.NextWindowEnd, end.Unix(), self)
	}
	o.ObserveInt64(m.RangesLost, int64(s.Gaps), self)
	o.ObserveInt64(m.Repeated, int64(s.Repeated), self)
	m.observeSenders(o, time.Now())
	o.ObserveInt64(m.Sources, int64(s.Sources), self)
	o.ObserveInt64(m.StorageSize, m.stored(), self)
	o.ObserveInt64(m.Waiting, int64(s.Waiting), self)
	if !s.Watermark.IsZero() {
		o.ObserveFloat64(m.WatermarkLag, time.Since(s.Watermark).Seconds(), self)
	}
	return nil
}

// maxSenderPoints bounds the points that name a sender.
const maxSenderPoints = 100

func (m *meters) observeSenders(o metric.Observer, now time.Time) {
	senders := m.engine.Senders()
	waited := 0
	for i := range senders {
		if senders[i].Waited {
			waited++
		}
	}
	o.ObserveInt64(m.Senders, int64(waited), m.with(attribute.Bool("waited", true)))
	o.ObserveInt64(m.Senders, int64(len(senders)-waited), m.with(attribute.Bool("waited", false)))
	slices.SortStableFunc(senders, func(a, b eventtime.SenderStats) int { return cmp.Compare(a.ReadUntil, b.ReadUntil) })
	for i := range senders[:min(len(senders), maxSenderPoints)] {
		if s := &senders[i]; s.ReadUntil != eventtime.None {
			o.ObserveFloat64(m.SenderLag, now.Sub(time.Unix(0, s.ReadUntil)).Seconds(), m.sender(s))
		}
	}
	slices.SortStableFunc(senders, func(a, b eventtime.SenderStats) int { return cmp.Compare(b.Unread, a.Unread) })
	for i := range senders[:min(len(senders), maxSenderPoints)] {
		if s := &senders[i]; s.Unread > 0 {
			o.ObserveInt64(m.SenderUnread, int64(s.Unread), m.sender(s))
		}
	}
}

func (m *meters) sender(s *eventtime.SenderStats) metric.MeasurementOption {
	return m.with(attribute.String("sender", s.Name))
}

func (m *meters) complete(reasons engine.Reasons) metric.MeasurementOption {
	return m.with(attribute.Bool("complete", reasons == 0))
}

func (m *meters) window(ctx context.Context, w *engine.Window, suppressed int) {
	m.Windows.Add(ctx, 1, m.complete(w.Reasons))
	m.Suppressed.Add(ctx, int64(suppressed), m.with())
}

// delivered counts findings; lost are the indices of those that nobody took.
func (m *meters) delivered(ctx context.Context, findings []*engine.Finding, lost []int) {
	for i, f := range findings {
		if !slices.Contains(lost, i) {
			m.Detections.Add(ctx, 1, m.complete(f.Reasons))
		}
	}
	m.dropped(ctx, len(lost))
}

func (m *meters) dropped(ctx context.Context, n int) { m.Dropped.Add(ctx, int64(n), m.with()) }

func (m *meters) shutdown() error {
	err := m.registration.Unregister()
	m.Shutdown()
	return err
}
