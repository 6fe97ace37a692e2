// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "strconv"

// person is one client; user is set where the site asks people to log on.
type person struct{ address, user string }

// crowd is a set of people behind one user agent: everybody with the same build
// of the same browser, or all machines of one crawler.
type crowd struct {
	agent  string
	people []person
}

// The browser builds of the story. A build names itself in the same words on
// every machine, so its users are told apart by their addresses alone.
const (
	chromeWindows = "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/145.0.0.0+Safari/537.36"
	chromeBefore  = "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/144.0.0.0+Safari/537.36"
	chromeMac     = "Mozilla/5.0+(Macintosh;+Intel+Mac+OS+X+10_15_7)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/145.0.0.0+Safari/537.36"
	chromeAndroid = "Mozilla/5.0+(Linux;+Android+10;+K)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/145.0.0.0+Mobile+Safari/537.36"
	edgeWindows   = "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/145.0.0.0+Safari/537.36+Edg/145.0.0.0"
	edgeBefore    = "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/143.0.0.0+Safari/537.36+Edg/143.0.0.0"
	firefox       = "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64;+rv:148.0)+Gecko/20100101+Firefox/148.0"
	firefoxLinux  = "Mozilla/5.0+(X11;+Linux+x86_64;+rv:140.0)+Gecko/20100101+Firefox/140.0"
	safariMac     = "Mozilla/5.0+(Macintosh;+Intel+Mac+OS+X+10_15_7)+AppleWebKit/605.1.15+(KHTML,+like+Gecko)+Version/26.3+Safari/605.1.15"
	safariPhone   = "Mozilla/5.0+(iPhone;+CPU+iPhone+OS+18_7+like+Mac+OS+X)+AppleWebKit/605.1.15+(KHTML,+like+Gecko)+Version/26.3+Mobile/15E148+Safari/604.1"
	oldExplorer   = "Mozilla/5.0+(Windows+NT+6.1;+WOW64;+Trident/7.0;+rv:11.0)+like+Gecko"
)

// Programs that fetch pages.
const (
	googlebot   = "Mozilla/5.0+(compatible;+Googlebot/2.1;++http://www.google.com/bot.html)"
	bingbot     = "Mozilla/5.0+(compatible;+bingbot/2.0;++http://www.bing.com/bingbot.htm)"
	uptimeAgent = "Mozilla/5.0+(compatible;+UptimeCheck/2.1;++https://uptime.example.net/about)"
	feedReader  = "FeedReader/4.2+(+https://feeds.example.org/;+23+subscribers)"
	sqlmap      = "sqlmap/1.8.3#stable+(https://sqlmap.org)"
	nikto       = "Mozilla/5.00+(Nikto/2.5.0)+(Evasions:None)+(Test:Port+Check)"
	curl        = "curl/8.5.0"
)

// shoppers are the shop's customers, the most common builds first. Visits pick a
// build by the number of its people.
var shoppers = []*crowd{
	{chromeWindows, addresses("203.0.113.", 100, 22)},
	{safariPhone, append(addresses("192.0.2.", 100, 15), homes("2001:db8:12:", 1, 4)...)},
	{chromeAndroid, append(addresses("192.0.2.", 130, 12), homes("2001:db8:34:", 1, 3)...)},
	{edgeWindows, addresses("203.0.113.", 130, 11)},
	{chromeBefore, addresses("203.0.113.", 150, 8)},
	{firefox, addresses("203.0.113.", 160, 7)},
	{safariMac, addresses("203.0.113.", 170, 6)},
	{chromeMac, addresses("203.0.113.", 180, 6)},
	{firefoxLinux, addresses("203.0.113.", 190, 4)},
}

var (
	googlebots = &crowd{googlebot, addresses("192.0.2.", 10, 4)}
	bingbots   = &crowd{bingbot, addresses("192.0.2.", 20, 3)}
	feeds      = &crowd{feedReader, addresses("192.0.2.", 30, 2)}
	uptime     = &crowd{uptimeAgent, addresses("192.0.2.", 200, 2)}
	partners   = &crowd{edgeBefore, addresses("198.51.100.", 140, 2)}
)

// staff read their mail from outside, logged on as themselves.
var staff = []*crowd{
	{chromeWindows, named("203.0.113.", 10, "EXAMPLE\\a.lind", "EXAMPLE\\b.okafor", "EXAMPLE\\c.meyer", "EXAMPLE\\d.rossi")},
	{edgeWindows, named("203.0.113.", 20, "EXAMPLE\\e.novak", "EXAMPLE\\f.haddad", "g.silva@example.com")},
	{safariPhone, named("192.0.2.", 70, "EXAMPLE\\h.tanaka", "EXAMPLE\\i.berg", "EXAMPLE\\a.lind")},
}

// office is everybody behind the company's own network.
var office = named("10.20.4.", 11, "EXAMPLE\\a.lind", "EXAMPLE\\c.meyer", "EXAMPLE\\e.novak", "EXAMPLE\\k.ivers", "EXAMPLE\\l.moreau", "EXAMPLE\\m.keller")

// addresses returns count people with consecutive addresses.
func addresses(prefix string, first, count int) []person {
	var people []person
	for n := range count {
		people = append(people, person{address: prefix + strconv.Itoa(first+n)})
	}
	return people
}

// homes makes people with consecutive IPv6 networks of their own, an address of each.
func homes(prefix string, first, count int) []person {
	people := addresses(prefix, first, count)
	for n := range people {
		people[n].address += "::5"
	}
	return people
}

// named gives consecutive addresses to users.
func named(prefix string, first int, users ...string) []person {
	people := addresses(prefix, first, len(users))
	for n, user := range users {
		people[n].user = user
	}
	return people
}

// visitor picks a person, and with it a build: big crowds come more often.
func visitor(d *dice, crowds []*crowd) (*crowd, person) {
	total := 0
	for _, c := range crowds {
		total += len(c.people)
	}
	pick := d.n(total)
	for _, c := range crowds {
		if pick < len(c.people) {
			return c, c.people[pick]
		}
		pick -= len(c.people)
	}
	panic("a pick beyond the last crowd")
}
