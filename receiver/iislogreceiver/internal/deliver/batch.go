// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package deliver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/record"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/telemetry"
)

// What one ConsumeLogs gets at most, unless one record alone is larger.
const (
	MaxRecords = 1000
	// MaxBytes is what the records of a batch may take in an OTLP message: less than
	// 900 kB, which every backend takes, with its resources.
	MaxBytes = 860_000
)

// Batch collects the records of one ConsumeLogs, each under the resource that
// it came from.
type Batch struct {
	ScopeName, ScopeVersion string

	Logs    plog.Logs
	Records int
	Bytes   int // that they take in a message, at most
	// expected is how many records the batch before had.
	expected int
	Counts   telemetry.Counts
	lists    map[record.Origin]plog.LogRecordSlice
	// The last origin, because nearly all records have it.
	last     record.Origin
	lastList plog.LogRecordSlice
	Observed pcommon.Timestamp
}

// Reset begins anew; now is the time at which the lines are read.
func (b *Batch) Reset(now time.Time) {
	b.Next()
	b.Counts = telemetry.Counts{}
	b.Observed = pcommon.NewTimestampFromTime(now)
}

// Next begins the next batch.
func (b *Batch) Next() {
	b.Logs = plog.NewLogs()
	b.expected, b.Records, b.Bytes = b.Records, 0, 0
	b.lists = make(map[record.Origin]plog.LogRecordSlice, 1)
	b.lastList = plog.LogRecordSlice{}
	b.last = record.Origin{}
}

// Add appends an empty record.
func (b *Batch) Add(from record.Origin) plog.LogRecord {
	if b.Records == 0 || from != b.last {
		b.lastList = b.list(from)
		b.last = from
	}
	b.Records++
	lr := b.lastList.AppendEmpty()
	lr.SetObservedTimestamp(b.Observed)
	return lr
}

func (b *Batch) list(from record.Origin) plog.LogRecordSlice {
	if list, ok := b.lists[from]; ok {
		return list
	}
	rl := b.Logs.ResourceLogs().AppendEmpty()
	attrs := rl.Resource().Attributes()
	if from.Site != "" {
		attrs.PutStr(attr.IISSite, from.Site)
	}
	if from.Host != "" {
		attrs.PutStr(attr.HostName, from.Host)
	}
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(b.ScopeName)
	sl.Scope().SetVersion(b.ScopeVersion)
	list := sl.LogRecords()
	if len(b.lists) == 0 {
		list.EnsureCapacity(b.expected)
	}
	b.lists[from] = list
	return list
}
