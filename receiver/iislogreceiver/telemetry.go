// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
)

const (
	numKinds    = int(w3c.Blank) + 1
	badValue    = int(w3c.Continued) + 1
	numProblems = badValue + 1
)

// The names of the attribute values in metadata.yaml.
var (
	kindNames = [numKinds]string{
		w3c.Record: "record", w3c.Bad: "error", w3c.Directive: "directive", w3c.Blank: "blank",
	}
	problemNames = [numProblems]string{
		w3c.NoFields: "no_fields", w3c.ValueCount: "value_count", w3c.TooLong: "line_too_long",
		w3c.NULBytes: "nul_bytes", w3c.BadQuotes: "bad_quotes", w3c.Continued: "continued", badValue: "bad_value",
	}
)

// dropped is the kind of a line that match dropped.
var dropped = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "dropped")))

// meters reports counts. Attribute sets are made once.
type meters struct {
	*metadata.TelemetryBuilder
	kinds    [numKinds]metric.MeasurementOption
	problems [numProblems]metric.MeasurementOption
	stages   [rule.NumStages]metric.MeasurementOption
}

func newMeters(set component.TelemetrySettings) (*meters, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	m := &meters{TelemetryBuilder: b}
	for i, name := range kindNames {
		m.kinds[i] = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", name)))
	}
	for i, name := range problemNames {
		m.problems[i] = metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", name)))
	}
	for i := range m.stages {
		m.stages[i] = metric.WithAttributeSet(attribute.NewSet(attribute.String("stage", rule.Stage(i).String())))
	}
	return m, nil
}

func (m *meters) add(ctx context.Context, c *counts) {
	for i, n := range c.kinds {
		if n > 0 {
			m.ReceiverIisLogLines.Add(ctx, n, m.kinds[i])
		}
	}
	for i, n := range c.dropped {
		if n > 0 {
			m.ReceiverIisLogLines.Add(ctx, n, dropped)
			m.ReceiverIisLogLinesDropped.Add(ctx, n, m.stages[i])
		}
	}
	for i, n := range c.problems {
		if n > 0 {
			m.ReceiverIisLogParseErrors.Add(ctx, n, m.problems[i])
		}
	}
	if c.headers > 0 {
		m.ReceiverIisLogHeaderBlocks.Add(ctx, c.headers)
	}
	if c.changes > 0 {
		m.ReceiverIisLogSchemaChanges.Add(ctx, c.changes)
	}
}
