// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"math"
	"net/netip"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
)

// extractor reads the tuples that the rule needs out of log records. It keeps
// its buffers between records and is not safe for concurrent use.
type extractor struct {
	table bool     // the input is a table's rows
	names []string // of what group_by is read from: attributes or columns
	// others are the indexes of names that request does not hold.
	others    []int
	pathAt    int // index of url.path in group_by, or -1
	uaAt      int
	values    []string
	inherited []string     // values of group_by that the resource has
	request   rule.Request // of the current record; a field, so that it is not allocated for each

	batch      *engine.Batch
	resource   []string // identity of the resource
	source     sourceID // of the current record, where haveSource
	haveSource bool
	computer   string // of the current row
	// lacking is the scope of a record that lacks an attribute which the rule needs.
	lacking *string
}

// statusNotNumber is the status of an answer whose status is no number.
const statusNotNumber = -1

// sourceID tells the sources of one resource apart: the file, or where rows name
// no file, the server and the site.
type sourceID struct{ file, computer, site string }

func newExtractor(e *engine.Engine, cfg *Config) *extractor {
	x := &extractor{
		table: cfg.Input == InputTable, names: slices.Clone(cfg.GroupBy), batch: e.NewBatch(),
		values: make([]string, len(cfg.GroupBy)), inherited: make([]string, len(cfg.GroupBy)),
		pathAt: slices.Index(cfg.GroupBy, attr.URLPath), uaAt: slices.Index(cfg.GroupBy, attr.UserAgentOriginal),
	}
	for i := range x.names {
		if x.table {
			x.names[i] = column(x.names[i])
		}
		if i != x.pathAt && i != x.uaAt {
			x.others = append(x.others, i)
		}
	}
	return x
}

// extract fills the batch. now is the wall clock in nanoseconds.
func (x *extractor) extract(ld plog.Logs, now int64) {
	x.batch.Reset(now)
	x.lacking = nil
	for _, rl := range ld.ResourceLogs().All() {
		x.setResource(rl.Resource().Attributes())
		site := text(rl.Resource().Attributes(), attr.IISSite)
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if v := x.record(lr, site, now); v <= rule.Missing && x.lacking == nil {
					x.lacking = new(sl.Scope().Name())
				}
			}
		}
	}
}

// release lets go of the strings of the last call.
func (x *extractor) release() {
	x.batch.Reset(0)
	clear(x.values)
	clear(x.inherited)
	clear(x.resource)
	x.request, x.source, x.computer = rule.Request{}, sourceID{}, ""
}

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
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
		x.setSource(sourceID{file: r.File})
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

// nanoseconds returns a time since the Unix epoch. One that does not fit, which
// is after 2262, is the last that does: far in the future.
func nanoseconds(t pcommon.Timestamp) int64 {
	return int64(min(t, math.MaxInt64))
}

// read takes what the rule needs from the attributes, in one pass, and reports
// whether the record is a line that could not be read.
func (x *extractor) read(attrs pcommon.Map, r *rule.Request) (parseError bool) {
	copy(x.values, x.inherited)
	var local, server, name, path, odd string
	for k, v := range attrs.All() {
		switch k {
		case attr.URLPath:
			r.Path = str(v)
		case attr.UserAgentOriginal:
			r.UserAgent = str(v)
		case attr.ClientAddress:
			r.Client = str(v)
		case attr.HTTPResponseStatusCode:
			r.Status = status(v)
		case attr.NetworkLocalAddress:
			local = str(v)
		case attr.ServerAddress:
			server = str(v)
		case attr.IISSite:
			r.Site = str(v)
		case attr.HTTPRequestMethod:
			r.Method = str(v)
		case attr.HTTPRequestMethodOriginal:
			odd = str(v)
		case attr.URLQuery:
			r.Query = str(v)
		case attr.HTTPRequestHeaderReferer:
			r.Referer = first(v)
		case attr.UserName:
			r.User = str(v)
		case attr.HTTPResponseSize:
			r.Bytes = integer(v)
		case attr.LogFileName:
			name = str(v)
		case attr.LogFilePath:
			path = str(v)
		case attr.IISParseError:
			parseError = true
		}
		x.other(k, v)
	}
	x.finish(r)
	if odd != "" {
		r.Method = odd
	}
	r.Server, r.Host = serverAndHost(local, server)
	if r.File = path; path == "" {
		r.File = name
	}
	return parseError
}

// other keeps a value that only group_by asks for.
func (x *extractor) other(k string, v pcommon.Value) {
	for _, i := range x.others {
		if k == x.names[i] {
			x.values[i] = v.AsString()
		}
	}
}

// finish copies what group_by has in common with the request.
func (x *extractor) finish(r *rule.Request) {
	if x.pathAt >= 0 {
		x.values[x.pathAt] = r.Path
	}
	if x.uaAt >= 0 {
		x.values[x.uaAt] = r.UserAgent
	}
}

// serverAndHost splits what conventions put into two attributes: the server's
// own address, and the host name that the client asked for.
func serverAndHost(local, server string) (address, host string) {
	if server == local {
		return local, ""
	}
	if local == "" {
		if _, err := netip.ParseAddr(server); err == nil {
			return server, ""
		}
	}
	return local, server
}

// str is AsString without the copy for the usual type.
func str(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}

// first is the first entry of a header attribute ([]string), or its text.
func first(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeSlice {
		if v.Slice().Len() == 0 {
			return ""
		}
		v = v.Slice().At(0)
	}
	return str(v)
}

// status is an int by the conventions; other sources write it as text, and
// parsers of JSON as a fraction without fractional part. What is no whole number
// was still an answer, only not one of the codes looked for.
func status(v pcommon.Value) int {
	n := integer(v)
	if n == 0 || n != int64(int32(n)) {
		return statusNotNumber
	}
	return int(n)
}

// integer is 0 for what is no whole number.
func integer(v pcommon.Value) int64 {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int()
	case pcommon.ValueTypeDouble:
		if n := int64(v.Double()); float64(n) == v.Double() {
			return n
		}
	case pcommon.ValueTypeStr:
		if n, err := strconv.ParseInt(v.Str(), 10, 64); err == nil {
			return n
		}
	}
	return 0
}
