// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"

	"github.com/iishunt/iishunt/connector/rareclientconnector"
	"github.com/iishunt/iishunt/exporter/huntreportexporter"
	"github.com/iishunt/iishunt/processor/rareclientprocessor"
	"github.com/iishunt/iishunt/receiver/iislogreceiver"
)

// factories returns the distribution's components (those of builder-config.yaml),
// those that docs/backends name beside them, the sink exporter, whose instances
// put what they get into s, and its storage.
func factories(s *sinks) (otelcol.Factories, error) {
	var errs [5]error
	f := otelcol.Factories{Telemetry: otelconftelemetry.NewFactory()}
	f.Receivers, errs[0] = otelcol.MakeFactoryMap[receiver.Factory](
		iislogreceiver.NewFactory(),
		otlpreceiver.NewFactory(),
	)
	f.Processors, errs[1] = otelcol.MakeFactoryMap[processor.Factory](
		rareclientprocessor.NewFactory(),
		memorylimiterprocessor.NewFactory(),
		dropperFactory(),
		standInProcessor(),
	)
	f.Exporters, errs[2] = otelcol.MakeFactoryMap(append(standInExporters(),
		debugexporter.NewFactory(),
		nopexporter.NewFactory(),
		otlpexporter.NewFactory(),
		otlphttpexporter.NewFactory(),
		huntreportexporter.NewFactory(),
		kafkaexporter.NewFactory(),
		s.factory(),
	)...)
	f.Extensions, errs[3] = otelcol.MakeFactoryMap[extension.Factory](
		filestorage.NewFactory(),
		healthcheckextension.NewFactory(),
		diskFactory(s),
	)
	f.Connectors, errs[4] = otelcol.MakeFactoryMap[connector.Factory](
		rareclientconnector.NewFactory(),
	)
	return f, errors.Join(errs[:]...)
}

// settings are those of a collector that reads the configuration at uri, which
// may also be "yaml:" and the text itself.
func settings(s *sinks, uri string) otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		BuildInfo: buildInfo,
		Factories: func() (otelcol.Factories, error) { return factories(s) },
		// The test ends the collector; a signal is for the test program.
		DisableGracefulShutdown: true,
		SkipSettingGRPCLogger:   true,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs: []string{uri},
			ProviderFactories: []confmap.ProviderFactory{
				envprovider.NewFactory(),
				fileprovider.NewFactory(),
				yamlprovider.NewFactory(),
			},
		}},
	}
}
