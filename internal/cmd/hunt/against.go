// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	pages "github.com/iishunt/iishunt/internal/page"
	"github.com/iishunt/iishunt/internal/report"
)

// AGAINST is another rule to compare with. One collector reads the logs once for
// both: the old rule is a second processor with a report of its own.

const (
	receiverID  = "iis_log"
	processorID = "rare_client"
	exporterID  = "hunt_report"
	// against is the name of the old rule's processor, exporter and pipeline.
	against = "/against"
)

// huntConfig is what a hunt's configuration must have.
type huntConfig struct {
	Receivers  map[string]map[string]any `yaml:"receivers"`
	Processors map[string]map[string]any `yaml:"processors"`
	Exporters  map[string]map[string]any `yaml:"exporters"`
	Extensions map[string]any            `yaml:"extensions,omitempty"`
	Service    map[string]any            `yaml:"service"`
}

func readConfig(path string) (*huntConfig, error) {
	c, err := readRaw(path)
	if err != nil {
		return nil, err
	}
	if len(c.Receivers) != 1 || c.Receivers[receiverID] == nil || len(c.Processors) != 1 || len(c.Exporters) != 1 || c.Exporters[exporterID] == nil {
		return nil, fmt.Errorf("%s: rules are compared that stand in a copy of config/hunt.yaml: the receiver iis_log, the processor rare_client and the exporter hunt_report, and no other", path)
	}
	if _, ok := c.Processors[processorID]; !ok {
		return nil, fmt.Errorf("%s: its processor is not rare_client", path)
	}
	return c, nil
}

func readRaw(path string) (*huntConfig, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &huntConfig{}
	if err := yaml.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// both makes one configuration of the new rule's and the old one's. The receiver's
// match only saves work, and the two may differ, so there is none; it reads
// what either needs.
func both(newer, older *huntConfig) ([]byte, error) {
	in := newer.Receivers[receiverID]
	old := older.Receivers[receiverID]
	delete(in, "match")
	mine, theirs := included(in), included(old)
	if mine == nil || theirs == nil {
		delete(in, "fields")
	} else {
		in["fields"] = map[string]any{"include": union(mine, theirs)}
	}
	for _, key := range []string{"client_address", "time_zone"} {
		if fmt.Sprint(in[key]) != fmt.Sprint(old[key]) {
			return nil, fmt.Errorf("%s: the two rules read the logs differently, which cannot be done in one pass", key)
		}
	}
	rule := older.Processors[processorID]
	if rule == nil {
		rule = map[string]any{}
	}
	rule["forward"] = "none"
	newer.Processors[processorID+against] = rule
	newer.Exporters[exporterID+against] = map[string]any{"path": "${env:IISHUNT_AGAINST}", "append": false, "flush_interval": "1s", "max_findings": maxFindings}
	newer.Service["pipelines"] = map[string]any{
		"logs":           pipeline(""),
		"logs" + against: pipeline(against),
	}
	return yaml.Marshal(newer)
}

func pipeline(name string) map[string]any {
	return map[string]any{"receivers": []string{receiverID}, "processors": []string{processorID + name}, "exporters": []string{exporterID + name}}
}

// included are the columns that a receiver makes attributes of; nil: all.
func included(receiver map[string]any) []string {
	fields, _ := receiver["fields"].(map[string]any)
	list, _ := fields["include"].([]any)
	var out []string
	for _, name := range list {
		out = append(out, fmt.Sprint(name))
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// comparison is a second rule of a hunt.
type comparison struct {
	folder string // of its own, removed at the end
	config string // of both rules
	report string // of the old rule
}

// compare prepares a hunt with two rules.
func compare(config, old string) (*comparison, error) {
	newer, err := readConfig(config)
	if err != nil {
		return nil, err
	}
	older, err := readConfig(old)
	if err != nil {
		return nil, err
	}
	raw, err := both(newer, older)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "iishunt-against-")
	if err != nil {
		return nil, err
	}
	c := &comparison{folder: folder, config: filepath.Join(folder, "both.yaml"), report: filepath.Join(folder, "against.html")}
	if err := os.WriteFile(c.config, raw, 0o600); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *comparison) close() error { return os.RemoveAll(c.folder) }

// change is what the new rule makes of a page.
type change struct {
	page     string
	from, to place
}

// place is where the first finding of a page stands; the zero place is nowhere.
type place struct {
	rank  int
	level string
}

// changes are the pages that only the new report has, those that only the old one
// has, and those that stand elsewhere; each in order of the better rank.
func changes(older, newer *report.Document) (gained, lost, moved []change) {
	was, is := places(older), places(newer)
	for page, to := range is {
		switch from, known := was[page]; {
		case !known:
			gained = append(gained, change{page, place{}, to})
		case from != to:
			moved = append(moved, change{page, from, to})
		}
	}
	for page, from := range was {
		if _, known := is[page]; !known {
			lost = append(lost, change{page, from, place{}})
		}
	}
	for _, list := range [][]change{gained, lost, moved} {
		slices.SortFunc(list, func(a, b change) int {
			if d := a.best() - b.best(); d != 0 {
				return d
			}
			return strings.Compare(a.page, b.page)
		})
	}
	return gained, lost, moved
}

func (c *change) best() int {
	switch {
	case c.from.rank == 0:
		return c.to.rank
	case c.to.rank == 0:
		return c.from.rank
	default:
		return min(c.from.rank, c.to.rank)
	}
}

// places are those of the pages, however they are written: the rules may group
// by different keys.
func places(doc *report.Document) map[string]place {
	out := map[string]place{}
	for i, f := range doc.Findings {
		subject := pages.Of(f.Path, true)
		if f.Path == "" {
			subject = f.Subject(doc)
		}
		if _, known := out[subject]; !known {
			out[subject] = place{i + 1, f.Level}
		}
	}
	return out
}
