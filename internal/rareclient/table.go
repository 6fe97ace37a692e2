// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"math"
	"net"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
)

// readRow takes what the rule needs from a row of the table: from the body,
// where that is a map, and from the attributes. What they lack is that of the
// resource. unreadable: it has a time that cannot be read.
func (x *extractor) readRow(lr plog.LogRecord, r *rule.Request) (unreadable bool) {
	copy(x.values, x.inherited)
	*r, x.computer = x.common, x.commonComputer
	if lr.Body().Type() == pcommon.ValueTypeMap {
		unreadable = x.cells(lr.Body().Map(), r)
	}
	unreadable = x.cells(lr.Attributes(), r) || unreadable
	x.finish(r)
	return unreadable
}

func (x *extractor) cells(row pcommon.Map, r *rule.Request) (unreadable bool) {
	for k, v := range row.All() {
		switch k {
		case colTime:
			r.Time = tableTime(str(v))
			unreadable = r.Time == 0
		case colComputer:
			x.computer = str(v)
		case colPath:
			r.Path = str(v)
		case colUserAgent:
			r.UserAgent = str(v)
		case colClient:
			r.Client = str(v)
		case colServer:
			r.Server = str(v)
		case colStatus:
			r.Status = status(v)
		case colSite:
			r.Site = str(v)
		case colMethod:
			r.Method = cell(v)
		case colQuery:
			r.Query = cell(v)
		case colReferer:
			r.Referer = cell(v)
		case colUser:
			r.User = cell(v)
		case colHost:
			r.Host = withoutPort(cell(v))
		case colBytes:
			r.Bytes = integer(v)
		case attr.LogFileName:
			if r.File == "" {
				r.File = str(v)
			}
		case attr.LogFilePath:
			r.File = str(v)
		}
		if x.more {
			x.other(r, k, v)
		}
	}
	return unreadable
}

// cell is the text of a column in which "-" means that there is none. In the
// columns that are keys or addresses "-" stays a value, as in the query.
func cell(v pcommon.Value) string {
	if s := str(v); s != "-" {
		return s
	}
	return ""
}

func withoutPort(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// tableLayouts are the ways in which TimeGenerated is written: by the API and
// the export to storage or an event hub, and by the portal's export to CSV.
// Go reads fractions of seconds with either.
var tableLayouts = [...]string{time.RFC3339, "1/2/2006, 3:04:05 PM"}

// tableTime reads a time, UTC where it names no zone; 0 when it is none, or one
// before the web. One that does not fit is the last that does.
func tableTime(s string) int64 {
	for _, layout := range tableLayouts {
		t, err := time.Parse(layout, s)
		switch {
		case err != nil:
		case t.Year() > 2261:
			return math.MaxInt64
		case t.Year() < 1970:
			return 0
		default:
			return t.UnixNano()
		}
	}
	return 0
}
