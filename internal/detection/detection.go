// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package detection reads the log records that rare_client writes.
package detection

import (
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rank"
	"github.com/iishunt/iishunt/internal/report"
)

// families are the beginnings of attribute names that no rule groups by.
var families = []string{attr.FamilyDetection, attr.FamilySecurityRule, attr.FamilyThreat, attr.FamilyLogRecord}

// Records are the log records of all resources and scopes, in their order.
func Records(ld plog.Logs) iter.Seq[plog.LogRecord] {
	return func(yield func(plog.LogRecord) bool) {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					if !yield(lr) {
						return
					}
				}
			}
		}
	}
}

// Event says what a log record of rare_client, or of a reader beside it, is.
type Event int

// The events.
const (
	Other Event = iota
	Detection
	Correction
	Silent // of the accounting: it says nothing about a finding
)

// EventOf returns what a log record is.
func EventOf(lr plog.LogRecord) Event {
	switch lr.EventName() {
	case attr.EventRareClient:
		return Detection
	case attr.EventCorrection:
		return Correction
	case attr.EventProgress, attr.EventWindow:
		return Silent
	default:
		return Other
	}
}

// ReadCorrection returns what a correction says: the id of the detection, the
// client that it has in addition, and whether it is withdrawn.
func ReadCorrection(lr plog.LogRecord) (id, client string, withdrawn bool) {
	m := lr.Attributes()
	return str(m, attr.DetectionID), str(m, attr.ClientAddress), str(m, attr.DetectionStatus) == attr.StatusWithdrawn
}

// Read returns the detection that a log record is. ok is false if it is none: it
// is another event, or one of its times is missing.
func Read(lr plog.LogRecord) (d *report.Detection, ok bool) {
	if lr.EventName() != attr.EventRareClient {
		return nil, false
	}
	m := lr.Attributes()
	d = &report.Detection{
		ID:        str(m, attr.DetectionID),
		Rule:      rule(lr),
		Path:      str(m, attr.URLPath),
		Page:      str(m, attr.IISPage),
		UserAgent: str(m, attr.UserAgentOriginal),
		Group:     group(m),
		Clients:   strs(m, attr.DetectionClients),
		Sites:     strs(m, attr.DetectionSites),
		Hosts:     strs(m, attr.DetectionHosts),
		Servers:   strs(m, attr.DetectionServerAddresses),
	}
	d.Counted = counted(m, d.Clients)
	d.ClientCount = int(num(m, attr.DetectionClientCount))
	d.Requests = num(m, attr.DetectionRequestCount)
	d.Methods = strs(m, attr.DetectionMethods)
	d.NoReferer = num(m, attr.DetectionRefererMissingCount)
	d.ForeignReferer = num(m, attr.DetectionRefererForeignCount)
	d.PageClients = num(m, attr.DetectionPageClientCount)
	more := boolean(m, attr.DetectionPageMore)
	d.PageMore = more != nil && *more
	d.Usage = usage(m)
	d.New = boolean(m, attr.DetectionNew)
	d.History, _ = when(str(m, attr.DetectionHistoryStart))
	complete := boolean(m, attr.DetectionComplete)
	d.Complete = complete != nil && *complete
	d.IncompleteReason = strs(m, attr.DetectionIncompleteReasons)
	d.Samples = samples(m)

	ok = true
	for key, t := range map[string]*time.Time{
		attr.DetectionWindowStart: &d.Start, attr.DetectionWindowEnd: &d.End,
		attr.DetectionFirstSeen: &d.First, attr.DetectionLastSeen: &d.Last,
	} {
		var valid bool
		*t, valid = when(str(m, key))
		ok = ok && valid
	}
	return d, ok
}

// counted is what the rule counted, where that is not addresses: the values of an
// attribute, or networks, and the addresses that are in none of them.
func counted(m pcommon.Map, clients []string) []string {
	if values := strs(m, attr.DetectionCountedValues); len(values) > 0 {
		return values
	}
	networks := strs(m, attr.DetectionClientPrefixes)
	if len(networks) == 0 {
		return nil
	}
	out := slices.Clone(networks)
	for _, c := range clients {
		if !slices.ContainsFunc(networks, func(n string) bool { return inside(n, c) }) {
			out = append(out, c)
		}
	}
	return out
}

// inside reports whether an address belongs to a network.
func inside(network, address string) bool {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(address)
	return err == nil && p.Contains(a.Unmap().WithZone(""))
}

// usage is nil for a detection of a version that did not count it.
func usage(m pcommon.Map) *rank.Usage {
	days := num(m, attr.DetectionDayCount)
	if days < 1 {
		return nil
	}
	logged := boolean(m, attr.DetectionRefererLogged)
	return &rank.Usage{
		Days: days, Hours: num(m, attr.DetectionHourCount), Sends: num(m, attr.DetectionSendingCount),
		Answered: num(m, attr.DetectionAnsweredCount), Failed: num(m, attr.DetectionFailedCount),
		OwnReferer: num(m, attr.DetectionRefererSelfCount), RefererLogged: logged != nil && *logged,
		SentSized: num(m, attr.DetectionAnswerSized), SmallestSent: num(m, attr.DetectionAnswerSmallest), LargestSent: num(m, attr.DetectionAnswerLargest),
	}
}

func rule(lr plog.LogRecord) report.Rule {
	m := lr.Attributes()
	return report.Rule{
		ID:          str(m, attr.SecurityRuleUUID),
		Name:        str(m, attr.SecurityRuleName),
		Version:     str(m, attr.SecurityRuleVersion),
		Description: str(m, attr.SecurityRuleDescription),
		Category:    str(m, attr.SecurityRuleCategory),
		Reference:   str(m, attr.SecurityRuleReference),
		Severity:    lr.SeverityText(),
		Tactics:     threats(m, attr.ThreatTacticID, attr.ThreatTacticName, attr.ThreatTacticReference),
		Techniques:  threats(m, attr.ThreatTechniqueID, attr.ThreatTechniqueName, attr.ThreatTechniqueReference),
	}
}

func threats(m pcommon.Map, id, name, reference string) []report.Threat {
	names, references := strs(m, name), strs(m, reference)
	var out []report.Threat
	for i, id := range strs(m, id) {
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
		if key == attr.URLPath || key == attr.IISPage || key == attr.UserAgentOriginal || key == attr.ClientAddress || inFamily(key) {
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
	v, ok := m.Get(attr.DetectionEvidence)
	if !ok || v.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	var out []report.Sample
	for _, e := range v.Slice().All() {
		if e.Type() != pcommon.ValueTypeMap {
			continue
		}
		s := e.Map()
		t, ok := when(str(s, attr.EvidenceTime))
		if !ok {
			continue
		}
		out = append(out, report.Sample{
			Time: t, Client: str(s, attr.EvidenceClient), Method: str(s, attr.EvidenceMethod),
			Query: str(s, attr.EvidenceQuery), Referer: str(s, attr.EvidenceReferer), User: str(s, attr.EvidenceUser),
			File: str(s, attr.EvidenceFile), Status: int(num(s, attr.EvidenceStatus)), Bytes: num(s, attr.EvidenceBytes),
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
	case ok && v.Type() == pcommon.ValueTypeDouble: // a backend or a JSON parser made it one on the way
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
