// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// giveCompany makes sure that nobody is alone by chance. The sample has some
// dozens of clients where a real shop has thousands, so many pairs of page and
// browser build would have one client on some day, and the story would drown.
// Every such request gets a second client from the same crowd.
func giveCompany(day time.Time, requests []request) ([]request, error) {
	d := newDice("company", day)
	type group struct{ path, agent string }
	first := make(map[group]request)
	clients := make(map[group]map[string]bool)
	var order []group
	for _, r := range requests {
		if !huntable(r) {
			continue
		}
		g := group{strings.ToLower(r.stem), r.agent}
		if clients[g] == nil {
			clients[g], first[g], order = make(map[string]bool), r, append(order, g)
		}
		clients[g][r.client] = true
	}
	sort.Slice(order, func(a, b int) bool {
		return order[a].path+order[a].agent < order[b].path+order[b].agent
	})
	for _, g := range order {
		r := first[g]
		if len(clients[g]) > 1 || meantToBeAlone(day, g.path, r.client) {
			continue
		}
		companion, err := another(d, r)
		if err != nil {
			return nil, err
		}
		requests = append(requests, companion)
	}
	return requests, nil
}

// huntable requests are those that the default rule looks at. Among the sample's
// pages no finer test is needed; internal/oracle has the exact one.
func huntable(r request) bool {
	private := strings.HasPrefix(r.client, "10.") || strings.HasPrefix(r.client, "127.") ||
		strings.HasPrefix(r.client, "fe80:") || r.client == "::1"
	return !private && !r.site.privateServer() && r.cut == 0 && r.status == 200 &&
		strings.HasPrefix(r.agent, "Mozilla") && strings.HasSuffix(strings.ToLower(r.stem), ".aspx")
}

// another returns the same request by somebody else of the crowd, some minutes
// later and within the hour (the campaign's files are hourly).
func another(d *dice, r request) (request, error) {
	if r.crowd == nil || len(r.crowd.people) < 2 {
		return request{}, fmt.Errorf("%s is the only client of %s with its user agent: add it to planted, or to a crowd", r.client, r.stem)
	}
	was := r.client
	for r.client == was {
		other := r.crowd.people[d.n(len(r.crowd.people))]
		r.client = other.address
		if r.user != "" {
			r.user = other.user
		}
	}
	hour := r.at.Truncate(time.Hour)
	r.at = hour.Add((r.at.Sub(hour) + d.seconds(300, 2400)) % time.Hour)
	r.millis = d.between(12, 240)
	return r, nil
}
