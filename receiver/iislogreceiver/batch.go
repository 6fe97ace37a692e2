// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
)

// maxRecords is how many records one ConsumeLogs gets at most.
const maxRecords = 1000

// origin is what belongs to the resource of a record.
type origin struct {
	site, host string
}

// counts is what a batch of lines came to. It is reported once the batch was
// taken, so that lines which are read again after a restart count once.
type counts struct {
	kinds    [numKinds]int64
	problems [numProblems]int64
	// dropped are the lines that match dropped, by the stage that did.
	dropped [rule.NumStages]int64
	headers int64
	changes int64
}

// batch collects the records of one ConsumeLogs, each under the resource that
// it came from.
type batch struct {
	scopeName, scopeVersion string

	logs    plog.Logs
	records int
	// expected is how many records the batch before had.
	expected int
	counts   counts
	lists    map[origin]plog.LogRecordSlice
	// The last origin, because nearly all records have it.
	last     origin
	lastList plog.LogRecordSlice
	observed pcommon.Timestamp
}

func (b *batch) reset(now time.Time) {
	b.logs = plog.NewLogs()
	b.expected, b.records = b.records, 0
	b.counts = counts{}
	b.lists = make(map[origin]plog.LogRecordSlice, 1)
	b.lastList = plog.LogRecordSlice{}
	b.last = origin{}
	b.observed = pcommon.NewTimestampFromTime(now)
}

// add appends an empty record.
func (b *batch) add(from origin) plog.LogRecord {
	if b.records == 0 || from != b.last {
		b.lastList = b.list(from)
		b.last = from
	}
	b.records++
	lr := b.lastList.AppendEmpty()
	lr.SetObservedTimestamp(b.observed)
	return lr
}

func (b *batch) list(from origin) plog.LogRecordSlice {
	if list, ok := b.lists[from]; ok {
		return list
	}
	rl := b.logs.ResourceLogs().AppendEmpty()
	attrs := rl.Resource().Attributes()
	if from.site != "" {
		attrs.PutStr(attrSite, from.site)
	}
	if from.host != "" {
		attrs.PutStr(attrHostName, from.host)
	}
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(b.scopeName)
	sl.Scope().SetVersion(b.scopeVersion)
	list := sl.LogRecords()
	if len(b.lists) == 0 {
		list.EnsureCapacity(b.expected)
	}
	b.lists[from] = list
	return list
}

// originAt is the saved origin, or, at the beginning of a file, what its path says.
func originAt(saved any, site string) origin {
	if text, ok := saved.(string); ok {
		if site, host, ok := strings.Cut(text, "\n"); ok {
			return origin{site, host}
		}
	}
	return origin{site: site}
}

// originOf says where a line comes from: its own columns know best, else the
// folder of its file.
func originOf(l *w3c.Line, p *plan, site string) origin {
	from := origin{site: site}
	if p.site >= 0 && !w3c.Absent(l.Values[p.site]) {
		from.site = l.Values[p.site]
	}
	if p.host >= 0 && !w3c.Absent(l.Values[p.host]) {
		from.host = l.Values[p.host]
	}
	return from
}
