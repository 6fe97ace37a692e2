// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
)

// droppedPath is the path of the requests that a dropper loses.
const droppedPath = "/lost-on-the-way.aspx"

// dropper is a processor that loses some records and says nothing, as a limit of
// size somewhere on the way does.
type dropper struct {
	component.StartFunc
	component.ShutdownFunc
	consumer.Logs
}

func dropperFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("dropper"), func() component.Config { return &struct{}{} },
		processor.WithLogs(func(_ context.Context, _ processor.Settings, _ component.Config, next consumer.Logs) (processor.Logs, error) {
			return &dropper{Logs: next}, nil
		}, component.StabilityLevelDevelopment))
}

func (*dropper) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (d *dropper) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
				path, ok := lr.Attributes().Get("url.path")
				return ok && path.AsString() == droppedPath
			})
		}
	}
	return d.Logs.ConsumeLogs(ctx, ld)
}
