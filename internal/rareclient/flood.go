// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
)

// What a flood is in ATT&CK, whatever the rule looks for: it is aimed at the detector.
var (
	floodTactics    = []Threat{{ID: "TA0005", Name: "Defense Evasion"}}
	floodTechniques = []Threat{{ID: "T1562", Name: "Impair Defenses"}}
)

// flood writes the finding that a few clients took all the room that max_groups
// leaves, so that others may have been missed.
func (d *detections) flood(lr plog.LogRecord, f *engine.Finding, now time.Time) {
	lr.SetEventName(attr.EventFlood)
	lr.SetTimestamp(pcommon.Timestamp(f.WindowEnd))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	lr.SetSeverityNumber(severities[severityHigh])
	lr.SetSeverityText(severityHigh)
	noun := "clients"
	if len(f.Clients) == 1 {
		noun = "client"
	}
	lr.Body().SetStr(fmt.Sprintf("%d %s (%s) asked for about %d pages more than max_groups (%d) leaves room for, between %s and %s: what others asked for there may be missed",
		len(f.Clients), noun, listed(f.Clients), f.FloodPages, d.cfg.MaxGroups, rfc3339(f.FirstSeen), rfc3339(f.LastSeen)))
	m := lr.Attributes()
	m.EnsureCapacity(24)
	m.PutStr(attr.SecurityRuleName, d.cfg.Rule.Name)
	m.PutStr(attr.SecurityRuleUUID, d.cfg.Rule.ID)
	putThreat(m, floodTactics, floodTechniques)
	if len(f.Clients) == 1 {
		m.PutStr(attr.ClientAddress, f.Clients[0])
	}
	putStrings(m, attr.DetectionClients, f.Clients)
	m.PutInt(attr.DetectionClientCount, int64(len(f.Clients)))
	m.PutInt(attr.DetectionPageCount, int64(f.FloodPages))
	m.PutInt(attr.DetectionRequestCount, int64(f.Requests))
	putTimes(m, f)
	putOutcome(m, f)
}

// putTimes and putOutcome put what findings of all kinds tell.
func putTimes(m pcommon.Map, f *engine.Finding) {
	m.PutStr(attr.DetectionFirstSeen, rfc3339(f.FirstSeen))
	m.PutStr(attr.DetectionLastSeen, rfc3339(f.LastSeen))
	m.PutStr(attr.DetectionWindowStart, rfc3339(f.WindowStart))
	m.PutStr(attr.DetectionWindowEnd, rfc3339(f.WindowEnd))
}

func putOutcome(m pcommon.Map, f *engine.Finding) {
	m.PutBool(attr.DetectionComplete, f.Reasons == 0)
	putStrings(m, attr.DetectionIncompleteReasons, f.Reasons.Strings())
	putAccount(m, &f.Account)
	m.PutStr(attr.DetectionID, f.ID)
	m.PutStr(attr.LogRecordUID, f.ID)
}
