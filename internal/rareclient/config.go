// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/iishunt/iishunt/internal/rule"
)

// Config is the configuration that the rare_client components share: the rule's
// settings ([rule.Config]) and its metadata.
type Config struct {
	rule.Config `mapstructure:",squash"`

	// StorageID names the storage extension that keeps the state, so that it
	// survives a restart and a crash. Default none.
	StorageID *component.ID `mapstructure:"storage"`
	// Input says how the records name things: semconv (OpenTelemetry attributes)
	// or w3ciislog (columns of the Sentinel table). Default semconv.
	Input Input `mapstructure:"input"`
	// WindowRecords gives a record of each evaluated window beside the detections
	// (event name iishunt.window), also where nothing was found. Default true.
	WindowRecords bool `mapstructure:"window_records"`
	// Rule describes the rule on each detection. Default: the Sentinel query's own metadata.
	Rule RuleConfig `mapstructure:"rule"`
}

// DefaultConfig returns the Sentinel query's parameters and metadata.
func DefaultConfig() Config {
	return Config{
		Config:        rule.DefaultConfig(),
		Input:         InputSemconv,
		WindowRecords: true,
		Rule: RuleConfig{
			ID:      "a787a819-40df-4c9f-a5ae-850d5a2a0cf6",
			Name:    "URI requests from single client",
			Version: "1.0.2",
			Description: "Finds connections to server files that only one client requested. Effective when an actor " +
				"uses static operational addresses; a longer window gives more reliable results.",
			Category:   "hunting",
			Reference:  "https://github.com/Azure/Azure-Sentinel/blob/master/Hunting%20Queries/W3CIISLog/RareClientFileAccess.yaml",
			Severity:   "Low",
			Tactics:    []Threat{{ID: "TA0001", Name: "Initial Access"}},
			Techniques: []Threat{{ID: "T1190", Name: "Exploit Public-Facing Application"}},
		},
	}
}

// Check names every key that is wrong, its value and what is allowed.
func (c *Config) Check() error {
	errs := append([]error{c.Config.Check(), c.checkWhole()}, c.Rule.validate()...)
	if c.Input != InputSemconv && c.Input != InputTable {
		errs = append(errs, fmt.Errorf("input: %q; it must be semconv (OpenTelemetry attributes) or w3ciislog (columns of the Sentinel table)", c.Input))
	}
	return errors.Join(errs...)
}
