// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientconnector

import (
	"go.opentelemetry.io/collector/component"

	"github.com/iishunt/iishunt/internal/rareclient"
)

// Config is the configuration of the rare_client connector. There is no
// forward: the records end here, and the pipelines decide where else they go.
type Config struct {
	rareclient.Config `mapstructure:",squash"`
}

func createDefaultConfig() component.Config { return &Config{Config: rareclient.DefaultConfig()} }

// Validate names every key that is wrong, its value and what is allowed.
func (c *Config) Validate() error { return c.Check() }
