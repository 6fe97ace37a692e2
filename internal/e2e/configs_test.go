// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e runs whole Collectors in process, on real files. It is a module
// of its own because of what that needs.
package e2e

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/otelcol"
)

func validate(t *testing.T, uri string) error {
	t.Helper()
	col, err := otelcol.NewCollector(settings(newSinks(), uri))
	require.NoError(t, err)
	return col.DryRun(t.Context())
}

func TestEveryConfigurationIsValid(t *testing.T) {
	paths, err := filepath.Glob("../../config/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			require.NoError(t, validate(t, "file:"+path))
		})
	}
}

func TestConfigurationErrorsNameTheKey(t *testing.T) {
	const rest = `
receivers: {iis_log: {include: [x.log]}}
exporters: {nop: {}}
service: {pipelines: {logs: {receivers: [iis_log], processors: [rare_client], exporters: [nop]}}}
processors:
  rare_client: `
	require.NoError(t, validate(t, "yaml:"+rest+"{}"))
	require.ErrorContains(t, validate(t, "yaml:"+rest+"{windows: 24h}"), "windows")
	require.ErrorContains(t, validate(t, "yaml:"+rest+"{window: -1h}"), "window: -1h")
}
