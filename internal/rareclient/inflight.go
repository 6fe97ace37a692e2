// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import "sync"

// calls has the calls of ConsumeLogs that have not returned, each with the wall
// clock of its beginning, in nanoseconds since the Unix epoch.
type calls struct {
	mu    sync.Mutex
	began map[*extractor]int64
}

func (c *calls) begin(x *extractor, now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began == nil {
		c.began = map[*extractor]int64{}
	}
	c.began[x] = now
}

func (c *calls) end(x *extractor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.began, x)
}

// before reports whether a call that began before t has not returned.
func (c *calls) before(t int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, began := range c.began {
		if began < t {
			return true
		}
	}
	return false
}
