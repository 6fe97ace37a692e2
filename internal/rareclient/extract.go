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
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if progress.Is(lr) {
					x.tell(lr)
					continue
				}
				if v := x.record(lr, now); v <= rule.Missing && x.lacking == nil {
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

// setResource makes the identity of the resource: its attributes, sorted, but for
// those that are a request's; groupbyattrs, for one, moves such to the resource. What
// a record lacks may be there.
func (x *extractor) setResource(m pcommon.Map) {
	x.haveSource = false
	x.resource = x.resource[:0]
	for k, v := range m.All() {
		if !x.ofRequests(k) {
			x.resource = append(x.resource, k+"\x00"+v.AsString())
		}
	}
	slices.Sort(x.resource)
	x.common, x.commonSemconv, x.commonComputer = rule.Request{}, semconv{}, ""
	clear(x.values)
	if x.table {
		x.computer = ""
		x.cells(m, &x.common)
		x.commonComputer = x.computer
	} else {
		x.attributes(m, &x.common, &x.commonSemconv)
	}
	copy(x.inherited, x.values)
}

// requestAttributes differ from one request of a server to the next.
var requestAttributes = []string{
	attr.LogRecordUID, attr.URLPath, attr.URLQuery, attr.UserAgentOriginal, attr.ClientAddress, attr.UserName, attr.HTTPRequestMethod,
	attr.HTTPRequestMethodOriginal, attr.HTTPRequestHeaderReferer, attr.HTTPResponseStatusCode, attr.HTTPResponseSize, attr.IISParseError,
}

// ofRequests reports whether an attribute, or a column, is one of requests and not
// of where they were logged.
func (x *extractor) ofRequests(name string) bool {
	if !x.table {
		return slices.Contains(requestAttributes, name)
	}
	return name == colTime || slices.ContainsFunc(requestAttributes, func(a string) bool { return column(a) == name })
}

func (x *extractor) setSource(id sourceID) {
	if x.haveSource && id == x.source {
		return
	}
	x.haveSource, x.source = true, id
	x.batch.Source(append(x.resource, id.file, id.computer, id.site)...)
}

func (x *extractor) record(lr plog.LogRecord, now int64) rule.Verdict {
	r := &x.request
	var unreadable bool
	if x.table {
		unreadable = x.readRow(lr, r)
		x.setSource(sourceID{r.File, x.computer, r.Site})
	} else {
		x.read(lr.Attributes(), r)
		unreadable = x.semconv.parseError
		if bytes, ok := eventtime.ParseUID(x.semconv.uid); ok {
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
