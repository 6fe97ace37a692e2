// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import "sync"

// inflight has the calls of ConsumeLogs that have not returned, each by a number
// of its own with the wall clock of its beginning, in nanoseconds since the Unix
// epoch.
type inflight struct {
	mu    sync.Mutex
	last  uint64
	began map[uint64]int64
}

// begin returns the number of a call that begins now.
func (c *inflight) begin(now int64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began == nil {
		c.began = map[uint64]int64{}
	}
	c.last++
	c.began[c.last] = now
	return c.last
}

func (c *inflight) end(call uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.began, call)
}

// before reports whether a call that began before t has not returned.
func (c *inflight) before(t int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, began := range c.began {
		if began < t {
			return true
		}
	}
	return false
}
