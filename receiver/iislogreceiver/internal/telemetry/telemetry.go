// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package telemetry counts what became of the lines that were read.
package telemetry

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
)

// The bounds of the arrays in Counts. BadValue stands behind the problems of the
// format: a line with a value that is not what its column asks for.
const (
	NumKinds    = int(w3c.Blank) + 1
	BadValue    = int(w3c.Continued) + 1
	NumProblems = BadValue + 1
)

// Counts is what a batch of lines came to. It is added once the batch was taken,
// so that lines which are read again after a restart count once.
type Counts struct {
	Kinds    [NumKinds]int64
	Problems [NumProblems]int64
	// Dropped are the lines that match dropped, by the stage that did.
	Dropped [rule.NumStages]int64
	Headers int64 // #Fields directives
	Changes int64 // of the columns
}

// The names of the attribute values in metadata.yaml.
var (
	kindNames = [NumKinds]string{
		w3c.Record: "record", w3c.Bad: "error", w3c.Directive: "directive", w3c.Blank: "blank",
	}
	problemNames = [NumProblems]string{
		w3c.NoFields: "no_fields", w3c.ValueCount: "value_count", w3c.TooLong: "line_too_long",
		w3c.NULBytes: "nul_bytes", w3c.BadQuotes: "bad_quotes", w3c.Continued: "continued", BadValue: "bad_value",
	}
)

// dropped is the kind of a line that match dropped.
var dropped = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", "dropped")))

// Meters reports Counts. Attribute sets are made once.
type Meters struct {
	*metadata.TelemetryBuilder
	kinds    [NumKinds]metric.MeasurementOption
	problems [NumProblems]metric.MeasurementOption
	stages   [rule.NumStages]metric.MeasurementOption
}

// New returns the meters of a receiver.
func New(set component.TelemetrySettings) (*Meters, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	m := &Meters{TelemetryBuilder: b}
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

// Add reports counts.
func (m *Meters) Add(ctx context.Context, c *Counts) {
	for i, n := range c.Kinds {
		if n > 0 {
			m.ReceiverIisLogLines.Add(ctx, n, m.kinds[i])
		}
	}
	for i, n := range c.Dropped {
		if n > 0 {
			m.ReceiverIisLogLines.Add(ctx, n, dropped)
			m.ReceiverIisLogLinesDropped.Add(ctx, n, m.stages[i])
		}
	}
	for i, n := range c.Problems {
		if n > 0 {
			m.ReceiverIisLogParseErrors.Add(ctx, n, m.problems[i])
		}
	}
	if c.Headers > 0 {
		m.ReceiverIisLogHeaderBlocks.Add(ctx, c.Headers)
	}
	if c.Changes > 0 {
		m.ReceiverIisLogSchemaChanges.Add(ctx, c.Changes)
	}
}
