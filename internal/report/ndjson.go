// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"encoding/json"
	"io"
	"time"

	"github.com/iishunt/iishunt/internal/attr"
)

// WriteNDJSON writes a JSON object for each detection: those of the most
// telling finding first, with the names of a detection's attributes.
func (doc *Document) WriteNDJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false) // it is not for a page
	for _, f := range doc.Findings {
		for i := range f.Windows {
			if err := e.Encode(doc.line(f, &f.Windows[i])); err != nil {
				return err
			}
		}
	}
	return b.Flush()
}

func (doc *Document) line(f *Finding, w *Window) map[string]any {
	out := map[string]any{}
	put := func(key string, value any, there bool) {
		if there {
			out[key] = value
		}
	}
	for k, v := range f.Group {
		out[k] = v
	}
	rule := &doc.Rules[f.Rule]
	put(attr.SecurityRuleUUID, rule.ID, rule.ID != "")
	put(attr.SecurityRuleName, rule.Name, rule.Name != "")
	put(attr.SecurityRuleVersion, rule.Version, rule.Version != "")
	put("severity", rule.Severity, rule.Severity != "")
	put(attr.ThreatTacticID, ids(rule.Tactics), len(rule.Tactics) > 0)
	put(attr.ThreatTechniqueID, ids(rule.Techniques), len(rule.Techniques) > 0)
	put(attr.URLPath, f.Path, f.Path != "")
	put(attr.IISPage, f.Page, f.Page != "")
	put(attr.UserAgentOriginal, doc.Agents[f.Agent], doc.Agents[f.Agent] != "")
	if len(f.Clients) == 1 {
		out[attr.ClientAddress] = f.Clients[0]
	}
	out[attr.DetectionClients] = f.Clients
	out[attr.DetectionClientCount] = f.ClientCount
	put("counted", f.Counted, len(f.Counted) > 0)
	put(attr.DetectionSites, f.Sites, len(f.Sites) > 0)
	put(attr.DetectionHosts, f.Hosts, len(f.Hosts) > 0)
	put(attr.DetectionServerAddresses, f.Servers, len(f.Servers) > 0)
	out[attr.DetectionRequestCount] = w.Requests
	put(attr.DetectionMethods, w.Methods, len(w.Methods) > 0)
	out[attr.DetectionRefererMissingCount] = w.NoReferer
	out[attr.DetectionRefererForeignCount] = w.ForeignReferer
	put(attr.DetectionPageClientCount, w.PageClients, w.PageClients > 0)
	put(attr.DetectionPageMore, true, w.PageMore)
	if u := w.Usage; u != nil {
		out[attr.DetectionDayCount] = u.Days
		out[attr.DetectionHourCount] = u.Hours
		out[attr.DetectionSendingCount] = u.Sends
		out[attr.DetectionAnsweredCount] = u.Answered
		out[attr.DetectionFailedCount] = u.Failed
		out[attr.DetectionRefererSelfCount] = u.OwnReferer
		out[attr.DetectionRefererLogged] = u.RefererLogged
	}
	out[attr.DetectionFirstSeen] = w.First.Format(time.RFC3339Nano)
	out[attr.DetectionLastSeen] = w.Last.Format(time.RFC3339Nano)
	out[attr.DetectionWindowStart] = w.Start.Format(time.RFC3339Nano)
	out[attr.DetectionWindowEnd] = w.End.Format(time.RFC3339Nano)
	if w.New != nil {
		out[attr.DetectionNew] = *w.New
	}
	out[attr.DetectionComplete] = w.Complete
	put(attr.DetectionIncompleteReasons, w.IncompleteReason, len(w.IncompleteReason) > 0)
	put(attr.DetectionEvidence, w.Samples, len(w.Samples) > 0)
	out[attr.DetectionID] = w.ID
	out[attr.DetectionScore] = f.Points
	put(attr.DetectionSignals, f.IDs(), len(f.Reasons) > 0)
	out["score"] = f.Points
	out["level"] = f.Level
	out["reasons"] = f.Words()
	return out
}

func ids(threats []Threat) []string {
	var out []string
	for _, t := range threats {
		out = append(out, t.ID)
	}
	return out
}
