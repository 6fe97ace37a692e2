// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/iishunt/iishunt/internal/rareclient"
)

// Config is the configuration of the rare_client processor.
type Config struct {
	rareclient.Config `mapstructure:",squash"`

	// Forward says whether the input records go on to the next consumer: all or none. Default all.
	Forward Forward `mapstructure:"forward"`
}

// Forward says which input records the next consumer gets.
type Forward string

// What can be forwarded beside the detections.
const (
	ForwardAll  Forward = "all"
	ForwardNone Forward = "none"
)

func createDefaultConfig() component.Config {
	return &Config{Config: rareclient.DefaultConfig(), Forward: ForwardAll}
}

// Unmarshal reads the settings, in which window may be "all".
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := rareclient.ReadWindow(conf); err != nil {
		return err
	}
	return conf.Unmarshal(c)
}

// Validate names every key that is wrong, its value and what is allowed.
func (c *Config) Validate() error {
	var err error
	if c.Forward != ForwardAll && c.Forward != ForwardNone {
		err = fmt.Errorf("forward: %q; it must be all or none", c.Forward)
	}
	return errors.Join(c.Config.Check(), err)
}
