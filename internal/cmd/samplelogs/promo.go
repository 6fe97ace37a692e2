// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
)

const promoHost = "promo.example.net"

// promoHours: the campaign's mails go out twice a day.
var promoHours = [2]int{9, 18}

// promoDay returns the raw log of a campaign site in the cloud, whose visitors
// come with the campaign's mails. Such logs have no server address.
func promoDay(day time.Time) []request {
	if weekend(day) {
		return nil
	}
	d := newDice("promo", day)
	var log []request
	for _, hour := range promoHours {
		start := day.Add(time.Duration(hour) * time.Hour)
		for range 9 {
			log = append(log, promoVisit(d, start.Add(d.seconds(120, 2400)))...)
		}
		for n, place := range uptime.people {
			if n == 0 && day.Equal(lastDay) {
				continue
			}
			r := promoRequest(d, start.Add(time.Duration(n+1)*time.Minute), "GET", "/health.aspx", "", 200)
			r.crowd, r.client, r.agent = uptime, place.address, uptime.agent
			log = append(log, r)
		}
	}
	return log
}

// promoRequest: the platform's load balancer marks each request with an id.
func promoRequest(d *dice, at time.Time, method, stem, query string, status int) request {
	if query != "" {
		query += "&"
	}
	return request{
		at: at, site: promo, method: method, stem: stem, query: query + "X-ARR-LOG-ID=" + d.guid(),
		host: promoHost, status: status, sentBytes: d.between(900, 9000), receivedBytes: d.between(700, 1400),
		millis: d.between(4, 120),
	}
}

func promoVisit(d *dice, at time.Time) []request {
	c, who := visitor(d, shoppers)
	cookie := fmt.Sprintf("ARRAffinity=%016x", d.source.Uint64())
	var log []request
	step := func(method, stem, query string, status int) {
		r := promoRequest(d, at, method, stem, query, status)
		r.crowd, r.client, r.agent, r.cookie = c, who.address, c.agent, cookie
		if len(log) > 0 {
			r.referer = "https://" + promoHost + "/quiz.aspx"
		}
		log = append(log, r)
		at = at.Add(d.seconds(2, 40))
	}
	step("GET", "/quiz.aspx", "c=spring26", 200)
	step("GET", "/assets/quiz.js", "", 200)
	if d.percent(60) {
		step("POST", "/quiz.aspx", "c=spring26", 302)
		step("GET", "/result.aspx", "", 200)
	}
	return log
}
