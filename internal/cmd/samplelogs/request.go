// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/iishunt/iishunt/internal/traffic"
)

// request is one request as IIS would log it. Texts are already in the written
// form: no blanks, "" where IIS writes "-".
type request struct {
	at                               time.Time // the end of the request
	site                             *site
	method, stem, query, host        string
	user, client, agent              string
	referer, cookie                  string
	status, substatus                int
	win32                            int64
	sentBytes, receivedBytes, millis int

	crowd *crowd // who else could have made this request; nil: nobody
	cut   int    // if not 0, the line breaks off inside its cut-th value
}

// site is one web site and how it logs.
type site struct {
	folder   string // below the sample folder
	name     string // s-sitename
	computer string
	address  string // s-ip
	hourly   bool   // one file an hour, else one a day
}

var (
	shop     = &site{folder: "inetpub/logs/LogFiles/W3SVC1", name: "W3SVC1", computer: "WEB01", address: "198.51.100.10"}
	intranet = &site{folder: "inetpub/logs/LogFiles/W3SVC2", name: "W3SVC2", computer: "WEB01", address: "10.20.0.15"}
	mail     = &site{folder: "inetpub/logs/LogFiles/W3SVC3", name: "W3SVC3", computer: "MAIL01", address: "198.51.100.25"}
	promo    = &site{folder: "appservice/RawLogs", name: "NORTHLIGHT-PROMO", hourly: true}
)

// privateServer: the hunt leaves this site out.
func (s *site) privateServer() bool { return s == intranet }

// logged is the request as IIS sees it.
func (r *request) logged() traffic.Request {
	return traffic.Request{
		At: r.at, Site: r.site.name, Computer: r.site.computer, Server: r.site.address,
		Method: r.method, Stem: r.stem, Query: r.query, Host: r.host, User: r.user, Client: r.client, Agent: r.agent,
		Referer: r.referer, Cookie: r.cookie, Status: r.status, Substatus: r.substatus, Win32: r.win32,
		SentBytes: r.answerBytes(), ReceivedBytes: r.receivedBytes, Millis: r.millis,
	}
}

// answerBytes: a redirect, a "not modified" and IIS's own error pages are small,
// whatever the page would have been.
func (r *request) answerBytes() int {
	switch r.status {
	case 302, 304:
		return 140 + r.sentBytes%160
	case 403, 404:
		return 1245
	default:
		return r.sentBytes
	}
}
