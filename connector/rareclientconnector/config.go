// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientconnector

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/iishunt/iishunt/internal/rareclient"
)

// Config is the configuration of the rare_client connector. There is no
// forward: the records end here, and the pipelines decide where else they go.
type Config struct {
	rareclient.Config `mapstructure:",squash"`
}

func createDefaultConfig() component.Config { return &Config{Config: rareclient.DefaultConfig()} }

// Unmarshal reads the settings, in which window may be "all".
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := rareclient.ReadWindow(conf); err != nil {
		return err
	}
	return conf.Unmarshal(c)
}

// Validate names every key that is wrong, its value and what is allowed.
func (c *Config) Validate() error { return c.Check() }
