// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/traffic"
)

// firstDay is when the logs begin.
var firstDay = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// world is a background: what a site logs that nobody attacks.
type world struct {
	name, what string
	days       int
	host       string
	server     string
	proxy      string // if not "", the only address that is logged
	scripts    string // the extension of its pages
	reports    int    // pages besides those that everybody knows
	people     []person
	visits     int // a day
	fill       func(*log)
}

type person struct{ address, agent, user string }

// log collects requests.
type log struct {
	*world
	*rand.Rand
	lines []traffic.Request
}

func newLog(w *world, seed string) *log {
	h := fnv.New64a()
	_, _ = h.Write([]byte(w.name + "/" + seed))
	return &log{world: w, Rand: rand.New(rand.NewPCG(h.Sum64(), 1))} //nolint:gosec // the same logs each time
}

// add logs a request; what is empty gets the usual value.
func (l *log) add(at time.Time, p person, method, stem string, more ...func(*traffic.Request)) {
	r := traffic.Request{
		At: at, Site: "W3SVC1", Server: l.server, Method: method, Stem: stem, Host: l.host, User: p.user,
		Client: p.address, Agent: p.agent, Status: 200, SentBytes: 4000 + len(stem)*517%9000 + l.IntN(40),
	}
	for _, change := range more {
		change(&r)
	}
	if l.proxy != "" {
		r.Client = l.proxy
	}
	l.lines = append(l.lines, r)
}

func query(q string) func(*traffic.Request) { return func(r *traffic.Request) { r.Query = q } }
func status(s int) func(*traffic.Request)   { return func(r *traffic.Request) { r.Status = s } }
func answer(bytes int) func(*traffic.Request) {
	return func(r *traffic.Request) { r.SentBytes = bytes }
}

func from(stem string) func(*traffic.Request) {
	return func(r *traffic.Request) { r.Referer = "https://" + r.Host + stem }
}

// sorted are the lines in the order in which they were written.
func (l *log) sorted() []traffic.Request {
	slices.SortStableFunc(l.lines, func(a, b traffic.Request) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Client, b.Client), strings.Compare(a.Stem, b.Stem))
	})
	return l.lines
}

// hour is a time of a day, by day rather than by night.
func (l *log) hour(day int) time.Time {
	h := 6 + l.IntN(9) + l.IntN(9)
	return firstDay.AddDate(0, 0, day).Add(time.Duration(h)*time.Hour + time.Duration(l.IntN(3600))*time.Second)
}

// some picks from a list, the first ones far more often.
func (l *log) some(n int) int { return min(n-1, int(float64(n)*l.Float64()*l.Float64()*l.Float64())) }

var agents = []string{
	"Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+Chrome/145.0.0.0+Safari/537.36",
	"Mozilla/5.0+(iPhone;+CPU+iPhone+OS+18_7+like+Mac+OS+X)+AppleWebKit/605.1.15+Version/26.3+Mobile+Safari/604.1",
	"Mozilla/5.0+(Linux;+Android+10;+K)+AppleWebKit/537.36+Chrome/145.0.0.0+Mobile+Safari/537.36",
	"Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+Chrome/145.0.0.0+Safari/537.36+Edg/145.0.0.0",
	"Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64;+rv:148.0)+Gecko/20100101+Firefox/148.0",
	"Mozilla/5.0+(Macintosh;+Intel+Mac+OS+X+10_15_7)+AppleWebKit/605.1.15+Version/26.3+Safari/605.1.15",
}

const (
	crawlerAgent = "Mozilla/5.0+(compatible;+Searchbot/2.1;++https://search.example/bot)"
	monitorAgent = "Mozilla/5.0+(compatible;+UptimeCheck/2.1)"
)

// crowd makes people; public ones have addresses of the benchmark network.
func crowd(n int, public bool, domain string) []person {
	out := make([]person, n)
	for i := range out {
		out[i] = person{address: fmt.Sprintf("198.%d.%d.%d", 18+i/60000, i/250%240, 1+i%250), agent: agents[(i*7+i/6)%len(agents)]}
		if !public {
			out[i].address = fmt.Sprintf("10.20.%d.%d", i/250, 1+i%250)
		}
		if domain != "" {
			out[i].user = fmt.Sprintf("%s\\user%d", domain, i)
		}
	}
	return out
}

// words are of what pages are named.
var words = strings.Fields(`about account archive basket brand career cart catalog category checkout company contact
	delivery detail download events export faq feedback gallery help history imprint item jobs legal list map member news
	newsletter offer order partner password payment press price privacy product profile project promo quote rating register
	report request return review search service shipping shop sitemap status store subscribe support team terms ticket topic tour video wish`)

// page is the i-th page: the first are what everybody asks for.
func (w *world) page(i int) string {
	if i == 0 {
		return "/default" + w.scripts
	}
	name := words[i%len(words)]
	if i >= len(words) {
		return fmt.Sprintf("/%s/%s%s", words[(i/len(words)*5+3)%len(words)], name, w.scripts)
	}
	return "/" + name + w.scripts
}

// visitors walk from page to page; forms are sent to themselves.
func visitors(l *log) {
	for day := range l.days {
		for range l.visits {
			p := l.people[l.some(len(l.people))]
			at, before := l.hour(day), ""
			for range 2 + l.IntN(7) {
				page := l.page(l.some(l.reports))
				link := func(r *traffic.Request) {
					if before != "" {
						from(before)(r)
					}
				}
				l.add(at, p, "GET", page, link)
				if l.IntN(8) == 0 {
					l.add(at.Add(20*time.Second), p, "POST", page, from(page))
				}
				before, at = page, at.Add(time.Duration(5+l.IntN(60))*time.Second)
			}
		}
	}
}

// machines are what asks by itself: a crawler, a monitor, a partner's program, a
// job of the server's own, and scanners.
func machines(l *log) {
	crawlers := []person{{"198.51.100.10", crawlerAgent, ""}, {"198.51.100.11", crawlerAgent, ""}}
	partner := person{"198.51.100.150", "Mozilla/4.0+(compatible;+MSIE+6.0;+MS+Web+Services+Client+Protocol+4.0.30319)", ""}
	for day := range l.days {
		midnight := firstDay.AddDate(0, 0, day)
		for i := range 40 {
			l.add(midnight.Add(time.Duration(i)*31*time.Minute), crawlers[i%2], "GET", l.page(l.IntN(l.reports)))
		}
		for i := range 24 * 4 {
			l.add(midnight.Add(time.Duration(i)*15*time.Minute), person{"198.51.100.200", monitorAgent, ""}, "GET", "/health"+l.scripts, answer(212))
			l.add(midnight.Add(time.Duration(i)*15*time.Minute+time.Minute), person{"198.51.100.201", monitorAgent, ""}, "GET", "/health"+l.scripts, answer(212))
		}
		for i := range 6 {
			l.add(midnight.Add(time.Duration(7+2*i)*time.Hour), partner, "POST", "/api/orders.asmx", answer(700+l.IntN(300)))
		}
		if day%3 == 0 {
			scanner := person{fmt.Sprintf("192.0.2.%d", 1+l.IntN(250)), "Mozilla/5.0+zgrab/0.x", ""}
			for i, name := range strings.Fields("wp-login.php xmlrpc.php shell.php admin.php cmd.aspx test.asp phpinfo.php upload.aspx config.php c99.php") {
				l.add(midnight.Add(3*time.Hour+time.Duration(i)*time.Second), scanner, "GET", "/"+name, status(404), answer(1245))
			}
		}
	}
}

// editors are the few who keep the site.
func editors(l *log) {
	for day := range l.days {
		if day%7 > 4 {
			continue
		}
		p := person{fmt.Sprintf("203.0.113.%d", 10+day%2), agents[day%2], ""}
		if l.people[0].user != "" {
			p = l.people[day%2]
		}
		at := l.hour(day)
		l.add(at, p, "GET", "/admin/default"+l.scripts)
		for i, name := range []string{"edit", "media", "orders"} {
			stem := "/admin/" + name + l.scripts
			l.add(at.Add(time.Duration(i)*time.Minute), p, "GET", stem, from("/admin/default"+l.scripts))
			l.add(at.Add(time.Duration(i)*time.Minute+30*time.Second), p, "POST", stem, from(stem))
		}
	}
}

// mail is what Exchange's programs and people ask for.
func mail(l *log) {
	phone := person{agent: "Apple-iPhone15C2/2207.58"}
	for day := range l.days {
		for i, p := range l.people {
			at := l.hour(day)
			l.add(at, p, "GET", "/owa/auth/logon.aspx", query("replaceCurrent=1"))
			l.add(at.Add(5*time.Second), p, "POST", "/owa/auth.owa", from("/owa/auth/logon.aspx"), status(302))
			l.add(at.Add(8*time.Second), p, "GET", "/owa/default.aspx", from("/owa/auth/logon.aspx"))
			for j := range 4 {
				l.add(at.Add(time.Duration(j)*time.Minute), p, "POST", "/owa/service.svc", query("action=FindItem"), from("/owa/default.aspx"))
				l.add(at.Add(time.Duration(j)*time.Minute), p, "POST", "/EWS/Exchange.asmx")
			}
			phone.address, phone.user = p.address, p.user
			l.add(at.Add(time.Hour), phone, "POST", "/Microsoft-Server-ActiveSync/default.eas", query("Cmd=Ping&User=bob"))
			if i%40 == day%40 {
				l.add(at, p, "GET", "/owa/auth/expiredpassword.aspx", from("/owa/auth/logon.aspx"))
				l.add(at.Add(time.Minute), p, "POST", "/owa/auth/expiredpassword.aspx", from("/owa/auth/expiredpassword.aspx"))
			}
			if i == 0 {
				l.add(at, p, "GET", "/ecp/default.aspx", from("/owa/default.aspx"))
				l.add(at.Add(time.Second), p, "POST", "/ecp/DDI/DDIService.svc/GetList", from("/ecp/default.aspx"))
			}
		}
	}
}

func all(parts ...func(*log)) func(*log) {
	return func(l *log) {
		for _, part := range parts {
			part(l)
		}
	}
}

// worlds are the backgrounds.
var worlds = []*world{
	{name: "small", what: "a shop of 60 pages", days: 28, host: "shop.example.com", server: "203.0.113.5", scripts: ".aspx", reports: 60, people: crowd(120, true, ""), visits: 60, fill: all(visitors, machines, editors)},
	{name: "large", what: "a shop of 600 pages", days: 28, host: "www.example.com", server: "203.0.113.6", scripts: ".aspx", reports: 600, people: crowd(3000, true, ""), visits: 1200, fill: all(visitors, machines, editors)},
	{name: "intranet", what: "300 pages, private addresses, everybody is logged on", days: 28, host: "intra.example.com", server: "10.20.0.5", scripts: ".aspx", reports: 300, people: crowd(90, false, "EXAMPLE"), visits: 250, fill: all(visitors, editors)},
	{name: "exchange", what: "OWA, EWS, ActiveSync and ECP", days: 28, host: "mail.example.com", server: "203.0.113.25", scripts: ".aspx", reports: 1, people: crowd(80, true, "EXAMPLE"), fill: all(mail, machines)},
	{name: "proxy", what: "a shop of 60 pages of which only the proxy's address is logged", days: 28, host: "shop.example.net", server: "203.0.113.7", proxy: "10.1.1.1", scripts: ".php", reports: 60, people: crowd(120, true, ""), visits: 60, fill: all(visitors, machines, editors)},
}
