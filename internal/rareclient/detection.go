// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/printable"
	"github.com/iishunt/iishunt/internal/rule"
)

const (
	eventName       = "iishunt.rare_client"
	threatFramework = "MITRE ATT&CK"
	maxInSentence   = 200 // bytes of a value in the one-line body
	maxListed       = 3   // clients and sites listed in the body
)

// severities maps Sentinel's words to OpenTelemetry severity numbers.
var severities = map[string]plog.SeverityNumber{
	"Informational": plog.SeverityNumberInfo,
	"Low":           plog.SeverityNumberInfo2,
	"Medium":        plog.SeverityNumberWarn,
	"High":          plog.SeverityNumberError,
}

// detections builds the log records of findings: one ResourceLogs of their own,
// because they belong to no single input resource.
func (h *Hunter) detections(findings []*engine.Finding, now time.Time) plog.Logs {
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	sl.Scope().SetName(h.scope.Name)
	sl.Scope().SetVersion(h.scope.Version)
	sl.LogRecords().EnsureCapacity(len(findings))
	for _, f := range findings {
		h.detection(sl.LogRecords().AppendEmpty(), f, now)
	}
	return ld
}

func (h *Hunter) detection(lr plog.LogRecord, f *engine.Finding, now time.Time) {
	lr.SetEventName(eventName)
	lr.SetTimestamp(pcommon.Timestamp(f.WindowEnd))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	lr.SetSeverityNumber(severities[h.cfg.Rule.Severity])
	lr.SetSeverityText(h.cfg.Rule.Severity)
	lr.Body().SetStr(h.sentence(f))

	m := lr.Attributes()
	m.EnsureCapacity(40)
	h.putRule(m)
	for i, name := range h.cfg.GroupBy {
		m.PutStr(name, printable.Text(f.Values[i]))
	}
	if len(f.Clients) == 1 {
		m.PutStr(attrClient, printable.Text(f.Clients[0]))
	}
	putStrings(m, "detection.clients", f.Clients)
	m.PutInt("detection.client_count", int64(len(f.Clients)))
	putStrings(m, "detection.sites", f.Sites)
	putStrings(m, "detection.hosts", f.Hosts)
	putStrings(m, "detection.server_addresses", f.Servers)
	m.PutInt("detection.request_count", int64(f.Requests))
	putStrings(m, "detection.methods", f.Methods)
	m.PutInt("detection.referer.missing_count", int64(f.NoReferer))
	m.PutInt("detection.referer.foreign_count", int64(f.Foreign))
	m.PutStr("detection.first_seen", rfc3339(f.FirstSeen))
	m.PutStr("detection.last_seen", rfc3339(f.LastSeen))
	m.PutStr("detection.window.start", rfc3339(f.WindowStart))
	m.PutStr("detection.window.end", rfc3339(f.WindowEnd))
	if f.Novelty != engine.NoveltyUnknown {
		m.PutBool("detection.new", f.Novelty == engine.NoveltyNew)
	}
	m.PutStr("detection.history.start", rfc3339(f.HistoryStart))
	h.putEvidence(m, f)
	m.PutBool("detection.complete", f.Reasons == 0)
	putStrings(m, "detection.incomplete_reasons", f.Reasons.Strings())
	m.PutStr("detection.id", f.ID)
	m.PutStr("log.record.uid", f.ID)
}

func (h *Hunter) putRule(m pcommon.Map) {
	r := &h.cfg.Rule
	m.PutStr("security_rule.name", r.Name)
	m.PutStr("security_rule.uuid", r.ID)
	for _, kv := range [][2]string{
		{"version", r.Version},
		{"description", r.Description},
		{"category", r.Category},
		{"reference", r.Reference},
	} {
		if kv[1] != "" {
			m.PutStr("security_rule."+kv[0], kv[1])
		}
	}
	if len(r.Tactics)+len(r.Techniques) > 0 {
		m.PutStr("threat.framework", threatFramework)
	}
	putThreats(m, "tactic", "tactics", r.Tactics)
	putThreats(m, "technique", "techniques", r.Techniques)
}

func putThreats(m pcommon.Map, kind, folder string, threats []Threat) {
	putStrings(m, "threat."+kind+".id", threatColumn(threats, func(t Threat) string { return t.ID }))
	putStrings(m, "threat."+kind+".name", threatColumn(threats, func(t Threat) string { return t.Name }))
	putStrings(m, "threat."+kind+".reference", threatColumn(threats, func(t Threat) string { return t.reference(folder) }))
}

func (h *Hunter) putEvidence(m pcommon.Map, f *engine.Finding) {
	if h.cfg.Evidence == 0 {
		return
	}
	list := m.PutEmptySlice("detection.evidence")
	for i := range f.Samples {
		s := &f.Samples[i]
		e := list.AppendEmpty().SetEmptyMap()
		e.PutStr("time", rfc3339(s.Time))
		for _, kv := range [][2]string{
			{"client", s.Client},
			{"method", s.Method},
			{"query", s.Query},
			{"referer", s.Referer},
			{"user", s.User},
			{"file", s.File},
		} {
			if kv[1] != "" && kv[1] != "-" {
				e.PutStr(kv[0], printable.Text(kv[1]))
			}
		}
		if s.Status > 0 {
			e.PutInt("status", int64(s.Status))
		}
		if s.Bytes > 0 {
			e.PutInt("bytes", s.Bytes)
		}
	}
}

// putStrings puts a list that is not empty.
func putStrings(m pcommon.Map, key string, values []string) {
	if len(values) == 0 {
		return
	}
	s := m.PutEmptySlice(key)
	s.EnsureCapacity(len(values))
	for _, v := range values {
		s.AppendEmpty().SetStr(printable.Text(v))
	}
}

func rfc3339(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }

// sentence is the one line that a person reads first.
func (h *Hunter) sentence(f *engine.Finding) string {
	var b strings.Builder
	noun := "clients"
	if len(f.Clients) == 1 {
		noun = "client"
	}
	fmt.Fprintf(&b, "%d %s (%s) made ", len(f.Clients), noun, listed(f.Clients))
	if f.Requests == 1 {
		b.WriteString("the only request for ")
	} else {
		fmt.Fprintf(&b, "all %d requests for ", f.Requests)
	}
	b.WriteString(h.subject(f))
	if len(f.Sites) > 0 {
		b.WriteString(" on " + listed(f.Sites))
	}
	if f.Requests == 1 {
		b.WriteString(" at " + rfc3339(f.FirstSeen))
	} else {
		b.WriteString(" between " + rfc3339(f.FirstSeen) + " and " + rfc3339(f.LastSeen))
	}
	return b.String()
}

// subject names the group: by its path where it has one, else by every value.
func (h *Hunter) subject(f *engine.Finding) string {
	var parts []string
	for i, name := range h.cfg.GroupBy {
		if name == rule.AttrPath {
			return short(f.Values[i])
		}
		parts = append(parts, name+"="+short(f.Values[i]))
	}
	return strings.Join(parts, ", ")
}

func listed(values []string) string {
	more := ""
	if n := len(values) - maxListed; n > 0 {
		values, more = values[:maxListed], fmt.Sprintf(" and %d more", n)
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = short(v)
	}
	return strings.Join(out, ", ") + more
}

func short(s string) string { return printable.Cut(printable.Text(s), maxInSentence) }
