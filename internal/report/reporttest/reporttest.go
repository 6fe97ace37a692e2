// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package reporttest has detections for tests of the hunt report.
package reporttest

import (
	"fmt"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/rank"
	"github.com/iishunt/iishunt/internal/report"
)

// Day is the first day of all detections here.
var Day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36"

// Rule is the default rule.
func Rule() report.Rule {
	return report.Rule{
		ID: "a787a819-40df-4c9f-a5ae-850d5a2a0cf6", Name: "URI requests from single client", Version: "1.0.2", Severity: "Low",
		Reference:  "https://github.com/Azure/Azure-Sentinel",
		Tactics:    []report.Threat{{ID: "TA0001", Name: "Initial Access", Reference: "https://attack.mitre.org/tactics/TA0001"}},
		Techniques: []report.Threat{{ID: "T1190", Name: "Exploit Public-Facing Application", Reference: "https://attack.mitre.org/techniques/T1190"}},
	}
}

// Detection is one of a page on a day (0 is the first), with so many requests,
// all of them GET with a referer of the site.
func Detection(path, client string, day int, requests int64) *report.Detection {
	start := Day.AddDate(0, 0, day)
	first := start.Add(time.Hour)
	d := &report.Detection{
		ID: fmt.Sprintf("%s %s %d", path, client, day), Rule: Rule(), Path: path, UserAgent: agent,
		Clients: []string{client}, ClientCount: 1, Sites: []string{"W3SVC1"}, Hosts: []string{"shop.example.com"}, Servers: []string{"198.51.100.10"},
		Window: report.Window{
			Start: start, End: start.AddDate(0, 0, 1), First: first, Last: first.Add(time.Duration(requests-1) * time.Minute),
			Window: rank.Window{
				Requests: requests, Methods: []string{"GET"}, Complete: true, History: Day.AddDate(0, 0, -1), PageClients: 5, PageMore: true,
				Usage: &rank.Usage{Days: 1, Hours: 1, Answered: requests, RefererLogged: true},
			},
		},
	}
	for i := range min(requests, 5) {
		d.Samples = append(d.Samples, report.Sample{
			Time: first.Add(time.Duration(i) * time.Minute), Client: client, Method: "GET", Status: 200, Bytes: 1200 + i,
			Referer: "https://shop.example.com/", File: "u_ex" + start.Format("060102") + ".log",
		})
	}
	return d
}

// Story is a web shell on three nights among what is found every day.
func Story() []*report.Detection {
	var out []*report.Detection
	for day := range 3 {
		d := Detection("/uploads/logo.aspx", "203.0.113.77", day, 12)
		isNew := day == 0
		d.New, d.Methods, d.NoReferer = &isNew, []string{"GET", "POST"}, 12
		d.PageClients, d.PageMore, d.Usage.Sends = 1, false, 10
		for i := range d.Samples {
			d.Samples[i].Referer, d.Samples[i].Method, d.Samples[i].Query = "", "POST", "cmd=whoami"
		}
		out = append(out, d)
	}
	out[2].Complete, out[2].IncompleteReason = false, []string{"parse_error"}
	old := false
	giftcard := Detection("/giftcard.aspx", "192.0.2.171", 0, 1)
	giftcard.New = &old
	scan := Detection("/search.aspx", "198.51.100.202", 1, 4)
	scan.UserAgent, scan.Sites, scan.NoReferer = "Mozilla/5.00 (Nikto/2.5.0)", []string{"W3SVC2"}, 4
	orders := Detection("/admin/orders.aspx", "192.0.2.44", 0, 3)
	again := Detection("/Admin/orders.aspx", "192.0.2.44", 1, 3)
	for _, d := range []*report.Detection{orders, again} {
		d.PageClients, d.PageMore = 1, false
	}
	two := Detection("/partner.aspx", "192.0.2.8", 2, 3)
	two.PageClients, two.PageMore = 2, false
	two.Clients, two.ClientCount = []string{"192.0.2.8", "2001:db8::8"}, 2
	return append(out, giftcard, scan, orders, again, two)
}

// Many are n findings.
func Many(n int) []*report.Detection {
	out := make([]*report.Detection, 0, n)
	for i := range n {
		path := fmt.Sprintf("/section%d/page%05d.aspx", i%40, i)
		if i%20 == 0 {
			path = fmt.Sprintf("/uploads/2026/image%05d.aspx", i)
		}
		d := Detection(path, fmt.Sprintf("198.51.100.%d", i%250), i%60, int64(1+i%17))
		d.UserAgent = fmt.Sprintf("%s Build/%d", agent, i%500)
		d.Sites = []string{fmt.Sprintf("W3SVC%d", i%12)}
		if i%20 == 0 {
			d.Methods = []string{"GET", "POST"}
		}
		out = append(out, d)
	}
	return out
}

// Hostile are texts that try to get out of where they stand.
var Hostile = []string{
	"</script><script>window.pwned=1</script>",
	"<img src=x onerror=window.pwned=2>",
	"\"'`><svg/onload=window.pwned=3>",
	"--><!-- ]]> <![CDATA[",
	"javascript:window.pwned=4",
	"a\u202egpj.\u2066exe",
	"nul\x00byte \x1b[2J",
	"bad\xc0\xafutf8\xff",
	"line\u2028separator\u2029paragraph\r\nbreak",
	"\" | search index=* | delete \\\" [ | makeresults ] `macro` $token$ %22 * ?",
	"x\\\"; drop table W3CIISLog //",
	"{{constructor.constructor('window.pwned=5')()}} ${window.pwned=6}",
	strings.Repeat("long ", 420),
	strings.Repeat("W", 2048),
}

// HostileDetections have each of the hostile texts wherever a text can stand.
func HostileDetections() []*report.Detection {
	var out []*report.Detection
	for i, s := range Hostile {
		d := Detection("/"+s+".aspx", s, 0, 3)
		d.ID = fmt.Sprintf("hostile %d %s", i, s)
		d.UserAgent = s
		d.Group = map[string]string{s: s}
		d.Sites, d.Hosts, d.Servers = []string{s}, []string{s}, []string{s}
		d.Methods = []string{s}
		d.Complete, d.IncompleteReason = false, []string{s}
		d.Rule.Name, d.Rule.Severity, d.Rule.Reference = s, s, "javascript:window.pwned=7"
		d.Rule.Techniques = []report.Threat{
			{ID: s, Name: s, Reference: "javascript:window.pwned=8"},
			{ID: "T0", Reference: "https://example.com/\"><img src=x onerror=window.pwned=9>"},
		}
		for j := range d.Samples {
			p := &d.Samples[j]
			p.Client, p.Method, p.Query, p.Referer, p.User, p.File = s, s, s, s, s, s
		}
		out = append(out, d)
	}
	return out
}
