// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// Waiting returns the first n findings, or fewer, that wait for delivery.
func (e *Engine) Waiting(n int) []*Finding {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	return slices.Clone(e.outbox[:min(n, len(e.outbox))])
}

// Delivered takes the first n findings out of those that wait: they were
// delivered, but those at the indices lost, which nobody will ever take. These are
// not remembered as told.
func (e *Engine) Delivered(n int, lost []int) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.logDelivered(e.outbox[:n])
	e.forget(lost)
	e.outbox.pop(n)
	e.stats.Waiting = len(e.outbox)
}

// Adopt puts findings of an earlier engine into the outbox.
func (e *Engine) Adopt(findings []*Finding) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outbox = append(e.outbox, findings...)
	e.changes.taken = appendFindings(e.changes.taken, findings)
}

// forget lets findings in the outbox be told again.
func (e *Engine) forget(lost []int) {
	if len(lost) == 0 {
		return
	}
	keys := make([]rule.Key, 0, len(lost))
	for _, i := range lost {
		k := e.seed.Key(e.identity(nil, e.outbox[i])) // a restored one has no key
		keys = append(keys, k)
		e.suppressed.forget(k)
		e.corrections.withdraw(e.outbox[i].ID)
	}
	if !e.following {
		return
	}
	e.changes.taken = codec.AppendUint(append(e.changes.taken, sectionForgotten), uint64(len(keys)))
	for _, k := range keys {
		e.changes.taken = appendKey(e.changes.taken, k)
	}
}
