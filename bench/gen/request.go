// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"math/rand/v2"
	"strconv"

	"github.com/iishunt/iishunt/internal/traffic"
)

// dice draws requests.
type dice struct {
	*rand.Rand
	w                         *world
	page, asset, api, visitor *rand.Zipf
}

func newDice(r *rand.Rand, w *world) *dice {
	return &dice{
		Rand: r, w: w,
		page:    zipf(r, 1.3, 6, numPages),
		asset:   zipf(r, 1.1, 10, numAssets),
		api:     zipf(r, 1.2, 5, numAPIs),
		visitor: zipf(r, 1.05, 200, len(w.visitors)),
	}
}

// draw fills q with a request of an ordinary day: two in three are for static
// files, one in six for script pages, and some are probes, robots or monitors.
func (d *dice) draw(q *traffic.Request) {
	*q = traffic.Request{
		Computer: "WEB01", Server: "198.51.100.10", Method: "GET", Host: "www.example.com", Version: "HTTP/2.0", Status: 200,
	}
	setVisitor(q, d.w.visitors[d.visitor.Uint64()])
	q.SentBytes, q.ReceivedBytes, q.Millis = 300+d.IntN(60000), 200+d.IntN(900), d.IntN(400)
	if d.IntN(100) < 15 {
		q.Cookie = "ASP.NET_SessionId=" + strconv.FormatUint(d.Uint64()|1<<63, 36)
	}
	if d.IntN(100) < 55 {
		q.Referer = "https://www.example.com" + d.w.pages[d.page.Uint64()]
	}
	switch k := d.IntN(100); {
	case k < 66:
		q.Stem = d.w.assets[d.asset.Uint64()]
		d.cached(q)
	case k < 83:
		q.Stem = d.w.pages[d.page.Uint64()]
		d.dynamic(q)
	case k < 94:
		q.Stem = d.w.apis[d.api.Uint64()]
		d.dynamic(q)
	case k < 97:
		q.Stem = d.w.probes[d.IntN(len(d.w.probes))]
		q.Status, q.Referer, q.Cookie = 404, "", ""
		q.Agent = d.w.bots[d.IntN(len(d.w.bots))]
	case k < 99:
		q.Stem = d.w.pages[0]
		setVisitor(q, d.w.monitors[d.IntN(len(d.w.monitors))])
	default:
		q.Stem, q.Agent = d.w.pages[d.page.Uint64()], d.w.bots[d.IntN(len(d.w.bots))]
	}
}

// cached makes one static file in four a "not modified".
func (d *dice) cached(q *traffic.Request) {
	if d.IntN(4) == 0 {
		q.Status, q.SentBytes = 304, 0
	}
}

func (d *dice) dynamic(q *traffic.Request) {
	if d.IntN(100) < 60 {
		q.Query = "id=" + strconv.Itoa(d.IntN(5000)) + "&lang=en"
	}
	switch k := d.IntN(100); {
	case k < 8:
		q.Status = 302
	case k < 10:
		q.Status, q.Substatus = 500, 19
	case k < 18:
		q.Method = "POST"
	}
	if d.IntN(50) == 0 {
		q.User = "EXAMPLE\\user" + strconv.Itoa(d.IntN(300))
	}
}

// visit makes q a request of a planted page.
func (d *dice) visit(q *traffic.Request, path string, who visitor) {
	d.draw(q)
	setVisitor(q, who)
	q.Stem, q.Method, q.Status, q.Substatus = path, "POST", 200, 0
	q.Query, q.Cookie, q.Referer, q.User = "", "", "", ""
}

func setVisitor(q *traffic.Request, who visitor) { q.Client, q.Agent = who.address, who.agent }
