// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package huntreportexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"

	"github.com/iishunt/iishunt/exporter/huntreportexporter/internal/metadata"
	"github.com/iishunt/iishunt/internal/report"
)

// NewFactory returns the factory of the hunt_report exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(metadata.Type, createDefaultConfig, exporter.WithLogs(createLogs, metadata.LogsStability))
}

func createLogs(_ context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return newExporter(cfg.(*Config), set.Logger, set.BuildInfo.Version, telemetry, report.Disk{}), nil
}
