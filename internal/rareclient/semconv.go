// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
)

// semconv is what the attributes of a record say that a request has no place for,
// or that depends on several of them.
type semconv struct {
	uid                string // log.record.uid
	local, server      string
	fileName, filePath string
	odd                string // a method that is none of HTTP's
	parseError         bool
}

// read takes what the rule needs from a record's attributes. What they lack is
// that of the resource.
func (x *extractor) read(attrs pcommon.Map, r *rule.Request) {
	copy(x.values, x.inherited)
	*r, x.semconv = x.common, x.commonSemconv
	x.attributes(attrs, r, &x.semconv)
	x.finish(r)
	if x.semconv.odd != "" {
		r.Method = x.semconv.odd
	}
	r.Server, r.Host = serverAndHost(x.semconv.local, x.semconv.server)
	r.File = cmp.Or(x.semconv.filePath, x.semconv.fileName)
}

// attributes takes what the rule needs in one pass.
func (x *extractor) attributes(attrs pcommon.Map, r *rule.Request, s *semconv) {
	for k, v := range attrs.All() {
		switch k {
		case attr.LogRecordUID:
			s.uid = str(v)
		case attr.URLPath:
			r.Path = str(v)
		case attr.UserAgentOriginal:
			r.UserAgent = str(v)
		case attr.ClientAddress:
			r.Client = str(v)
		case attr.HTTPResponseStatusCode:
			r.Status = status(v)
		case attr.NetworkLocalAddress:
			s.local = str(v)
		case attr.ServerAddress:
			s.server = str(v)
		case attr.IISSite:
			r.Site = str(v)
		case attr.HTTPRequestMethod:
			r.Method = str(v)
		case attr.HTTPRequestMethodOriginal:
			s.odd = str(v)
		case attr.URLQuery:
			r.Query = str(v)
		case attr.HTTPRequestHeaderReferer:
			r.Referer = first(v)
		case attr.UserName:
			r.User = str(v)
		case attr.HTTPResponseSize:
			r.Bytes = integer(v)
		case attr.LogFileName:
			s.fileName = str(v)
		case attr.LogFilePath:
			s.filePath = str(v)
		case attr.IISParseError:
			s.parseError = true
		}
		if x.more {
			x.other(r, k, v)
		}
	}
}
