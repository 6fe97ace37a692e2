// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

// One export, what is printed of it, and what of it is compared.
const (
	export = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[
{"body":{"stringValue":"a log line that was forwarded"}},
{"eventName":"iishunt.rare_client","severityText":"Low",
 "body":{"stringValue":"1 client (203.0.113.77) made all 2 requests for /up/x.aspx on W3SVC1 between A and B"},
 "attributes":[
 {"key":"security_rule.name","value":{"stringValue":"URI requests from single client"}},
 {"key":"threat.tactic.id","value":{"arrayValue":{"values":[{"stringValue":"TA0001"}]}}},
 {"key":"threat.tactic.name","value":{"arrayValue":{"values":[{"stringValue":"Initial Access"}]}}},
 {"key":"threat.technique.id","value":{"arrayValue":{"values":[{"stringValue":"T1190"}]}}},
 {"key":"threat.technique.name","value":{"arrayValue":{"values":[{"stringValue":"Exploit Public-Facing Application"}]}}},
 {"key":"url.path","value":{"stringValue":"/up/x.aspx"}},
 {"key":"user_agent.original","value":{"stringValue":"Mozilla/5.0"}},
 {"key":"detection.clients","value":{"arrayValue":{"values":[{"stringValue":"203.0.113.77"}]}}},
 {"key":"detection.client_count","value":{"intValue":"1"}},
 {"key":"detection.sites","value":{"arrayValue":{"values":[{"stringValue":"W3SVC1"}]}}},
 {"key":"detection.request_count","value":{"intValue":"2"}},
 {"key":"detection.first_seen","value":{"stringValue":"2026-03-02T01:10:00Z"}},
 {"key":"detection.last_seen","value":{"stringValue":"2026-03-02T03:55:10Z"}},
 {"key":"detection.window.start","value":{"stringValue":"2026-03-02T00:00:00Z"}},
 {"key":"detection.window.end","value":{"stringValue":"2026-03-03T00:00:00Z"}},
 {"key":"detection.evidence","value":{"arrayValue":{"values":[
  {"kvlistValue":{"values":[{"key":"time","value":{"stringValue":"2026-03-02T01:10:00Z"}},{"key":"client","value":{"stringValue":"203.0.113.77"}},
   {"key":"method","value":{"stringValue":"POST"}},{"key":"status","value":{"intValue":"200"}},{"key":"query","value":{"stringValue":"c=\u001b[2J"}}]}},
  {"kvlistValue":{"values":[{"key":"time","value":{"stringValue":"2026-03-02T03:55:10Z"}},{"key":"bytes","value":{"intValue":"512"}}]}}]}}},
 {"key":"detection.complete","value":{"boolValue":false}},
 {"key":"detection.incomplete_reasons","value":{"arrayValue":{"values":[{"stringValue":"late_records"}]}}},
 {"key":"detection.id","value":{"stringValue":"00ff"}}]}]}]}]}`

	printed = `[1] 1 client (203.0.113.77) made all 2 requests for /up/x.aspx on W3SVC1 between A and B
    window      2026-03-02T00:00:00Z to 2026-03-03T00:00:00Z
    clients     203.0.113.77
    sites       W3SVC1
    user agent  Mozilla/5.0
    requests    2, first 2026-03-02T01:10:00Z, last 2026-03-02T03:55:10Z
    evidence    2026-03-02T01:10:00Z  POST 200  /up/x.aspx?c=\x1b[2J
                2026-03-02T03:55:10Z  -    -  /up/x.aspx  bytes 512
    complete    no: late_records; a second client may have gone unseen
    rule        URI requests from single client (severity Low)
    ATT&CK      TA0001 Initial Access, T1190 Exploit Public-Facing Application
    id          00ff

1 detection in 1 window; 1 of them marked incomplete.
The collector warned: Nothing can be found; records: 12; stage: extension
`

	outcomeLine = `{"window_start":"2026-03-02T00:00:00Z","window_end":"2026-03-03T00:00:00Z","url_path":"/up/x.aspx",` +
		`"user_agent":"Mozilla/5.0","clients":["203.0.113.77"],"sites":["W3SVC1"],"request_count":2,` +
		`"first_seen":"2026-03-02T01:10:00Z","last_seen":"2026-03-02T03:55:10Z","complete":false}`
)
