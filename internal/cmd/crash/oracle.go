// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// The rule's time.
const (
	window = 10 * time.Second
	every  = 5 * time.Second
)

// finding is a page that one client alone asked for in a window.
type finding struct {
	end          int64 // Unix seconds
	path, client string
}

// oracle returns what must be found, with the number of requests.
func oracle(lines []line) map[finding]int {
	type group struct {
		end  int64
		path string
	}
	clients := map[group]map[string]int{}
	step := int64(every / time.Second)
	for _, l := range lines {
		at := l.at.Unix()
		for end := at - at%step + step; end-int64(window/time.Second) <= at; end += step {
			g := group{end, l.path}
			if clients[g] == nil {
				clients[g] = map[string]int{}
			}
			clients[g][l.client]++
		}
	}
	out := map[finding]int{}
	for g, c := range clients {
		if len(c) == 1 {
			for client, n := range c {
				out[finding{g.end, g.path, client}] = n
			}
		}
	}
	return out
}

// compare returns how what came differs from what must be found. allowed is a
// reason for which a detection may be incomplete all the same; "" for none.
func compare(want map[finding]int, got *received, allowed string) error {
	var errs []error
	bad := func(format string, args ...any) {
		if len(errs) < 20 {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for f, n := range want {
		d, ok := got.found[f]
		switch {
		case !ok:
			bad("lost: %+v with %d requests", f, n)
		case d.requests != n:
			bad("%d requests instead of %d: %+v", d.requests, n, f)
		}
	}
	incomplete := map[string]int{}
	for f, d := range got.found {
		if _, ok := want[f]; !ok {
			bad("invented: %+v %+v", f, d)
		}
		if d.reasons != "" {
			incomplete[d.reasons]++
		}
	}
	for _, reasons := range slices.Sorted(maps.Keys(incomplete)) {
		if reasons != allowed {
			bad("%d detections say %s", incomplete[reasons], reasons)
		}
	}
	if got.differ != nil {
		bad("one id, two detections: %v", got.differ)
	}
	if len(want) == 0 {
		bad("nothing was to be found: the run proves nothing")
	}
	fmt.Printf("%d detections, as there should be %d; %d came more than once\n", len(got.found), len(want), got.again)
	fmt.Printf("incomplete: %v\n", incomplete)
	return errors.Join(errs...)
}
