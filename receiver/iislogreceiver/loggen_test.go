// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

var huntDay = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// huntLog makes up a log in which every match stage drops something, some pages
// have one client, and what a hunt can stumble over comes up now and then.
type huntLog struct {
	strings.Builder
	rnd    *rand.Rand
	fields []string
	lines  int64
	at     time.Time
}

func newHuntLog(rnd *rand.Rand, lines int) *huntLog {
	l := &huntLog{rnd: rnd, at: huntDay.Add(time.Duration(rnd.IntN(12)) * time.Hour)}
	pace := pick(rnd, 100*time.Millisecond, 2*time.Second, time.Minute)
	oddity := pick(rnd, 20, 1000, 1_000_000)
	l.header()
	for range lines {
		l.at = l.at.Add(time.Duration(rnd.Int64N(int64(2 * pace))))
		if rnd.IntN(oddity) == 0 {
			l.oddity()
			continue
		}
		l.request()
	}
	return l
}

func (l *huntLog) put(line string) {
	l.WriteString(line + "\n")
	l.lines++
}

// header writes a block. The columns are those of IIS, or fewer in any order.
func (l *huntLog) header() {
	l.fields = strings.Fields("date time s-sitename s-computername s-ip cs-method cs-uri-stem c-ip cs(User-Agent) cs-host sc-status X-Forwarded-For Forwarded CF-Connecting-IP")
	if l.rnd.IntN(2) == 0 {
		l.fields = append(l.fields, "cs-uri", "x-custom")
		l.rnd.Shuffle(len(l.fields), func(i, k int) { l.fields[i], l.fields[k] = l.fields[k], l.fields[i] })
		l.fields = l.fields[:len(l.fields)-l.rnd.IntN(6)]
	}
	l.put(pick(l.rnd, "#Date: 2026-03-02 00:00:00", "#Date: 2026-03-01 00:00:00"))
	l.put("#Fields: " + strings.Join(l.fields, " "))
}

func (l *huntLog) value(column string) string {
	page := pick(l.rnd, "/a/x%d.aspx", "//A/x%d.aspx", "/b/y%d.php", "/b/../a/x%d.aspx", "/c/%d.asp", "/d/%d.css", "/d/%d.png", "/e%d/cfml", "/f.aspx/%d.php5", "/\xC0\xAF%d.Aspx", "-")
	switch column {
	case "date":
		return l.at.Format("2006-01-02")
	case "time":
		return l.at.Format("15:04:05")
	case "s-sitename":
		return pick(l.rnd, "W3SVC1", "W3SVC1", "W3SVC1", "W3SVC2", "-")
	case "s-computername":
		return pick(l.rnd, "WEB01", "WEB01", "WEB01", "WEB01", "WEB\xFF")
	case "s-ip":
		return pick(l.rnd, "198.51.100.5", "198.51.100.5", "198.51.100.5", "10.0.0.5", "169.254.0.5", "-")
	case "cs-method":
		return pick(l.rnd, "GET", "GET", "GET", "POST", "M-POST", "get", "-")
	case "cs-uri-stem":
		return strings.ReplaceAll(page, "%d", fmt.Sprint(l.rnd.IntN(1<<l.rnd.IntN(9))))
	case "cs-uri":
		return pick(l.rnd, "-", "?", "/u.aspx?x=.php", "/u.css?.php")
	case "c-ip":
		return pick(l.rnd, "203.0.113.", "203.0.113.", "10.0.0.", "2001:db8::", "fe80::1%", "x") + fmt.Sprint(l.rnd.IntN(9))
	case "cs(User-Agent)":
		return pick(l.rnd, "Mozilla/5.0+(X11)", "Mozilla/5.0+(X11)", "MOZILLA/4.0", "curl/8", "caf\xE9", "-")
	case "cs-host":
		return pick(l.rnd, "www.example.com", "www.example.com:8080", "10.0.0.5:80", "[fe80::1]:80", "-")
	case "sc-status":
		return pick(l.rnd, "200", "200", "200", "404", "0", "1X405", "5000000000", "9999999999999999999", "-")
	case "X-Forwarded-For":
		return pick(l.rnd, "-", "203.0.113.9,+10.0.0.1", "10.1.1.1", "unknown")
	case "Forwarded":
		return pick(l.rnd, "-", "for=203.0.113.9,+for=10.0.0.1", "for=10.1.1.1", "for=unknown")
	case "CF-Connecting-IP":
		return pick(l.rnd, "-", "203.0.113.9", "2001:db8::9", "10.1.1.1", "x")
	default:
		return pick(l.rnd, "-", "x")
	}
}

func (l *huntLog) request() {
	values := make([]string, len(l.fields))
	for i, c := range l.fields {
		values[i] = l.value(c)
	}
	line := strings.Join(values, " ")
	if l.rnd.IntN(20) == 0 {
		line += pick(l.rnd, " ", "\t", "\r")
	}
	l.put(line)
}

// oddity is anything but an ordinary line.
func (l *huntLog) oddity() {
	switch l.rnd.IntN(7) {
	case 0:
		l.header()
	case 1:
		l.put("not a line of this log")
	case 2:
		l.put(pick(l.rnd, "", "# a note"))
	case 3: // late, or from the future
		now := l.at
		l.at = now.Add(pick(l.rnd, -time.Minute, -time.Hour, 3*time.Hour, 30*time.Hour))
		l.request()
		l.at = now
	case 4: // no time
		now := l.at
		l.at = time.Time{}
		l.request()
		l.at = now
	case 5:
		l.put("#Software: " + pick(l.rnd, "IIS Advanced Logging Module", "Microsoft Internet Information Services 10.0"))
	case 6: // a pause
		l.at = l.at.Add(pick(l.rnd, time.Minute, time.Hour))
	}
}
