// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

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
