// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
)

const (
	shopHost = "shop.example.com"
	shopURL  = "https://" + shopHost
)

// shopDay returns a day of the public shop: customers, crawlers, an uptime check
// from two places, and a scan now and then.
func shopDay(day time.Time) []request {
	d := newDice("shop", day)
	visits := 52
	if weekend(day) {
		visits = 42
	}
	var requests []request
	for range visits {
		requests = append(requests, shopVisit(d, d.busyTime(day))...)
	}
	requests = append(requests, crawlers(d, day)...)
	requests = append(requests, uptimeChecks(d, day)...)
	requests = append(requests, partnerVisits(d, day)...)
	if day.Weekday() == time.Sunday {
		requests = append(requests, sqlmapRun(d, day)...)
	}
	return requests
}

// tab is a visitor's browser tab: where it is, and when.
type tab struct {
	d       *dice
	crowd   *crowd
	who     person
	now     time.Time
	referer string
	log     []request
}

// open asks for a page of the shop and returns the request for changes.
func (t *tab) open(method, stem, query string, status int) *request {
	t.now = t.now.Add(t.d.seconds(3, 50))
	t.log = append(t.log, request{
		at: t.now, site: shop, method: method, stem: stem, query: query, host: shopHost,
		user: t.who.user, client: t.who.address, agent: t.crowd.agent, referer: t.referer, crowd: t.crowd,
		status: status, sentBytes: t.d.between(4200, 28000), receivedBytes: t.d.between(380, 900),
		millis: t.d.between(12, 240),
	})
	if method == "GET" && status == 200 {
		t.referer = shopURL + stem
		if query != "" {
			t.referer += "?" + query
		}
	}
	return &t.log[len(t.log)-1]
}

// shopVisit is one customer from the first page to the last.
func shopVisit(d *dice, start time.Time) []request {
	c, who := visitor(d, shoppers)
	t := &tab{d: d, crowd: c, who: who, now: start}
	t.enter()
	for range d.between(1, 3) {
		t.look()
	}
	switch {
	case d.percent(22):
		t.buy()
	case d.percent(12):
		t.review()
	}
	return t.log
}

func (t *tab) enter() {
	switch {
	case t.d.percent(30):
		t.referer = t.d.word("https://www.google.com/", "https://www.bing.com/", "")
		t.product()
	case t.d.percent(25):
		t.open("GET", "/", "", 302)
		t.open("GET", "/default.aspx", "", 200)
	default:
		t.open("GET", "/default.aspx", t.d.word("", "", "", "utm_source=newsletter"), 200)
	}
	t.statics()
}

// statics are the files that a page pulls in; a returning browser has them.
func (t *tab) statics() {
	for _, stem := range []string{"/Content/site.css", "/Scripts/shop.js", "/images/logo.png"} {
		if t.d.percent(45) {
			continue
		}
		r := t.open("GET", stem, "", 200)
		r.at = t.now.Add(-time.Duration(t.d.n(3)) * time.Second)
		r.millis = t.d.between(0, 9)
		t.referer = r.referer
		if t.d.percent(50) {
			r.status = 304
		}
	}
	if t.d.percent(6) {
		t.open("GET", "/apple-touch-icon.png", "", 404).win32 = 2
	}
}

func (t *tab) look() {
	switch {
	case t.d.percent(60):
		t.product()
	case t.d.percent(75):
		words := []string{"q=tent", "q=rain+jacket", "q=headlamp", "q=boots&size=44", "q=kajak", "q=stove"}
		r := t.open("GET", "/search.aspx", t.d.word(words...), 200)
		if t.d.percent(4) {
			r.status, r.millis = 500, t.d.between(2000, 9000)
		}
	default:
		t.open("GET", t.d.word("/default.aspx", "/stores.aspx"), "", 200)
	}
}

func (t *tab) product() {
	id := t.d.between(1001, 1060)
	// Links in old newsletters are written in capitals: the same page for IIS.
	stem := "/product.aspx"
	if t.d.percent(8) {
		stem = "/Product.aspx"
	}
	t.open("GET", stem, fmt.Sprintf("id=%d", id), 200)
	if t.d.percent(50) {
		page := t.referer
		t.open("GET", fmt.Sprintf("/images/p-%d.jpg", id), "", 200).millis = t.d.between(0, 20)
		t.referer = page
	}
}

func (t *tab) buy() {
	t.open("POST", "/basket.aspx", "", 302)
	t.open("GET", "/basket.aspx", "", 200)
	t.open("GET", "/login.aspx", "ReturnUrl=%2fcheckout.aspx", 200)
	if t.d.percent(20) {
		t.open("POST", "/login.aspx", "ReturnUrl=%2fcheckout.aspx", 200) // a wrong password
	}
	t.open("POST", "/login.aspx", "ReturnUrl=%2fcheckout.aspx", 302)
	t.open("GET", "/checkout.aspx", "", 200)
	t.open("POST", "/checkout.aspx", "", 302).millis = t.d.between(600, 2500)
	t.open("GET", "/thanks.aspx", "", 200)
}

// review: customers may put a photo beside their review.
func (t *tab) review() {
	t.open("GET", "/upload.aspx", "", 200)
	r := t.open("POST", "/upload.aspx", "", 302)
	r.receivedBytes, r.millis = t.d.between(180_000, 2_400_000), t.d.between(400, 3000)
	t.open("GET", fmt.Sprintf("/uploads/rv-%d.jpg", t.d.between(30000, 39999)), "", 200)
}

func crawlers(d *dice, day time.Time) []request {
	var log []request
	for _, c := range []*crowd{googlebots, bingbots} {
		t := &tab{d: d, crowd: c, now: day.Add(d.seconds(60, 3600))}
		for range d.between(7, 10) {
			t.who, t.referer = c.people[d.n(len(c.people))], ""
			t.now = t.now.Add(d.seconds(600, 6000))
			t.open("GET", "/product.aspx", fmt.Sprintf("id=%d", d.between(1001, 1060)), 200)
		}
		log = append(log, t.log...)
	}
	t := &tab{d: d, crowd: feeds, now: day.Add(d.seconds(60, 600))}
	for hour := 1; hour < 24; hour += 6 {
		t.who, t.now = feeds.people[hour%2], day.Add(time.Duration(hour)*time.Hour)
		t.referer = ""
		t.open("GET", "/feed.xml", "", 304)
	}
	return append(log, t.log...)
}

// uptimeChecks come from two places, until one of them falls silent on the last day.
func uptimeChecks(d *dice, day time.Time) []request {
	places := uptime.people
	if day.Equal(lastDay) {
		places = places[1:]
	}
	t := &tab{d: d, crowd: uptime}
	for hour := 0; hour < 24; hour += 3 {
		for n, place := range places {
			t.who, t.referer = place, ""
			t.now = day.Add(time.Duration(hour)*time.Hour + time.Duration(n)*time.Minute)
			t.open("GET", "/health.aspx", "", 200).sentBytes = 212
		}
	}
	return t.log
}

// partnerVisits: two people of a partner company, with the same browser, read
// the price list every weekday. What happens to the second one is in story.go.
func partnerVisits(d *dice, day time.Time) []request {
	if weekend(day) {
		return nil
	}
	t := &tab{d: d, crowd: partners}
	for n, who := range partners.people {
		t.who, t.referer = who, ""
		t.now = day.Add(time.Duration(9+3*n)*time.Hour + d.seconds(0, 1500))
		t.open("GET", "/partner/prices.aspx", "", 200).cut = partnerCut(day, n)
	}
	return t.log
}

// sqlmapRun names itself: a rule about browsers never sees it.
func sqlmapRun(d *dice, day time.Time) []request {
	t := &tab{d: d, crowd: &crowd{agent: sqlmap}, who: person{address: "198.51.100.201"}}
	start := day.Add(14*time.Hour + 20*time.Minute)
	attempts := []string{"id=1001", "id=1001%27", "id=1001%20AND%201=1", "id=1001%20AND%201=2", "id=-1%20UNION%20SELECT%20NULL--"}
	for n := range 40 {
		t.now, t.referer = start.Add(time.Duration(n)*time.Second), ""
		r := t.open("GET", "/product.aspx", attempts[n%len(attempts)], 200)
		r.at = start.Add(time.Duration(n) * time.Second)
		if n%len(attempts) != 0 {
			r.status = 500
		}
	}
	return t.log
}
