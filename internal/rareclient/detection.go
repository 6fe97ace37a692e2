// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/printable"
)

const threatFramework = "MITRE ATT&CK"

// detections builds the log records of findings.
type detections struct {
	cfg   *Config
	scope Scope
}

// Scope is the instrumentation scope of the detections.
type Scope struct{ Name, Version string }

// newLogs returns logs with room for n records in their only scope: of a resource of
// their own, because they belong to no single input resource.
func (d *detections) newLogs(n int) (plog.Logs, plog.LogRecordSlice) {
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	sl.Scope().SetName(d.scope.Name)
	sl.Scope().SetVersion(d.scope.Version)
	sl.LogRecords().EnsureCapacity(n)
	return ld, sl.LogRecords()
}

func (d *detections) detection(lr plog.LogRecord, f *engine.Finding, now time.Time) {
	if f.FloodPages > 0 {
		d.flood(lr, f, now)
		return
	}
	lr.SetEventName(attr.EventRareClient)
	lr.SetTimestamp(pcommon.Timestamp(f.WindowEnd))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	lr.SetSeverityNumber(severities[d.cfg.Rule.Severity])
	lr.SetSeverityText(d.cfg.Rule.Severity)
	lr.Body().SetStr(sentence(f, d.cfg.Groups(), d.cfg.Counted()))

	m := lr.Attributes()
	m.EnsureCapacity(56)
	d.putRule(m)
	d.putGroup(m, f)
	if len(f.Clients) == 1 {
		m.PutStr(attr.ClientAddress, printable.Text(f.Clients[0]))
	}
	putStrings(m, attr.DetectionClients, f.Clients)
	m.PutInt(attr.DetectionClientCount, int64(f.ClientCount()))
	putStrings(m, attr.DetectionClientPrefixes, f.Networks)
	if counted := d.cfg.Counted(); counted != "" {
		m.PutStr(attr.DetectionCountedAttribute, counted)
		putStrings(m, attr.DetectionCountedValues, f.Counted)
	}
	putStrings(m, attr.DetectionSites, f.Sites)
	putStrings(m, attr.DetectionHosts, f.Hosts)
	putStrings(m, attr.DetectionServerAddresses, f.Servers)
	m.PutInt(attr.DetectionRequestCount, int64(f.Requests))
	putStrings(m, attr.DetectionMethods, f.Methods)
	m.PutInt(attr.DetectionRefererMissingCount, int64(f.NoReferer))
	m.PutInt(attr.DetectionRefererForeignCount, int64(f.Foreign))
	putUsage(m, f)
	putTimes(m, f)
	if f.Novelty != engine.NoveltyUnknown {
		m.PutBool(attr.DetectionNew, f.Novelty == engine.NoveltyNew)
	}
	m.PutStr(attr.DetectionHistoryStart, rfc3339(f.HistoryStart))
	d.putEvidence(m, f)
	score := d.score(f)
	m.PutInt(attr.DetectionScore, int64(score.Points))
	putStrings(m, attr.DetectionSignals, score.IDs())
	putOutcome(m, f)
}

// putAccount puts what is known of the window: what closed it, how many senders
// vouch for it, and who is missing.
func putAccount(m pcommon.Map, a *eventtime.Account) {
	m.PutStr(attr.DetectionClosedBy, a.ClosedBy.String())
	if a.Senders+a.Missing > 0 {
		m.PutInt(attr.DetectionSenderCount, int64(a.Senders))
	}
	if a.Missing > 0 {
		m.PutInt(attr.DetectionSendersBehindCount, int64(a.Missing))
		putStrings(m, attr.DetectionSendersBehind, a.Behind)
	}
}

// putGroup puts the values of group_by. A page has the path beside it by which it
// was first asked for.
func (d *detections) putGroup(m pcommon.Map, f *engine.Finding) {
	if f.Path != "" {
		m.PutStr(attr.URLPath, printable.Text(f.Path))
	}
	for i, name := range d.cfg.Groups() {
		m.PutStr(name, printable.Text(f.Values[i]))
	}
	putStrings(m, attr.DetectionPaths, f.Paths)
}

func (d *detections) putRule(m pcommon.Map) {
	r := &d.cfg.Rule
	m.PutStr(attr.SecurityRuleName, r.Name)
	m.PutStr(attr.SecurityRuleUUID, r.ID)
	for _, kv := range [][2]string{
		{attr.SecurityRuleVersion, r.Version},
		{attr.SecurityRuleDescription, r.Description},
		{attr.SecurityRuleCategory, r.Category},
		{attr.SecurityRuleReference, r.Reference},
	} {
		if kv[1] != "" {
			m.PutStr(kv[0], kv[1])
		}
	}
	putThreat(m, r.Tactics, r.Techniques)
}

func putThreat(m pcommon.Map, tactics, techniques []Threat) {
	if len(tactics)+len(techniques) > 0 {
		m.PutStr(attr.ThreatFramework, threatFramework)
	}
	putThreats(m, tactics, "tactics", attr.ThreatTacticID, attr.ThreatTacticName, attr.ThreatTacticReference)
	putThreats(m, techniques, "techniques", attr.ThreatTechniqueID, attr.ThreatTechniqueName, attr.ThreatTechniqueReference)
}

// putThreats puts the three lists under their names; folder is where
// attack.mitre.org describes such threats.
func putThreats(m pcommon.Map, threats []Threat, folder, id, name, reference string) {
	putStrings(m, id, threatColumn(threats, func(t Threat) string { return t.ID }))
	putStrings(m, name, threatColumn(threats, func(t Threat) string { return t.Name }))
	putStrings(m, reference, threatColumn(threats, func(t Threat) string { return t.reference(folder) }))
}

func (d *detections) putEvidence(m pcommon.Map, f *engine.Finding) {
	if d.cfg.Evidence == 0 {
		return
	}
	list := m.PutEmptySlice(attr.DetectionEvidence)
	for i := range f.Samples {
		s := &f.Samples[i]
		e := list.AppendEmpty().SetEmptyMap()
		e.PutStr(attr.EvidenceTime, rfc3339(s.Time))
		for _, kv := range [][2]string{
			{attr.EvidenceClient, s.Client},
			{attr.EvidencePath, samplePath(f, s)},
			{attr.EvidenceMethod, s.Method},
			{attr.EvidenceQuery, s.Query},
			{attr.EvidenceReferer, s.Referer},
			{attr.EvidenceUser, s.User},
			{attr.EvidenceFile, s.File},
		} {
			if kv[1] != "" && kv[1] != "-" {
				e.PutStr(kv[0], printable.Text(kv[1]))
			}
		}
		if s.Status > 0 {
			e.PutInt(attr.EvidenceStatus, int64(s.Status))
		}
		if s.Bytes > 0 {
			e.PutInt(attr.EvidenceBytes, s.Bytes)
		}
	}
}

// samplePath is the path of a sample request, where the rule groups by pages: the
// engine keeps only those that are not the page.
func samplePath(f *engine.Finding, s *engine.Sample) string {
	if f.Path == "" || s.Path != "" {
		return s.Path
	}
	return f.Page
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
