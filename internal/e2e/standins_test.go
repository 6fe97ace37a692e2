// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/processor"
)

// standIn is the configuration of a component of docs/backends that this module
// cannot have, because modules that it needs cannot be had in a version that
// fits. It knows the names of the settings that the documents use, as they are
// in the component's config.go, so that a slip of the pen is found; it knows
// nothing of their values.
type standIn struct {
	Settings map[string]any `mapstructure:",remain"`
	known    []string
}

func (c *standIn) Validate() error {
	for name := range c.Settings {
		if !slices.Contains(c.known, name) {
			return fmt.Errorf("unknown setting %s; known are %v", name, c.known)
		}
	}
	return nil
}

func defaults(known []string) component.CreateDefaultConfigFunc {
	return func() component.Config { return &standIn{known: known} }
}

// queue are the settings of every exporter with exporterhelper.
var queue = []string{"sending_queue", "retry_on_failure", "timeout"}

// standInExporters are elasticsearchexporter and splunkhecexporter v0.157.0 and
// v0.156.0, azuredataexplorerexporter, and azuremonitorexporter v0.161.0.
func standInExporters() []exporter.Factory {
	var out []exporter.Factory
	for name, known := range map[string][]string{
		"elasticsearch": {"endpoints", "user", "password", "api_key", "tls", "logs_index", "logs_dynamic_id", "logs_dynamic_pipeline", "pipeline", "mapping", "retry", "auth"},
		"splunk_hec":    {"endpoint", "token", "index", "source", "sourcetype", "tls", "otel_to_hec_fields", "otel_attrs_to_hec_metadata", "max_content_length_logs", "max_event_size", "disable_compression"},
		"azure_monitor": {"connection_string", "spaneventsenabled", "custom_events_enabled", "maxbatchsize", "maxbatchinterval"},
		"azuredataexplorer": {
			"cluster_uri", "application_id", "application_key", "tenant_id", "managed_identity_id", "db_name",
			"logs_table_name", "logs_table_json_mapping", "ingestion_type",
		},
	} {
		out = append(out, exporter.NewFactory(component.MustNewType(name), defaults(append(known, queue...)),
			exporter.WithLogs(nowhere, component.StabilityLevelStable)))
	}
	return out
}

// standInProcessor is transformprocessor; its statements are not looked at.
func standInProcessor() processor.Factory {
	return processor.NewFactory(component.MustNewType("transform"), defaults([]string{"error_mode", "log_statements"}),
		processor.WithLogs(func(context.Context, processor.Settings, component.Config, consumer.Logs) (processor.Logs, error) {
			return &sink{}, nil
		}, component.StabilityLevelStable))
}

func nowhere(context.Context, exporter.Settings, component.Config) (exporter.Logs, error) {
	return &sink{}, nil
}
