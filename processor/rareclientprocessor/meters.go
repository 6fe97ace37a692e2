// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/iishunt/iishunt/internal/rareclient"
	"github.com/iishunt/iishunt/processor/rareclientprocessor/internal/metadata"
)

// meters is the processor's own telemetry. What the engine counts is read when
// the Collector collects, so the hot path does nothing for it.
type meters struct {
	builder *metadata.TelemetryBuilder
}

func newMeters(set component.TelemetrySettings, engine *rareclient.Engine, waiting *atomic.Int64) (*meters, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	exclusions := engine.Exclusions()
	label := func(k, v string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String(k, v)))
	}
	return &meters{b}, errors.Join(
		b.RegisterProcessorRareClientRecordsCallback(func(_ context.Context, o metric.Int64Observer) error {
			s := engine.Stats()
			for stage, n := range s.Funnel.Dropped {
				o.Observe(int64(n), label("outcome", rareclient.Stage(stage).String()))
			}
			o.Observe(int64(s.Funnel.Matched), label("outcome", "matched"))
			o.Observe(int64(s.Foreign), label("outcome", "not_a_request"))
			return nil
		}),
		b.RegisterProcessorRareClientExcludedCallback(func(_ context.Context, o metric.Int64Observer) error {
			for i, n := range engine.Stats().Excluded {
				o.Observe(int64(n), label("exclusion", exclusions[i]))
			}
			return nil
		}),
		b.RegisterProcessorRareClientLostCallback(func(_ context.Context, o metric.Int64Observer) error {
			for reason, n := range engine.Stats().Lost {
				o.Observe(int64(n), label("reason", rareclient.Reason(reason).String()))
			}
			return nil
		}),
		b.RegisterProcessorRareClientFutureTimestampsCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(engine.Stats().Future))
			return nil
		}),
		b.RegisterProcessorRareClientGroupsCallback(func(_ context.Context, o metric.Int64Observer) error {
			s := engine.Stats()
			o.Observe(int64(s.OpenGroups), label("state", "open"))
			o.Observe(int64(s.Groups-s.OpenGroups), label("state", "settled"))
			return nil
		}),
		b.RegisterProcessorRareClientSourcesCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(engine.Stats().Sources))
			return nil
		}),
		b.RegisterProcessorRareClientWatermarkLagCallback(func(_ context.Context, o metric.Float64Observer) error {
			if w := engine.Stats().Watermark; !w.IsZero() {
				o.Observe(time.Since(w).Seconds())
			}
			return nil
		}),
		b.RegisterProcessorRareClientDetectionsWaitingCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(waiting.Load())
			return nil
		}),
	)
}

func complete(reasons rareclient.Reasons) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.Bool("complete", reasons == 0)))
}

func (m *meters) window(ctx context.Context, w *rareclient.Window, suppressed int) {
	m.builder.ProcessorRareClientWindows.Add(ctx, 1, complete(w.Reasons))
	m.builder.ProcessorRareClientDetectionsSuppressed.Add(ctx, int64(suppressed))
}

func (m *meters) delivered(ctx context.Context, findings []rareclient.Finding) {
	for i := range findings {
		m.builder.ProcessorRareClientDetections.Add(ctx, 1, complete(findings[i].Reasons))
	}
}

func (m *meters) dropped(ctx context.Context, n int) {
	m.builder.ProcessorRareClientDetectionsDropped.Add(ctx, int64(n))
}

func (m *meters) shutdown() { m.builder.Shutdown() }
