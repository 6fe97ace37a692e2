// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
)

// The days of the story; see also firstDay.
var (
	sunday    = firstDay.AddDate(0, 0, 1)
	monday    = firstDay.AddDate(0, 0, 2)
	tuesday   = firstDay.AddDate(0, 0, 3)
	wednesday = firstDay.AddDate(0, 0, 4)
	lastDay   = firstDay.AddDate(0, 0, 5)
)

const (
	intruder = "203.0.113.77"
	manager  = "192.0.2.44"
	scanner  = "198.51.100.202"
	museum   = "203.0.113.231"
)

// planted names every page that only one client asks for, in lower case, with
// the days on which that is so. Everything else that is asked for once gets
// company. The README beside the logs tells the story of each.
var planted = []struct {
	path, client string
	days         []time.Time
}{
	{"/uploads/logo.aspx", intruder, []time.Time{monday, tuesday, wednesday, lastDay}},
	{"/unsubscribe.aspx", "192.0.2.112", []time.Time{firstDay}},
	{"/giftcard.aspx", "203.0.113.171", []time.Time{sunday}},
	{"/admin/orders.aspx", manager, []time.Time{monday, tuesday, lastDay}},
	{"/export.aspx", "203.0.113.60", []time.Time{tuesday}},
	{"/default.aspx", scanner, []time.Time{tuesday}},
	{"/search.aspx", scanner, []time.Time{tuesday}},
	{"/default.aspx", museum, []time.Time{lastDay}},
	{"/product.aspx", museum, []time.Time{lastDay}},
	{"/health.aspx", "192.0.2.201", []time.Time{lastDay}},
	{"/partner/prices.aspx", "198.51.100.140", []time.Time{wednesday}},
	{"/ecp/default.aspx", "192.0.2.61", []time.Time{monday}},
	{"/owa/auth/expiredpassword.aspx", "2001:db8:56::7", []time.Time{lastDay}},
	{"/diag.aspx", "198.51.100.177", []time.Time{wednesday}},
}

func meantToBeAlone(day time.Time, path, client string) bool {
	for _, p := range planted {
		for _, d := range p.days {
			if d.Equal(day) && p.path == path && p.client == client {
				return true
			}
		}
	}
	return false
}

// storyDay returns the planted requests of a day.
func storyDay(day time.Time) []request {
	d := newDice("story", day)
	var log []request
	log = append(log, intrusion(d, day)...)
	log = append(log, managerAtHome(d, day)...)
	switch {
	case day.Equal(firstDay):
		log = append(log, onePage(d, chromeAndroid, "192.0.2.112", day.Add(19*time.Hour), "/unsubscribe.aspx", "u=48213")...)
	case day.Equal(sunday):
		log = append(log, onePage(d, safariMac, "203.0.113.171", day.Add(15*time.Hour), "/giftcard.aspx", "")...)
		log = append(log, nobody(d, day)...)
	case day.Equal(monday):
		log = append(log, mailAdmin(d, day.Add(20*time.Hour))...)
	case day.Equal(tuesday):
		log = append(log, onePage(d, edgeWindows, "203.0.113.60", day.Add(7*time.Hour), "/Export.aspx", "from=2026-02-01&to=2026-02-28")...)
		log = append(log, onePage(d, edgeWindows, "203.0.113.60", day.Add(8*time.Hour), "/export.aspx", "from=2026-02-01&to=2026-02-28&format=xlsx")...)
		log = append(log, niktoRun(d, day.Add(4*time.Hour+12*time.Minute))...)
	case day.Equal(wednesday):
		log = append(log, developer(d, day.Add(18*time.Hour+40*time.Minute))...)
		log = append(log, tornLines(d, day)...)
	case day.Equal(lastDay):
		log = append(log, museumVisit(d, day.Add(13*time.Hour))...)
		log = append(log, expiredPassword(d, day.Add(6*time.Hour+30*time.Minute)))
	}
	return log
}

// crowdOf returns the customers with a browser build.
func crowdOf(agent string) *crowd {
	for _, c := range shoppers {
		if c.agent == agent {
			return c
		}
	}
	return &crowd{agent: agent}
}

// browser opens a tab for somebody who is not one of the customers.
func browser(d *dice, agent, client string, at time.Time) *tab {
	return &tab{d: d, crowd: crowdOf(agent), who: person{address: client}, now: at}
}

func onePage(d *dice, agent, client string, at time.Time, stem, query string) []request {
	t := browser(d, agent, client, at)
	t.open("GET", stem, query, 200)
	return t.log
}

// intrusion is the story itself. On Monday night somebody looks around, uploads
// a page through the form for customers' photos and begins to use it; on the
// next three nights he comes back. His browser is the most common one, so on all
// other pages he is one among many.
func intrusion(d *dice, day time.Time) []request {
	t := browser(d, chromeWindows, intruder, day.Add(41*time.Minute))
	night := int(day.Sub(monday) / (24 * time.Hour))
	switch {
	case day.Before(monday):
		return nil
	case day.Equal(monday):
		t.probe()
		t.now = day.Add(time.Hour + 10*time.Minute)
		drop := t.shell("POST", "/upload.aspx", 180)
		drop.status, drop.receivedBytes = 302, 5120
	default:
		t.now = day.Add(time.Duration(d.between(40, 130)) * time.Minute)
	}
	t.now = t.now.Add(20 * time.Second)
	t.shell("GET", "/uploads/logo.aspx", 46)
	for n := range d.between(10, 13) {
		t.now = t.now.Add(d.seconds(40, 600))
		t.shell("POST", "/uploads/logo.aspx", 60+night*900+n*n*(night+1)*35)
	}
	return t.log
}

// probe asks for what careless shops have, and finds the upload form.
func (t *tab) probe() {
	t.open("GET", "/default.aspx", "", 200)
	missing := []string{
		"/.env", "/backup.zip", "/admin.php", "/upload.php", "/cmd.aspx", "/uploads/cmd.aspx",
		"/shell.aspx", "/test.aspx", "/old/default.asp",
	}
	for _, stem := range missing {
		r := t.open("GET", stem, "", 404)
		r.win32, r.referer = 2, ""
	}
	t.open("GET", "/uploads/", "", 403).substatus = 14
	t.open("GET", "/login.aspx", "", 200)
	t.open("GET", "/upload.aspx", "", 200)
}

// shell is a request typed into a tool: at the tab's time, without a referer.
func (t *tab) shell(method, stem string, millis int) *request {
	now := t.now
	r := t.open(method, stem, "", 200)
	t.now, t.referer = now, ""
	r.at, r.referer, r.millis = now, "", millis
	r.sentBytes, r.receivedBytes = t.d.between(900, 46000), t.d.between(420, 2600)
	return r
}

// managerAtHome looks at the orders from home on some days. The colleagues in
// the office open the same page, but private clients are left out.
func managerAtHome(d *dice, day time.Time) []request {
	if weekend(day) {
		return nil
	}
	colleague := browser(d, chromeBefore, office[3].address, day.Add(10*time.Hour+d.seconds(0, 3000)))
	colleague.open("GET", "/admin/orders.aspx", "state=open", 200)
	log := colleague.log
	if !meantToBeAlone(day, "/admin/orders.aspx", manager) {
		return log
	}
	t := browser(d, chromeBefore, manager, day.Add(21*time.Hour+d.seconds(0, 3000)))
	t.open("GET", "/login.aspx", "ReturnUrl=%2fadmin%2forders.aspx", 200)
	t.open("POST", "/login.aspx", "ReturnUrl=%2fadmin%2forders.aspx", 302)
	for range d.between(3, 6) {
		t.open("GET", "/admin/orders.aspx", fmt.Sprintf("state=open&page=%d", d.between(1, 4)), 200)
	}
	return append(log, t.log...)
}

// niktoRun claims to be a browser, and some of its requests succeed.
func niktoRun(d *dice, at time.Time) []request {
	t := browser(d, nikto, scanner, at)
	stems := []string{
		"/default.aspx", "/trace.axd", "/_vti_bin/shtml.exe", "/phpinfo.php", "/test.asp", "/iisadmpwd/aexp.htr",
		"/scripts/..\xc0\xaf../winnt/system32/cmd.exe", "/search.aspx", "/elmah.axd", "/web.config.bak", "/global.asa",
	}
	for n := range 44 {
		stem := stems[n%len(stems)]
		r := t.open("GET", stem, "", 404)
		r.referer, r.at, r.win32 = "", at.Add(time.Duration(n/3)*time.Second), 2
		if stem == "/default.aspx" || stem == "/search.aspx" {
			r.status, r.win32 = 200, 0
		}
	}
	return t.log
}

// museumVisit is a customer with a browser that nobody else has any more.
func museumVisit(d *dice, at time.Time) []request {
	t := browser(d, oldExplorer, museum, at)
	t.open("GET", "/default.aspx", "", 200)
	t.open("GET", "/product.aspx", "id=1012", 200)
	t.open("GET", "/product.aspx", "id=1044", 200)
	return t.log
}

// nobody is a client without a user agent.
func nobody(d *dice, day time.Time) []request {
	t := browser(d, "", "198.51.100.210", day.Add(5*time.Hour))
	t.open("GET", "/robots.txt", "", 404).host = "198.51.100.10"
	script := browser(d, curl, "198.51.100.211", day.Add(5*time.Hour+7*time.Minute))
	script.open("HEAD", "/default.aspx", "", 200)
	return append(t.log, script.log...)
}

func mailAdmin(d *dice, at time.Time) []request {
	var log []request
	for n, query := range []string{"", "p=Mailboxes", "p=TransportRules"} {
		r := mailRequest(d, at.Add(time.Duration(n)*d.seconds(20, 200)), "GET", "/ecp/default.aspx", query, 200)
		r.client, r.agent, r.user = "192.0.2.61", firefoxLinux, "EXAMPLE\\adm.meyer"
		log = append(log, r)
	}
	return log
}

func expiredPassword(d *dice, at time.Time) request {
	r := mailRequest(d, at, "GET", "/owa/auth/expiredpassword.aspx", "url=%2fowa%2f", 200)
	r.client, r.agent = "2001:db8:56::7", safariPhone
	return r
}

// developer looks at a page that only he knows, on the campaign site.
func developer(d *dice, at time.Time) []request {
	var log []request
	for n := range 2 {
		r := promoRequest(d, at.Add(time.Duration(n)*90*time.Second), "GET", "/diag.aspx", "", 200)
		r.client, r.agent = "198.51.100.177", firefox
		log = append(log, r)
	}
	return log
}

// partnerCut breaks the line of the partner's second reader on Wednesday. Without
// it the first one seems to be alone: a false alert made by a lost line, which
// is why a finding says whether its window is complete.
func partnerCut(day time.Time, reader int) int {
	if reader == 1 && day.Equal(wednesday) {
		return 12
	}
	return 0
}

// tornLines are two more lines that break off: one of the shop's with as many
// values as the default columns have, and one of the mail server's.
func tornLines(d *dice, day time.Time) []request {
	t := browser(d, safariPhone, "192.0.2.103", day.Add(16*time.Hour+2*time.Minute))
	t.open("GET", "/images/p-1017.jpg", "", 200).cut = 15
	r := phone(d, day.Add(11*time.Hour+30*time.Minute))
	r.cut = 6
	return append(t.log, r)
}
