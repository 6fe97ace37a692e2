// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/iishunt/iishunt/connector/rareclientconnector/internal/metadata"
	"github.com/iishunt/iishunt/internal/rareclient"
)

// NewFactory returns the factory of the rare_client connector.
func NewFactory() connector.Factory {
	return connector.NewFactory(metadata.Type, createDefaultConfig,
		connector.WithLogsToLogs(createLogsToLogs, metadata.LogsToLogsStability))
}

func createLogsToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	ins, err := instruments(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	scope := rareclient.Scope{Name: metadata.ScopeName, Version: set.BuildInfo.Version}
	return rareclient.New(set.Logger, rareclient.Self{Kind: component.KindConnector, ID: set.ID}, scope, &cfg.(*Config).Config, ins, nil, next)
}

// instruments names the generated metrics for the common part: the generated
// fields differ from the processor's by their prefix.
func instruments(set component.TelemetrySettings) (rareclient.Instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return rareclient.Instruments{}, err
	}
	return rareclient.Instruments{
		Meter:            metadata.Meter(set),
		Shutdown:         b.Shutdown,
		Records:          b.ConnectorRareClientRecords,
		Excluded:         b.ConnectorRareClientExcluded,
		Lost:             b.ConnectorRareClientLost,
		FutureTimestamps: b.ConnectorRareClientFutureTimestamps,
		Groups:           b.ConnectorRareClientGroups,
		GroupsLimit:      b.ConnectorRareClientGroupsLimit,
		GroupsUsed:       b.ConnectorRareClientGroupsUsed,
		NextWindowEnd:    b.ConnectorRareClientNextWindowEnd,
		RangesLost:       b.ConnectorRareClientRangesLost,
		Repeated:         b.ConnectorRareClientRepeated,
		SenderLag:        b.ConnectorRareClientSenderLag,
		SenderUnread:     b.ConnectorRareClientSenderUnread,
		Senders:          b.ConnectorRareClientSenders,
		Sources:          b.ConnectorRareClientSources,
		WatermarkLag:     b.ConnectorRareClientWatermarkLag,
		Waiting:          b.ConnectorRareClientDetectionsWaiting,
		Windows:          b.ConnectorRareClientWindows,
		Detections:       b.ConnectorRareClientDetections,
		Suppressed:       b.ConnectorRareClientDetectionsSuppressed,
		Dropped:          b.ConnectorRareClientDetectionsDropped,
		StorageSize:      b.ConnectorRareClientStorageSize,
		Refused:          b.ConnectorRareClientRefused,
		StorageFailures:  b.ConnectorRareClientStorageFailures,
	}, nil
}
