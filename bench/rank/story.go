// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/iishunt/iishunt/internal/traffic"
)

// story is what an attacker does, and the page that gives him away.
type story struct {
	name string
	what string
	page string // with {x} for the extension of the background's pages
	tell func(a *attack)
}

// attack is a story on a background.
type attack struct {
	*log
	page string
	day  int // on which it begins
	who  person
}

func (s *story) on(l *log) string {
	page := replace(s.page, l.scripts)
	s.tell(&attack{log: l, page: page, day: 12, who: person{"203.0.113.77", agents[0], ""}})
	return page
}

// at is a time of a day of the story.
func (a *attack) at(day, hour, minute int) time.Time {
	return firstDay.AddDate(0, 0, a.day+day).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// work sends commands: n requests on each of some days, with answers of any size.
func (a *attack) work(days, n int, method string, more ...func(*traffic.Request)) {
	for day := range days {
		for i := range n {
			a.add(a.at(day, 1+day%3, 3*i), a.who, method, a.page, append([]func(*traffic.Request){answer(80 + a.IntN(9000))}, more...)...)
		}
	}
}

// ownForm reads the page and sends its form, like a browser.
func (a *attack) ownForm(days, n int) {
	for day := range days {
		a.add(a.at(day, 22, 0), a.who, "GET", a.page, answer(640))
		for i := range n {
			a.add(a.at(day, 22, 1+i), a.who, "POST", a.page, from(a.page), answer(640+a.IntN(6000)))
		}
	}
}

// tuning are the stories that the points may be chosen by.
var tuning = []story{
	{"chopper", "one line of code among the uploads, commands by POST", "/uploads/2026/03/img_0113{x}", func(a *attack) { a.work(4, 8, "POST") }},
	{"plain-form", "a plain name, used with a form of its own", "/contactus2{x}", func(a *attack) { a.ownForm(2, 6) }},
	{"query", "commands in the query", "/about-old{x}", func(a *attack) {
		for i, c := range []string{"whoami", "ipconfig+/all", "net+user"} {
			a.add(a.at(0, 3, i), a.who, "GET", a.page, query("cmd="+c), answer(100+i*700))
		}
	}},
	{"base64", "coded commands in the query", "/archive/view2{x}", func(a *attack) {
		a.work(2, 4, "GET", query("p=aXBjb25maWcgL2FsbA%3D%3D"))
	}},
	{"behinder", "a handler, answers that are always alike, an agent that changes", "/api/upload2.ashx", func(a *attack) {
		for i := range 12 {
			a.who.agent = agents[i%len(agents)]
			a.add(a.at(i/6, 2, i), a.who, "POST", a.page, answer(352))
		}
	}},
	{"owa", "a file in Exchange's folder of log-on pages", "/owa/auth/errorEE.aspx", func(a *attack) { a.work(2, 5, "POST") }},
	{"two-addresses", "two addresses in turn", "/news/item7{x}", func(a *attack) {
		a.work(2, 4, "POST")
		a.who.address = "203.0.113.78"
		a.work(2, 4, "POST")
	}},
	{"spinstall", "a page that only tells a key", "/_layouts/15/spinstall0.aspx", func(a *attack) { a.work(1, 3, "GET") }},
	{"error-500", "every command ends with an error", "/catalog/sync{x}", func(a *attack) { a.work(2, 6, "POST", status(500)) }},
	{"program", "a program without a browser's name", "/x{x}", func(a *attack) {
		a.who.agent = "python-requests/2.32.3"
		a.work(2, 3, "GET", query("a=id"))
	}},
	{"once", "one command, then never again", "/support/temp_fix{x}", func(a *attack) { a.work(1, 1, "POST") }},
	{"put", "uploaded with PUT", "/files/readme.cer", func(a *attack) {
		a.add(a.at(0, 1, 0), a.who, "PUT", a.page, status(201), answer(0))
		a.work(1, 6, "POST")
	}},
}

// judging are the stories that are only used to judge: no point was chosen by them.
var judging = []story{
	{"slow", "one command a week", "/order/confirm2{x}", func(a *attack) {
		a.day = 1
		for week := range 4 {
			a.add(a.at(7*week, 4, 7*week), a.who, "POST", a.page, answer(300+week*2000))
		}
	}},
	{"changing-agent", "another browser for each request", "/product/compare3{x}", func(a *attack) {
		for i := range 9 {
			a.who.agent = agents[i%len(agents)]
			a.add(a.at(i/3, 13, 5*i), a.who, "POST", a.page, answer(500+i*800))
		}
	}},
	{"three-addresses", "a form, from three addresses", "/service/tools{x}", func(a *attack) {
		for i := range 3 {
			a.who.address = fmt.Sprintf("192.0.2.%d", 61+i)
			a.ownForm(1+i, 3)
		}
	}},
	{"file-manager", "folders in the query, coded twice", "/gallery/list2{x}", func(a *attack) { a.work(2, 5, "GET", query("d=C%253A%255Cinetpub%255Cwwwroot")) }},
	{"look-in", "looked at once a day, nothing else", "/company/info_old{x}", func(a *attack) { a.work(7, 1, "GET", answer(17)) }},
	{"forged-referer", "each command says that it comes from the front page", "/press/kit{x}", func(a *attack) { a.work(3, 5, "POST", from("/default"+a.scripts)) }},
	{"guessed", "somebody else's shell, found by guessing names", "/store/a7x{x}", func(a *attack) {
		for i := range 40 {
			a.add(a.at(0, 0, 1), a.who, "GET", fmt.Sprintf("/store/a%d%s", i, a.scripts), status(404), answer(1245))
		}
		a.work(1, 4, "GET", query("pass=letmein"))
	}},
	{"soap", "a shell that speaks SOAP", "/services/stockinfo.asmx", func(a *attack) { a.work(3, 7, "POST") }},
	{"traversal", "a page of the site's own that reads any file", "/download/getdoc{x}", func(a *attack) { a.work(1, 4, "GET", query("f=..%2f..%2fweb.config")) }},
	{"path-info", "a script among pictures, with an argument behind it", "/images/b{x}/run", func(a *attack) { a.work(2, 4, "GET") }},
	{"semicolon", "a picture for some, a script for IIS", "/avatars/u117.asp;.jpg", func(a *attack) { a.work(2, 4, "GET") }},
	{"lateral", "from a server inside", "/default_old{x}", func(a *attack) {
		a.who.address = "10.20.9.9"
		a.work(2, 5, "POST")
	}},
	{"by-day", "in office hours, a form with links from the site's own pages", "/team/upload3{x}", func(a *attack) {
		for day := range 3 {
			a.add(a.at(day, 10, 0), a.who, "GET", a.page, from("/default"+a.scripts))
			a.add(a.at(day, 10, 1), a.who, "POST", a.page, from(a.page), answer(300+day*3000))
		}
	}},
}
