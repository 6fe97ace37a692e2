// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/w3c"
)

const (
	attrParseError = "iis.parse_error"
	attrSite       = "iis.site"
	attrHostName   = "host.name"
	attrServer     = "server.address"
)

// mapper turns the values of a line into the fields of a log record. It keeps
// what neighbouring lines share, so one mapper serves one file at a time.
type mapper struct {
	decodePlus bool
	proxies    *proxies // nil: c-ip is the client
	clock      w3c.Clock
	agents     agentCache
	// problems of the line at hand.
	problems []string
}

// fill sets timestamp, severity and attributes of a record, and tells whether
// every value was what its column asks for.
func (m *mapper) fill(lr plog.LogRecord, l *w3c.Line, p *plan, baseDate string) bool {
	m.problems = m.problems[:0]
	attrs := lr.Attributes()
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("INFO")
	m.timestamp(lr, l, p, baseDate)
	for i := range p.steps {
		st := &p.steps[i]
		if v := l.Values[st.index]; !w3c.Absent(v) {
			m.apply(lr, attrs, st, v, p, l)
		}
	}
	if len(m.problems) == 0 {
		return true
	}
	attrs.PutStr(attrParseError, strings.Join(m.problems, "; "))
	return false
}

// timestamp sets the instant of a line. A log need not have a time column, but
// one that has it must be right about it.
func (m *mapper) timestamp(lr plog.LogRecord, l *w3c.Line, p *plan, baseDate string) {
	if p.time < 0 {
		return
	}
	date := baseDate
	if p.date >= 0 {
		date = l.Values[p.date]
	}
	clock := l.Values[p.time]
	if nanos, ok := m.clock.Parse(date, clock); ok {
		lr.SetTimestamp(pcommon.Timestamp(nanos))
		return
	}
	if date == "" && p.date < 0 {
		m.problems = append(m.problems, "no date column, and no #Date directive with a day such as 2026-03-02")
	} else {
		m.problems = append(m.problems, "not a time: "+quote(date+" "+clock))
	}
	if p.date >= 0 {
		lr.Attributes().PutStr("iis.date", date)
	}
	lr.Attributes().PutStr("iis.time", clock)
}

func (m *mapper) apply(lr plog.LogRecord, attrs pcommon.Map, st *step, v string, p *plan, l *w3c.Line) {
	switch st.op {
	case opText:
		attrs.PutStr(st.attr, v)
	case opInt:
		m.number(attrs, st, v)
	case opNumber:
		if n, ok := w3c.ParseInt(v); ok {
			attrs.PutInt(st.attr, n)
		} else if f, ok := w3c.ParseDecimal(v); ok {
			attrs.PutDouble(st.attr, f)
		} else {
			m.number(attrs, st, v)
		}
	case opStatus:
		if n, ok := m.number(attrs, st, v); ok {
			severity(lr, n)
		}
	case opHeader:
		attrs.PutEmptySlice(st.attr).AppendEmpty().SetStr(v)
	case opClientIP:
		client := v
		if m.proxies != nil && p.forwarded >= 0 && !w3c.Absent(l.Values[p.forwarded]) {
			client = m.proxies.client(v, l.Values[p.forwarded])
		}
		attrs.PutStr(st.attr, client)
		attrs.PutStr("network.peer.address", v)
	case opServerIP:
		attrs.PutStr(st.attr, v)
		if p.csHost < 0 || w3c.Absent(l.Values[p.csHost]) {
			attrs.PutStr(attrServer, v)
		}
	case opHost:
		attrs.PutEmptySlice(st.attr).AppendEmpty().SetStr(v)
		attrs.PutStr(attrServer, hostWithoutPort(v))
	case opMethod:
		putMethod(attrs, st.attr, v)
	case opURI:
		path, query, ok := strings.Cut(v, "?")
		attrs.PutStr(st.attr, path)
		if ok {
			attrs.PutStr("url.query", query)
		}
	case opUserAgent:
		if m.decodePlus {
			v = m.agents.decode(v)
		}
		attrs.PutStr(st.attr, v)
	case opVersion:
		name, version, ok := strings.Cut(v, "/")
		attrs.PutStr(st.attr, strings.ToLower(name))
		if ok {
			attrs.PutStr("network.protocol.version", version)
		}
	}
}

// number sets a numeric attribute, or keeps the text and says so.
func (m *mapper) number(attrs pcommon.Map, st *step, v string) (int64, bool) {
	n, ok := w3c.ParseInt(v)
	if ok {
		attrs.PutInt(st.attr, n)
		return n, true
	}
	attrs.PutStr(st.raw, v)
	m.problems = append(m.problems, st.column+" is not a number: "+quote(v))
	return 0, false
}

// severity is that of the status: server errors are errors, client errors are
// warnings.
func severity(lr plog.LogRecord, status int64) {
	switch {
	case status >= 500 && status < 600:
		lr.SetSeverityNumber(plog.SeverityNumberError)
		lr.SetSeverityText("ERROR")
	case status >= 400 && status < 500:
		lr.SetSeverityNumber(plog.SeverityNumberWarn)
		lr.SetSeverityText("WARN")
	}
}

// putMethod keeps to the methods that the semantic conventions know; others
// are attacker-chosen text and go to an attribute of their own.
func putMethod(attrs pcommon.Map, key, method string) {
	switch method {
	case "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH", "QUERY":
		attrs.PutStr(key, method)
	default:
		attrs.PutStr(key, "_OTHER")
		attrs.PutStr("http.request.method_original", method)
	}
}

// hostWithoutPort takes the port off a Host header; an IPv6 address loses its
// brackets.
func hostWithoutPort(host string) string {
	if host[0] == '[' {
		if end := strings.IndexByte(host, ']'); end > 0 {
			return host[1:end]
		}
		return host
	}
	if i := strings.LastIndexByte(host, ':'); i > 0 && strings.IndexByte(host, ':') == i {
		return host[:i]
	}
	return host
}

// quote puts a value into a message, bounded in length.
func quote(v string) string {
	const most = 64
	if len(v) > most {
		v = w3c.Repair(v[:most]) + "..."
	}
	return `"` + v + `"`
}
