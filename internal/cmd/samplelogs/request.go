// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"time"
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

// value returns the text of one column.
func (r *request) value(column string) string {
	text := r.text(column)
	if text == "" {
		return "-"
	}
	return text
}

func (r *request) text(column string) string {
	switch column {
	case "date":
		return r.at.Format(time.DateOnly)
	case "time":
		return r.at.Format(time.TimeOnly)
	case "s-sitename":
		return r.site.name
	case "s-computername":
		return r.site.computer
	case "s-ip":
		return r.site.address
	case "cs-method":
		return r.method
	case "cs-uri-stem":
		return r.stem
	case "cs-uri-query":
		return r.query
	case "s-port":
		return "443"
	case "cs-username":
		return r.user
	case "c-ip":
		return r.client
	case "cs(User-Agent)":
		return r.agent
	case "cs(Cookie)":
		return r.cookie
	case "cs(Referer)":
		return r.referer
	case "cs-host":
		return r.host
	default:
		return strconv.FormatInt(r.number(column), 10)
	}
}

func (r *request) number(column string) int64 {
	switch column {
	case "sc-status":
		return int64(r.status)
	case "sc-substatus":
		return int64(r.substatus)
	case "sc-win32-status":
		return r.win32
	case "sc-bytes":
		return int64(r.answerBytes())
	case "cs-bytes":
		return int64(r.receivedBytes)
	case "time-taken":
		return int64(r.millis)
	default:
		panic("the sample has no column " + column)
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
