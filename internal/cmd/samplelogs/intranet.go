// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
)

// intranetDay returns a day of the intranet and its order interface. The server
// stands behind NAT and logs its private address, so the hunt leaves out every
// request, also the ones from outside: the rule's own blind spot.
func intranetDay(day time.Time) []request {
	d := newDice("intranet", day)
	people, orders := 30, 340
	if weekend(day) {
		people, orders = 5, 160
	}
	var log []request
	for range people {
		log = append(log, intranetVisit(d, d.busyTime(day))...)
	}
	for range orders {
		log = append(log, orderCall(d, d.busyTime(day)))
	}
	return append(log, partnerOrders(d, day)...)
}

func intranetRequest(d *dice, at time.Time, method, stem string, status int) request {
	return request{
		at: at, site: intranet, method: method, stem: stem, host: "intranet.example.com",
		status: status, millis: d.between(3, 400),
	}
}

// intranetVisit: Windows authentication refuses the first request and knows the
// user from the second on.
func intranetVisit(d *dice, at time.Time) []request {
	who := office[d.n(len(office))]
	agent := d.word(edgeWindows, chromeWindows, edgeBefore)
	page := d.word("/default.aspx", "/timesheet.aspx", "/hr/leave.aspx", "/phonebook.aspx", "/docs/travel.pdf")
	first := intranetRequest(d, at, "GET", page, 401)
	first.substatus, first.win32 = 2, 5
	second := intranetRequest(d, at, "GET", page, 200)
	second.user = who.user
	log := []request{first, second}
	if page == "/timesheet.aspx" {
		saved := intranetRequest(d, at.Add(d.seconds(30, 600)), "POST", page, 200)
		saved.user = who.user
		log = append(log, saved)
	}
	for n := range log {
		log[n].client, log[n].agent = who.address, agent
	}
	return log
}

// orderCall is the warehouse program asking for orders.
func orderCall(d *dice, at time.Time) request {
	r := intranetRequest(d, at, d.word("GET", "GET", "GET", "POST", "PUT"), "/api/v2/orders", 200)
	r.query = fmt.Sprintf("since=%d", d.between(880000, 889999))
	if r.method != "GET" {
		r.stem, r.query = fmt.Sprintf("/api/v2/orders/%d", d.between(880000, 889999)), ""
	}
	if d.percent(3) {
		r.status, r.millis = 503, 30000
	}
	r.client = fmt.Sprintf("10.20.8.%d", d.between(5, 12))
	r.agent = "NorthlightOrders/3.2"
	return r
}

// partnerOrders come in through the firewall from one public address. The page
// would be a finding, were the server's own address not private.
func partnerOrders(d *dice, day time.Time) []request {
	if weekend(day) {
		return nil
	}
	var log []request
	for hour := 8; hour < 16; hour += 2 {
		r := intranetRequest(d, day.Add(time.Duration(hour)*time.Hour+d.seconds(0, 900)), "POST", "/api/partner.aspx", 200)
		r.client, r.agent = "198.51.100.150", firefoxLinux
		log = append(log, r)
	}
	return log
}
