// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

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
	// Rule describes the rule on each detection. Default: the Sentinel query's own metadata.
	Rule RuleConfig `mapstructure:"rule"`
}

// RuleConfig is the metadata put on each detection.
type RuleConfig struct {
	// ID becomes security_rule.uuid and part of detection.id.
	ID string `mapstructure:"id"`
	// Name becomes security_rule.name.
	Name string `mapstructure:"name"`
	// Version becomes security_rule.version.
	Version string `mapstructure:"version"`
	// Description becomes security_rule.description.
	Description string `mapstructure:"description"`
	// Category becomes security_rule.category.
	Category string `mapstructure:"category"`
	// Reference becomes security_rule.reference.
	Reference string `mapstructure:"reference"`
	// Severity is Informational, Low, Medium or High; it sets the records' severity.
	Severity string `mapstructure:"severity"`
	// Tactics are MITRE ATT&CK tactics, such as {id: TA0001, name: Initial Access}.
	Tactics []Threat `mapstructure:"tactics"`
	// Techniques are MITRE ATT&CK techniques, such as {id: T1190, name: Exploit Public-Facing Application}.
	Techniques []Threat `mapstructure:"techniques"`
}

// Threat is a MITRE ATT&CK tactic or technique.
type Threat struct {
	ID   string `mapstructure:"id"`
	Name string `mapstructure:"name"`
}

var (
	tacticID    = regexp.MustCompile(`^TA\d{4}$`)
	techniqueID = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
)

// DefaultConfig returns the Sentinel query's parameters and metadata.
func DefaultConfig() Config {
	return Config{
		Config: rule.DefaultConfig(),
		Input:  InputSemconv,
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
	errs := append([]error{c.Config.Check()}, c.Rule.validate()...)
	if c.Input != InputSemconv && c.Input != InputTable {
		errs = append(errs, fmt.Errorf("input: %q; it must be semconv (OpenTelemetry attributes) or w3ciislog (columns of the Sentinel table)", c.Input))
	}
	return errors.Join(errs...)
}

func (r *RuleConfig) validate() []error {
	var errs []error
	if r.ID == "" || r.Name == "" {
		errs = append(errs, errors.New("rule: id and name must be given"))
	}
	if _, ok := severities[r.Severity]; !ok {
		errs = append(errs, fmt.Errorf("rule::severity: %q; it must be Informational, Low, Medium or High", r.Severity))
	}
	for _, t := range r.Tactics {
		if !tacticID.MatchString(t.ID) {
			errs = append(errs, fmt.Errorf("rule::tactics: id %q; it must be a MITRE ATT&CK tactic such as TA0001", t.ID))
		}
	}
	for _, t := range r.Techniques {
		if !techniqueID.MatchString(t.ID) {
			errs = append(errs, fmt.Errorf("rule::techniques: id %q; it must be a MITRE ATT&CK technique such as T1190 or T1505.003", t.ID))
		}
	}
	return errs
}

func (t Threat) reference(kind string) string {
	return "https://attack.mitre.org/" + kind + "/" + strings.ReplaceAll(t.ID, ".", "/")
}

func threatColumn(threats []Threat, f func(Threat) string) []string {
	return slices.Collect(func(yield func(string) bool) {
		for _, t := range threats {
			if !yield(f(t)) {
				return
			}
		}
	})
}
