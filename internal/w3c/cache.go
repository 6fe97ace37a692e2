// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import "sync"

// maxSchemas bounds a Cache. A folder of logs has a handful of headers; this
// is far above what is seen, and keeps hostile files from filling the memory.
const maxSchemas = 1024

// Cache shares schemas between files whose headers are equal. It may be used
// by several goroutines.
type Cache struct {
	mu sync.Mutex
	// schemas is keyed by the value of #Fields as written: repeated headers
	// then cost one lookup and no parsing.
	schemas map[string]*Schema
}

// Get returns the schema of a #Fields value, nil if it names no column.
func (c *Cache) Get(value string) *Schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.schemas[value]; ok {
		return s
	}
	s := ParseSchema(value)
	if s == nil {
		return nil
	}
	if c.schemas == nil || len(c.schemas) >= maxSchemas {
		c.schemas = make(map[string]*Schema)
	}
	// Both spellings lead to one schema. The keys are the schema's own text or
	// a copy, never a substring that would keep a whole chunk in memory.
	if same, ok := c.schemas[s.text]; ok {
		s = same
	} else {
		c.schemas[s.text] = s
	}
	if value != s.text {
		c.schemas[string([]byte(value))] = s
	}
	return s
}
