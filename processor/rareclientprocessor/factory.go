// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/iishunt/iishunt/internal/rareclient"
	"github.com/iishunt/iishunt/processor/rareclientprocessor/internal/metadata"
)

// NewFactory returns the factory of the rare_client processor.
func NewFactory() processor.Factory {
	return processor.NewFactory(metadata.Type, createDefaultConfig, processor.WithLogs(createLogs, metadata.LogsStability))
}

func createLogs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	c := cfg.(*Config)
	ins, err := instruments(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	var forward consumer.Logs
	if c.Forward == ForwardAll {
		forward = next
	}
	scope := rareclient.Scope{Name: metadata.ScopeName, Version: set.BuildInfo.Version}
	return rareclient.New(set.Logger, rareclient.Self{Kind: component.KindProcessor, ID: set.ID}, scope, &c.Config, ins, forward, next)
}

func instruments(set component.TelemetrySettings) (rareclient.Instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return rareclient.Instruments{}, err
	}
	return rareclient.Instruments{
		Meter:            metadata.Meter(set),
		Shutdown:         b.Shutdown,
		Records:          b.ProcessorRareClientRecords,
		Excluded:         b.ProcessorRareClientExcluded,
		Lost:             b.ProcessorRareClientLost,
		FutureTimestamps: b.ProcessorRareClientFutureTimestamps,
		Groups:           b.ProcessorRareClientGroups,
		GroupsLimit:      b.ProcessorRareClientGroupsLimit,
		GroupsUsed:       b.ProcessorRareClientGroupsUsed,
		NextWindowEnd:    b.ProcessorRareClientNextWindowEnd,
		RangesLost:       b.ProcessorRareClientRangesLost,
		Repeated:         b.ProcessorRareClientRepeated,
		SenderLag:        b.ProcessorRareClientSenderLag,
		SenderUnread:     b.ProcessorRareClientSenderUnread,
		Senders:          b.ProcessorRareClientSenders,
		Sources:          b.ProcessorRareClientSources,
		WatermarkLag:     b.ProcessorRareClientWatermarkLag,
		Waiting:          b.ProcessorRareClientDetectionsWaiting,
		Windows:          b.ProcessorRareClientWindows,
		Detections:       b.ProcessorRareClientDetections,
		Suppressed:       b.ProcessorRareClientDetectionsSuppressed,
		Dropped:          b.ProcessorRareClientDetectionsDropped,
		StorageSize:      b.ProcessorRareClientStorageSize,
		Refused:          b.ProcessorRareClientRefused,
		StorageFailures:  b.ProcessorRareClientStorageFailures,
	}, nil
}
