// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package traffic writes invented requests as IIS logs them, for whoever invents
// some: the sample logs, the benchmark, the crash test.
package traffic

import (
	"strconv"
	"time"
)

// DefaultFields are the columns of a site whose administrator chose none.
const DefaultFields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"

// Request is what IIS knows of a request. Texts are in the written form, without
// blanks; "" is written as "-".
type Request struct {
	At                       time.Time // the end of the request, in UTC
	Site, Computer, Server   string    // s-sitename, s-computername, s-ip
	Method, Stem, Query      string
	Host, Version            string
	User, Client, Agent      string
	Referer, Cookie          string
	Status, Substatus        int
	Win32                    int64
	SentBytes, ReceivedBytes int
	Millis                   int
}

// AppendHeader appends the directives that stand before lines with these columns.
func AppendHeader(b []byte, at time.Time, fields string) []byte {
	b = append(b, "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: "...)
	b = at.AppendFormat(b, time.DateTime)
	b = append(b, "\r\n#Fields: "...)
	b = append(b, fields...)
	return append(b, '\r', '\n')
}

// AppendValues appends the values of the columns, with blanks between them. IIS
// ends a line with CR LF.
func (r *Request) AppendValues(b []byte, columns []string) []byte {
	for i, column := range columns {
		if i > 0 {
			b = append(b, ' ')
		}
		b = r.appendValue(b, column)
	}
	return b
}

func (r *Request) appendValue(b []byte, column string) []byte {
	switch column {
	case "date":
		return r.At.AppendFormat(b, time.DateOnly)
	case "time":
		return r.At.AppendFormat(b, time.TimeOnly)
	case "sc-status":
		return strconv.AppendInt(b, int64(r.Status), 10)
	case "sc-substatus":
		return strconv.AppendInt(b, int64(r.Substatus), 10)
	case "sc-win32-status":
		return strconv.AppendInt(b, r.Win32, 10)
	case "sc-bytes":
		return strconv.AppendInt(b, int64(r.SentBytes), 10)
	case "cs-bytes":
		return strconv.AppendInt(b, int64(r.ReceivedBytes), 10)
	case "time-taken":
		return strconv.AppendInt(b, int64(r.Millis), 10)
	}
	if text := r.text(column); text != "" {
		return append(b, text...)
	}
	return append(b, '-')
}

// text is the value of a column of text; "" also for a column that is not known,
// as IIS leaves custom ones without a value.
func (r *Request) text(column string) string {
	switch column {
	case "s-sitename":
		return r.Site
	case "s-computername":
		return r.Computer
	case "s-ip":
		return r.Server
	case "cs-method":
		return r.Method
	case "cs-uri-stem":
		return r.Stem
	case "cs-uri-query":
		return r.Query
	case "s-port":
		return "443"
	case "cs-username":
		return r.User
	case "c-ip":
		return r.Client
	case "cs-version":
		return r.Version
	case "cs(User-Agent)":
		return r.Agent
	case "cs(Cookie)":
		return r.Cookie
	case "cs(Referer)":
		return r.Referer
	case "cs-host":
		return r.Host
	default:
		return ""
	}
}
