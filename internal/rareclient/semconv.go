// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
)

// read takes what the rule needs from the attributes, in one pass, and reports
// whether the record is a line that could not be read.
func (x *extractor) read(attrs pcommon.Map, r *rule.Request) (parseError bool) {
	copy(x.values, x.inherited)
	x.uid = ""
	var local, server, name, path, odd string
	for k, v := range attrs.All() {
		switch k {
		case attr.LogRecordUID:
			x.uid = str(v)
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
		if x.more {
			x.other(k, v)
		}
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
