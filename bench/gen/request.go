// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"math/rand/v2"
	"strconv"
)

// request is what differs from line to line.
type request struct {
	second                 int // of the day
	method, path, query    string
	user, cookie, referer  string
	client                 visitor
	status, substatus      int
	sent, received, millis int
}

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
func (d *dice) draw(q *request) {
	*q = request{
		method: "GET", query: "-", user: "-", cookie: "-", referer: "-", status: 200,
		client: d.w.visitors[d.visitor.Uint64()],
		sent:   300 + d.IntN(60000), received: 200 + d.IntN(900), millis: d.IntN(400),
	}
	if d.IntN(100) < 15 {
		q.cookie = "ASP.NET_SessionId=" + strconv.FormatUint(d.Uint64()|1<<63, 36)
	}
	if d.IntN(100) < 55 {
		q.referer = "https://www.example.com" + d.w.pages[d.page.Uint64()]
	}
	switch k := d.IntN(100); {
	case k < 66:
		q.path = d.w.assets[d.asset.Uint64()]
		d.cached(q)
	case k < 83:
		q.path = d.w.pages[d.page.Uint64()]
		d.dynamic(q)
	case k < 94:
		q.path = d.w.apis[d.api.Uint64()]
		d.dynamic(q)
	case k < 97:
		q.path = d.w.probes[d.IntN(len(d.w.probes))]
		q.status, q.referer, q.cookie = 404, "-", "-"
		q.client.agent = d.w.bots[d.IntN(len(d.w.bots))]
	case k < 99:
		q.path, q.client = d.w.pages[0], d.w.monitors[d.IntN(len(d.w.monitors))]
	default:
		q.path, q.client.agent = d.w.pages[d.page.Uint64()], d.w.bots[d.IntN(len(d.w.bots))]
	}
}

// cached makes one static file in four a "not modified".
func (d *dice) cached(q *request) {
	if d.IntN(4) == 0 {
		q.status, q.sent = 304, 0
	}
}

func (d *dice) dynamic(q *request) {
	if d.IntN(100) < 60 {
		q.query = "id=" + strconv.Itoa(d.IntN(5000)) + "&lang=en"
	}
	switch k := d.IntN(100); {
	case k < 8:
		q.status = 302
	case k < 10:
		q.status, q.substatus = 500, 19
	case k < 18:
		q.method = "POST"
	}
	if d.IntN(50) == 0 {
		q.user = "EXAMPLE\\user" + strconv.Itoa(d.IntN(300))
	}
}

// visit makes q a request of a planted page.
func (d *dice) visit(q *request, path string, who visitor) {
	d.draw(q)
	q.path, q.client, q.method, q.status, q.substatus = path, who, "POST", 200, 0
	q.query, q.cookie, q.referer, q.user = "-", "-", "-", "-"
}
