// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/progress"
	"github.com/iishunt/iishunt/internal/rule"
)

// extract fills the batch. now is the wall clock in nanoseconds.
func (x *extractor) extract(ld plog.Logs, now int64) {
	x.batch.Reset(now)
	x.lacking = nil
	x.unreadable = nil
	for _, rl := range ld.ResourceLogs().All() {
		x.setResource(rl.Resource().Attributes())
		site := text(rl.Resource().Attributes(), attr.IISSite)
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if progress.Is(lr) {
					x.tell(lr)
					continue
				}
				if v := x.record(lr, site, now); v <= rule.Missing && x.lacking == nil {
					x.lacking = new(sl.Scope().Name())
				}
			}
		}
	}
}

// tell takes what a reader says of its reading.
func (x *extractor) tell(lr plog.LogRecord) {
	p, err := progress.Parse(lr)
	if err != nil {
		x.unreadable = err
		return
	}
	x.batch.Tell(p)
}

// setResource makes the identity of the resource: its attributes, sorted. What
// group_by names may be an attribute of the resource.
func (x *extractor) setResource(m pcommon.Map) {
	x.haveSource = false
	x.resource = x.resource[:0]
	for k, v := range m.All() {
		x.resource = append(x.resource, k+"\x00"+v.AsString())
	}
	slices.Sort(x.resource)
	if x.counted != "" {
		x.inheritedCount = text(m, x.counted)
	}
	for _, i := range x.others {
		x.inherited[i] = text(m, x.names[i])
	}
}

func (x *extractor) setSource(id sourceID) {
	if x.haveSource && id == x.source {
		return
	}
	x.haveSource, x.source = true, id
	x.batch.Source(append(x.resource, id.file, id.computer, id.site)...)
}

func (x *extractor) record(lr plog.LogRecord, site string, now int64) rule.Verdict {
	r := &x.request
	*r = rule.Request{Site: site}
	var unreadable bool
	if x.table {
		unreadable = x.readRow(lr, r)
		x.setSource(sourceID{r.File, x.computer, r.Site})
	} else {
		unreadable = x.read(lr.Attributes(), r)
		if bytes, ok := eventtime.ParseUID(x.uid); ok {
			x.haveSource = false
			x.batch.Answers(bytes)
		} else {
			x.setSource(sourceID{file: r.File})
		}
	}
	if r.Time == 0 {
		r.Time = nanoseconds(lr.Timestamp())
	}
	if r.Time == 0 {
		if unreadable {
			x.batch.Lost()
			return rule.Matched // nothing is known of it
		}
		if r.Time = nanoseconds(lr.ObservedTimestamp()); r.Time == 0 {
			r.Time = now
		}
	}
	return x.batch.Add(r, x.values)
}
