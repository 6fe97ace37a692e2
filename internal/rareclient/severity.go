// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import "go.opentelemetry.io/collector/pdata/plog"

// severityHigh is the highest of Sentinel's words.
const severityHigh = "High"

// severities maps Sentinel's words to OpenTelemetry severity numbers.
var severities = map[string]plog.SeverityNumber{
	"Informational": plog.SeverityNumberInfo,
	"Low":           plog.SeverityNumberInfo2,
	"Medium":        plog.SeverityNumberWarn,
	severityHigh:    plog.SeverityNumberError,
}
