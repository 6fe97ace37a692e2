// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientconnector

import (
	"go.opentelemetry.io/collector/component"

	"github.com/iishunt/iishunt/internal/hunt"
)

// Config is the configuration of the rare_client connector. There is no
// forward: the records end here, and the pipelines decide where else they go.
type Config struct {
	hunt.Config `mapstructure:",squash"`
}

func createDefaultConfig() component.Config { return &Config{Config: hunt.DefaultConfig()} }

// Validate names every key that is wrong, its value and what is allowed.
func (c *Config) Validate() error { return c.Check() }
