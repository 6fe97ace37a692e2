// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"encoding/json"
	"io"
	"time"
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
	put("security_rule.uuid", rule.ID, rule.ID != "")
	put("security_rule.name", rule.Name, rule.Name != "")
	put("security_rule.version", rule.Version, rule.Version != "")
	put("severity", rule.Severity, rule.Severity != "")
	put("threat.tactic.id", ids(rule.Tactics), len(rule.Tactics) > 0)
	put("threat.technique.id", ids(rule.Techniques), len(rule.Techniques) > 0)
	put("url.path", f.Path, f.Path != "")
	put("user_agent.original", doc.Agents[f.Agent], doc.Agents[f.Agent] != "")
	if len(f.Clients) == 1 {
		out["client.address"] = f.Clients[0]
	}
	out["detection.clients"] = f.Clients
	out["detection.client_count"] = f.ClientCount
	put("detection.sites", f.Sites, len(f.Sites) > 0)
	put("detection.hosts", f.Hosts, len(f.Hosts) > 0)
	put("detection.server_addresses", f.Servers, len(f.Servers) > 0)
	out["detection.request_count"] = w.Requests
	put("detection.methods", w.Methods, len(w.Methods) > 0)
	out["detection.referer.missing_count"] = w.NoReferer
	out["detection.referer.foreign_count"] = w.ForeignReferer
	out["detection.first_seen"] = w.First.Format(time.RFC3339Nano)
	out["detection.last_seen"] = w.Last.Format(time.RFC3339Nano)
	out["detection.window.start"] = w.Start.Format(time.RFC3339Nano)
	out["detection.window.end"] = w.End.Format(time.RFC3339Nano)
	if w.New != nil {
		out["detection.new"] = *w.New
	}
	out["detection.complete"] = w.Complete
	put("detection.incomplete_reasons", w.IncompleteReason, len(w.IncompleteReason) > 0)
	put("detection.evidence", w.Samples, len(w.Samples) > 0)
	out["detection.id"] = w.ID
	out["score"] = f.Score
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
