// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/w3c"
)

// Mapper turns the values of a line into the fields of a log record. It keeps
// what neighbouring lines share, so one Mapper serves one file at a time.
type Mapper struct {
	decodePlus bool
	proxies    *Proxies // nil: c-ip is the client
	clock      w3c.Clock
	agents     AgentCache
	// problems of the line at hand.
	problems []string
}

// NewMapper returns a Mapper. proxies is nil where c-ip is the client.
// zone is nil for UTC.
func NewMapper(decodePlus bool, proxies *Proxies, zone *time.Location) *Mapper {
	return &Mapper{decodePlus: decodePlus, proxies: proxies, clock: w3c.Clock{Zone: zone}}
}

// Fill sets timestamp, severity and attributes of a record, and tells whether
// every value was what its column asks for.
func (m *Mapper) Fill(lr plog.LogRecord, l *w3c.Line, p *Plan, baseDate string) bool {
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
	attrs.PutStr(attr.IISParseError, strings.Join(m.problems, "; "))
	return false
}

// timestamp sets the instant of a line. A line without any is no line of now.
func (m *Mapper) timestamp(lr plog.LogRecord, l *w3c.Line, p *Plan, baseDate string) {
	switch {
	case p.Local:
		m.problems = append(m.problems, "the time is local, and timezone does not say where")
		return
	case p.Time < 0:
		m.problems = append(m.problems, "no time column")
		return
	}
	date := baseDate
	if p.Date >= 0 {
		date = l.Values[p.Date]
	}
	clock := l.Values[p.Time]
	if nanos, ok := m.clock.Parse(date, clock); ok {
		lr.SetTimestamp(pcommon.Timestamp(nanos))
		return
	}
	if date == "" && p.Date < 0 {
		m.problems = append(m.problems, "no date column, and no #Date directive with a day such as 2026-03-02")
	} else {
		m.problems = append(m.problems, "not a time: "+quote(date+" "+clock))
	}
	if p.Date >= 0 {
		lr.Attributes().PutStr("iis.date", date)
	}
	lr.Attributes().PutStr("iis.time", clock)
}

func (m *Mapper) apply(lr plog.LogRecord, attrs pcommon.Map, st *step, v string, p *Plan, l *w3c.Line) {
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
		if m.proxies != nil {
			header := ""
			if p.Forwarded >= 0 {
				header = l.Values[p.Forwarded]
			}
			client = m.proxies.Client(v, header)
		}
		if client != "" {
			attrs.PutStr(st.attr, client)
		}
		attrs.PutStr("network.peer.address", v)
	case opServerIP:
		attrs.PutStr(st.attr, v)
		if p.CSHost < 0 || w3c.Absent(l.Values[p.CSHost]) {
			attrs.PutStr(attr.ServerAddress, v)
		}
	case opHost:
		attrs.PutEmptySlice(st.attr).AppendEmpty().SetStr(v)
		attrs.PutStr(attr.ServerAddress, HostWithoutPort(v))
	case opMethod:
		putMethod(attrs, st.attr, v)
	case opURI:
		path, query, ok := strings.Cut(v, "?")
		attrs.PutStr(st.attr, path)
		if ok {
			attrs.PutStr(attr.URLQuery, query)
		}
	case opUserAgent:
		if m.decodePlus {
			v = m.agents.Decode(v)
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
func (m *Mapper) number(attrs pcommon.Map, st *step, v string) (int64, bool) {
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
		attrs.PutStr(attr.HTTPRequestMethodOriginal, method)
	}
}

// HostWithoutPort takes the port off a Host header; an IPv6 address loses its
// brackets.
func HostWithoutPort(host string) string {
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
