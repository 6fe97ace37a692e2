// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/url"
	"time"
)

// mailDay returns a day of an Exchange-like front end: the web mail, desktop and
// phone synchronisation, and the server's probes of itself.
func mailDay(day time.Time) []request {
	d := newDice("mail", day)
	visits, calls := 14, 84
	if weekend(day) {
		visits, calls = 5, 40
	}
	var log []request
	for range visits {
		log = append(log, webMail(d, d.busyTime(day))...)
	}
	for range calls {
		log = append(log, desktop(d, d.busyTime(day))...)
		log = append(log, phone(d, d.busyTime(day)))
	}
	for hour := 0; hour < 24; hour += 4 {
		log = append(log, probe(d, day.Add(time.Duration(hour)*time.Hour+d.seconds(1, 50))))
	}
	return log
}

// mailRequest: the front end appends its own request id to each query.
func mailRequest(d *dice, at time.Time, method, stem, query string, status int) request {
	if query != "" {
		query += "&"
	}
	return request{
		at: at, site: mail, method: method, stem: stem, query: query + "cafeReqId=" + d.guid() + ";",
		host: "mail.example.com", status: status, millis: d.between(8, 350),
	}
}

// webMail is a log-on, some reading and, mostly, a log-off.
func webMail(d *dice, at time.Time) []request {
	c, who := visitor(d, staff)
	var log []request
	step := func(method, stem, query string, status int, user string) {
		r := mailRequest(d, at, method, stem, query, status)
		r.crowd, r.client, r.agent, r.user = c, who.address, c.agent, user
		log = append(log, r)
		at = at.Add(d.seconds(1, 20))
	}
	step("GET", "/owa/", "", 302, "")
	step("GET", "/owa/auth/logon.aspx", "url=https%3a%2f%2fmail.example.com%2fowa%2f&reason=0", 200, "")
	if d.percent(15) {
		step("POST", "/owa/auth.owa", "", 302, "")
		step("GET", "/owa/auth/logon.aspx", "url=https%3a%2f%2fmail.example.com%2fowa%2f&reason=2", 200, "")
	}
	step("POST", "/owa/auth.owa", "", 302, who.user)
	step("GET", "/owa/", "", 200, who.user)
	for range d.between(2, 5) {
		step("POST", "/owa/service.svc", "action="+d.word("FindConversation", "GetItem", "CreateItem"), 200, who.user)
	}
	if d.percent(60) {
		step("GET", "/owa/logoff.owa", "", 302, who.user)
		step("GET", "/owa/auth/logoff.aspx", "Cmd=logoff&src=exch", 200, "")
	}
	return log
}

// desktop clients ask without a user first and log on after the refusal.
func desktop(d *dice, at time.Time) []request {
	who := office[d.n(len(office))]
	stem := d.word("/EWS/Exchange.asmx", "/EWS/Exchange.asmx", "/mapi/emsmdb/", "/autodiscover/autodiscover.xml")
	agent := d.word("Microsoft+Office/16.0+(Windows+NT+10.0;+Microsoft+Outlook+16.0.19628;+Pro)", "MacOutlook/16.106")
	var log []request
	if d.percent(30) {
		refused := mailRequest(d, at, "POST", stem, "CorrelationID=<empty>", 401)
		refused.substatus, refused.win32 = 1, 2148074254
		log = append(log, refused)
	}
	answered := mailRequest(d, at, "POST", stem, "CorrelationID=<empty>", 200)
	answered.user = who.user
	log = append(log, answered)
	for n := range log {
		log[n].client, log[n].agent = who.address, agent
	}
	return log
}

// phone keeps a request open until there is mail, or for a quarter of an hour.
func phone(d *dice, at time.Time) request {
	who := staff[d.n(len(staff))].people[d.n(3)]
	command := d.word("Ping", "Ping", "Ping", "Sync", "FolderSync")
	r := mailRequest(d, at, "POST", "/Microsoft-Server-ActiveSync/default.eas",
		fmt.Sprintf("Cmd=%s&User=%s&DeviceType=iPhone&CorrelationID=<empty>", command, url.QueryEscape(who.user)), 200)
	r.client, r.user, r.agent = who.address, who.user, d.word("Apple-iPhone16C1/2301.335", "Android-Mail/2026.01.18")
	if command == "Ping" {
		r.millis = d.between(30_000, 900_000)
	}
	return r
}

// probe is the mail server looking after itself.
func probe(d *dice, at time.Time) request {
	r := mailRequest(d, at, "GET", "/owa/auth/logon.aspx", "", 200)
	r.client, r.agent = d.word("::1", "127.0.0.1", "fe80::5d3d:1c2a%4"), "Mozilla/4.0+(compatible;+MSIE+9.0;+Windows+NT+6.1;+MSEXCHMON;+ACTIVEMONITORING)"
	return r
}
