// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package huntreportexporter

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is the configuration of the hunt_report exporter.
type Config struct {
	// Path of the HTML file. Missing folders are made.
	Path string `mapstructure:"path"`
	// NDJSONPath is a file for the same detections, a JSON object a line; default none.
	NDJSONPath string `mapstructure:"ndjson_path"`
	// Title of the report.
	Title string `mapstructure:"title"`
	// FlushInterval is the least time between two writes; default 5s.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// MaxFindings bounds the detections in the report; default 10000. One of
	// more than 2 KiB counts as several.
	MaxFindings int `mapstructure:"max_findings"`
	// Append keeps the findings of a report that is there at the start; default true.
	Append bool `mapstructure:"append"`

	_ struct{} // keyed literals only
}

func createDefaultConfig() component.Config {
	return &Config{Title: "Hunt report", FlushInterval: 5 * time.Second, MaxFindings: 10_000, Append: true}
}

// Validate names every key that is wrong, its value and what is allowed.
func (c *Config) Validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("path: it must name the HTML file to write"))
	}
	if c.NDJSONPath != "" && filepath.Clean(c.NDJSONPath) == filepath.Clean(c.Path) {
		errs = append(errs, fmt.Errorf("ndjson_path: %q is the same file as path", c.NDJSONPath))
	}
	if c.FlushInterval < 100*time.Millisecond {
		errs = append(errs, fmt.Errorf("flush_interval: %s; it must be 100ms or more", c.FlushInterval))
	}
	if c.MaxFindings < 1 || c.MaxFindings > 100_000 {
		errs = append(errs, fmt.Errorf("max_findings: %d; it must be 1 to 100000", c.MaxFindings))
	}
	return errors.Join(errs...)
}
