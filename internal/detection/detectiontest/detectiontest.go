// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package detectiontest has detections for tests, as rare_client writes them.
package detectiontest

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
)

// Logs is a detection of each page; its id is the path.
func Logs(paths ...string) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, path := range paths {
		Fill(records.AppendEmpty(), path)
	}
	return ld
}

// Fill makes a log record a detection of a page.
func Fill(lr plog.LogRecord, path string) {
	lr.SetEventName(attr.EventRareClient)
	lr.SetSeverityText("Low")
	m := lr.Attributes()
	m.PutStr(attr.DetectionID, path)
	m.PutStr(attr.URLPath, path)
	m.PutEmptySlice(attr.DetectionClients).AppendEmpty().SetStr("203.0.113.7")
	m.PutInt(attr.DetectionRequestCount, 2)
	for _, key := range []string{attr.DetectionWindowStart, attr.DetectionFirstSeen, attr.DetectionLastSeen, attr.DetectionWindowEnd} {
		m.PutStr(key, "2026-03-02T00:00:00Z")
	}
}
