// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package hunt

import (
	"net/netip"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/rareclient"
)

// Attributes read, beside those of group_by. Names are OpenTelemetry semantic
// conventions; iis.* are iis_log's own.
const (
	attrClient      = "client.address"
	attrStatus      = "http.response.status_code"
	attrLocal       = "network.local.address"
	attrServer      = "server.address"
	attrSite        = "iis.site"
	attrMethod      = "http.request.method"
	attrQuery       = "url.query"
	attrReferer     = "http.request.header.referer"
	attrUser        = "user.name"
	attrSize        = "http.response.size"
	attrFileName    = "log.file.name"
	attrFilePath    = "log.file.path"
	attrParseError  = "iis.parse_error"
	statusNotNumber = -1
)

// extractor reads the tuples that the rule needs out of log records. It keeps
// its buffers between records and is not safe for concurrent use.
type extractor struct {
	groupBy []string
	// others are the indexes of group_by attributes that request does not hold.
	others  []int
	pathAt  int // index of url.path in group_by, or -1
	uaAt    int
	values  []string
	request rareclient.Request // of the current record; a field, so that it is not allocated for each

	batch      *rareclient.Batch
	resource   []string // identity of the resource
	file       string   // of the current source
	haveSource bool
}

func newExtractor(e *rareclient.Engine, groupBy []string) *extractor {
	x := &extractor{
		groupBy: groupBy, values: make([]string, len(groupBy)), batch: e.NewBatch(),
		pathAt: slices.Index(groupBy, rareclient.AttrPath), uaAt: slices.Index(groupBy, rareclient.AttrUserAgent),
	}
	for i := range groupBy {
		if i != x.pathAt && i != x.uaAt {
			x.others = append(x.others, i)
		}
	}
	return x
}

// extract fills the batch. now is the wall clock in nanoseconds.
func (x *extractor) extract(ld plog.Logs, now int64) {
	x.batch.Reset(now)
	for _, rl := range ld.ResourceLogs().All() {
		x.setResource(rl.Resource().Attributes())
		site := text(rl.Resource().Attributes(), attrSite)
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				x.record(lr, site, now)
			}
		}
	}
}

// release lets go of the strings of the last call.
func (x *extractor) release() {
	x.batch.Reset(0)
	clear(x.values)
	clear(x.resource)
	x.request, x.file = rareclient.Request{}, ""
}

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
}

// setResource makes the identity of the resource: its attributes, sorted.
func (x *extractor) setResource(m pcommon.Map) {
	x.haveSource = false
	x.resource = x.resource[:0]
	for k, v := range m.All() {
		x.resource = append(x.resource, k+"\x00"+v.AsString())
	}
	slices.Sort(x.resource)
}

func (x *extractor) setSource(file string) {
	if x.haveSource && file == x.file {
		return
	}
	x.haveSource, x.file = true, file
	x.batch.Source(append(x.resource, file)...)
}

func (x *extractor) record(lr plog.LogRecord, site string, now int64) {
	r := &x.request
	*r = rareclient.Request{Site: site}
	parseError := x.read(lr.Attributes(), r)
	x.setSource(r.File)
	r.Time = int64(lr.Timestamp())
	if r.Time == 0 {
		if parseError {
			x.batch.Lost()
			return
		}
		if r.Time = int64(lr.ObservedTimestamp()); r.Time == 0 {
			r.Time = now
		}
	}
	x.batch.Add(r, x.values)
}

// read takes what the rule needs from the attributes, in one pass, and reports
// whether the record is a line that could not be read.
func (x *extractor) read(attrs pcommon.Map, r *rareclient.Request) (parseError bool) {
	clear(x.values)
	var local, server, name, path string
	for k, v := range attrs.All() {
		switch k {
		case rareclient.AttrPath:
			r.Path = str(v)
		case rareclient.AttrUserAgent:
			r.UserAgent = str(v)
		case attrClient:
			r.Client = str(v)
		case attrStatus:
			r.Status = status(v)
		case attrLocal:
			local = str(v)
		case attrServer:
			server = str(v)
		case attrSite:
			r.Site = str(v)
		case attrMethod:
			r.Method = str(v)
		case attrQuery:
			r.Query = str(v)
		case attrReferer:
			r.Referer = first(v)
		case attrUser:
			r.User = str(v)
		case attrSize:
			r.Bytes = v.Int()
		case attrFileName:
			name = str(v)
		case attrFilePath:
			path = str(v)
		case attrParseError:
			parseError = true
		}
		for _, i := range x.others {
			if k == x.groupBy[i] {
				x.values[i] = v.AsString()
			}
		}
	}
	if x.pathAt >= 0 {
		x.values[x.pathAt] = r.Path
	}
	if x.uaAt >= 0 {
		x.values[x.uaAt] = r.UserAgent
	}
	r.Server, r.Host = serverAndHost(local, server)
	if r.File = path; path == "" {
		r.File = name
	}
	return parseError
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

// status is an int by the conventions; other sources write it as text. A text
// that is no number was still an answer, only not one of the codes looked for.
func status(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return int(v.Int())
	case pcommon.ValueTypeStr:
		n, err := strconv.Atoi(v.Str())
		if err != nil || n == 0 {
			return statusNotNumber
		}
		return n
	default:
		return statusNotNumber
	}
}
