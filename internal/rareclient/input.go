// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

// Input says how the records name what the rule looks at.
type Input string

// The inputs.
const (
	// InputSemconv: OpenTelemetry attributes, as iis_log and other receivers of web logs write them.
	InputSemconv Input = "semconv"
	// InputTable: the columns of the Sentinel table W3CIISLog, as attributes or in a map body.
	InputTable Input = "w3ciislog"
)
