// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fields are the columns, all that IIS offers without custom fields.
const Fields = "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version " +
	"cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"

// otherFields is what an administrator's change makes of them: another order,
// no cookie, a custom column.
const otherFields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host " +
	"sc-status sc-substatus sc-win32-status time-taken sc-bytes cs-bytes cs-version s-sitename s-computername X-Request-Group"

// Day is the day of all lines.
var Day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// layout writes lines under one header.
type layout struct {
	header  string
	columns []string
	site    int
	clock   []byte // the last second, rendered
	second  int    // the one in clock
}

func newLayout(fields string, site int) *layout {
	return &layout{
		header:  "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: %s\r\n#Fields: " + fields + "\r\n",
		columns: strings.Fields(fields),
		site:    site,
		second:  -1,
	}
}

func (l *layout) appendHeader(b []byte, second int) []byte {
	return fmt.Appendf(b, l.header, Day.Add(time.Duration(second)*time.Second).Format("2006-01-02 15:04:05"))
}

func (l *layout) appendLine(b []byte, q *request) []byte {
	if l.second != q.second {
		l.second = q.second
		l.clock = Day.Add(time.Duration(q.second)*time.Second).AppendFormat(l.clock[:0], "2006-01-02 15:04:05")
	}
	for i, c := range l.columns {
		if i > 0 {
			b = append(b, ' ')
		}
		b = l.appendValue(b, c, q)
	}
	return append(b, '\r', '\n')
}

func (l *layout) appendValue(b []byte, column string, q *request) []byte {
	switch column {
	case "date":
		return append(b, l.clock[:10]...)
	case "time":
		return append(b, l.clock[11:]...)
	case "s-sitename":
		return strconv.AppendInt(append(b, "W3SVC"...), int64(l.site), 10)
	case "s-computername":
		return append(b, "WEB01"...)
	case "s-ip":
		return append(b, "198.51.100.10"...)
	case "cs-method":
		return append(b, q.method...)
	case "cs-uri-stem":
		return append(b, q.path...)
	case "cs-uri-query":
		return append(b, q.query...)
	case "s-port":
		return append(b, "443"...)
	case "cs-username":
		return append(b, q.user...)
	case "c-ip":
		return append(b, q.client.address...)
	case "cs-version":
		return append(b, "HTTP/2.0"...)
	case "cs(User-Agent)":
		return append(b, q.client.agent...)
	case "cs(Cookie)":
		return append(b, q.cookie...)
	case "cs(Referer)":
		return append(b, q.referer...)
	case "cs-host":
		return append(b, "www.example.com"...)
	case "sc-status":
		return strconv.AppendInt(b, int64(q.status), 10)
	case "sc-substatus":
		return strconv.AppendInt(b, int64(q.substatus), 10)
	case "sc-win32-status":
		return append(b, '0')
	case "sc-bytes":
		return strconv.AppendInt(b, int64(q.sent), 10)
	case "cs-bytes":
		return strconv.AppendInt(b, int64(q.received), 10)
	case "time-taken":
		return strconv.AppendInt(b, int64(q.millis), 10)
	default:
		return append(b, '-')
	}
}
