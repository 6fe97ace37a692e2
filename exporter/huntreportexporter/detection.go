// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package huntreportexporter

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/report"
)

// eventName marks the log records that are detections.
const eventName = "iishunt.rare_client"

// Attributes that are neither of the group nor of a family that never is.
const (
	attrPath   = "url.path"
	attrAgent  = "user_agent.original"
	attrClient = "client.address"
	attrID     = "detection.id"
)

// families are the beginnings of attribute names that no rule groups by.
var families = []string{"detection.", "security_rule.", "threat.", "log.record."}

// detection reads a log record; ok is false if it is none, or says no times.
func detection(lr plog.LogRecord) (d *report.Detection, ok bool) {
	if lr.EventName() != eventName {
		return nil, false
	}
	m := lr.Attributes()
	d = &report.Detection{
		ID:        str(m, attrID),
		Rule:      rule(lr),
		Path:      str(m, attrPath),
		UserAgent: str(m, attrAgent),
		Group:     group(m),
		Clients:   strs(m, "detection.clients"),
		Sites:     strs(m, "detection.sites"),
		Hosts:     strs(m, "detection.hosts"),
		Servers:   strs(m, "detection.server_addresses"),
	}
	d.ClientCount = int(num(m, "detection.client_count"))
	d.Requests = num(m, "detection.request_count")
	d.Methods = strs(m, "detection.methods")
	d.NoReferer = num(m, "detection.referer.missing_count")
	d.ForeignReferer = num(m, "detection.referer.foreign_count")
	d.New = boolean(m, "detection.new")
	d.History, _ = when(str(m, "detection.history.start"))
	complete := boolean(m, "detection.complete")
	d.Complete = complete != nil && *complete
	d.IncompleteReason = strs(m, "detection.incomplete_reasons")
	d.Samples = samples(m)

	ok = true
	for key, t := range map[string]*time.Time{
		"detection.window.start": &d.Start, "detection.window.end": &d.End,
		"detection.first_seen": &d.First, "detection.last_seen": &d.Last,
	} {
		var valid bool
		*t, valid = when(str(m, key))
		ok = ok && valid
	}
	return d, ok
}

func rule(lr plog.LogRecord) report.Rule {
	m := lr.Attributes()
	return report.Rule{
		ID:          str(m, "security_rule.uuid"),
		Name:        str(m, "security_rule.name"),
		Version:     str(m, "security_rule.version"),
		Description: str(m, "security_rule.description"),
		Category:    str(m, "security_rule.category"),
		Reference:   str(m, "security_rule.reference"),
		Severity:    lr.SeverityText(),
		Tactics:     threats(m, "threat.tactic."),
		Techniques:  threats(m, "threat.technique."),
	}
}

func threats(m pcommon.Map, prefix string) []report.Threat {
	names, references := strs(m, prefix+"name"), strs(m, prefix+"reference")
	var out []report.Threat
	for i, id := range strs(m, prefix+"id") {
		t := report.Threat{ID: id}
		if i < len(names) {
			t.Name = names[i]
		}
		if i < len(references) {
			t.Reference = references[i]
		}
		out = append(out, t)
	}
	return out
}

// group are the attributes that the rule groups by, other than those that have
// a place of their own.
func group(m pcommon.Map) map[string]string {
	var out map[string]string
	for key, v := range m.All() {
		if key == attrPath || key == attrAgent || key == attrClient || inFamily(key) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key] = v.AsString()
	}
	return out
}

func inFamily(key string) bool {
	for _, f := range families {
		if strings.HasPrefix(key, f) {
			return true
		}
	}
	return false
}

func samples(m pcommon.Map) []report.Sample {
	v, ok := m.Get("detection.evidence")
	if !ok || v.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	var out []report.Sample
	for _, e := range v.Slice().All() {
		if e.Type() != pcommon.ValueTypeMap {
			continue
		}
		s := e.Map()
		t, ok := when(str(s, "time"))
		if !ok {
			continue
		}
		out = append(out, report.Sample{
			Time: t, Client: str(s, "client"), Method: str(s, "method"), Query: str(s, "query"), Referer: str(s, "referer"),
			User: str(s, "user"), File: str(s, "file"), Status: int(num(s, "status")), Bytes: num(s, "bytes"),
		})
	}
	return out
}

func str(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

func strs(m pcommon.Map, key string) []string {
	v, ok := m.Get(key)
	if !ok || v.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	var out []string
	for _, e := range v.Slice().All() {
		out = append(out, e.AsString())
	}
	return out
}

func num(m pcommon.Map, key string) int64 {
	v, ok := m.Get(key)
	switch {
	case ok && v.Type() == pcommon.ValueTypeInt:
		return v.Int()
	case ok && v.Type() == pcommon.ValueTypeDouble: // a backend or a JSON parser was between
		return int64(v.Double())
	}
	return 0
}

func boolean(m pcommon.Map, key string) *bool {
	v, ok := m.Get(key)
	if !ok || v.Type() != pcommon.ValueTypeBool {
		return nil
	}
	b := v.Bool()
	return &b
}

func when(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err == nil
}
