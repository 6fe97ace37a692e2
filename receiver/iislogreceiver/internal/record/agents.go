// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"hash/maphash"
	"strings"

	"github.com/iishunt/iishunt/internal/w3c"
)

// agentSlots is the size of an AgentCache; a few hundred user agents make up
// nearly all lines of a site.
const agentSlots = 256

// maxCachedAgent bounds the length of what a slot keeps, in bytes.
const maxCachedAgent = 1024

// agentSeed keeps clients from choosing names that all share a slot.
var agentSeed = maphash.MakeSeed()

// AgentCache remembers decoded user agents, because they are long, nearly all
// of them have plus signs, and neighbouring lines have the same few. It is a
// direct-mapped table: a new one takes the place of the old.
type AgentCache struct {
	slots [agentSlots]struct{ raw, decoded string }
}

// Decode is w3c.DecodePlus.
func (c *AgentCache) Decode(v string) string {
	if len(v) > maxCachedAgent {
		return w3c.DecodePlus(v)
	}
	slot := &c.slots[maphash.String(agentSeed, v)%agentSlots]
	if slot.raw != v {
		// A copy, so that the slot does not keep the whole chunk in memory.
		slot.raw = strings.Clone(v)
		slot.decoded = w3c.DecodePlus(slot.raw)
	}
	return slot.decoded
}
