// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "slices"

// Waiting returns the first n findings, or fewer, that wait for delivery.
func (e *Engine) Waiting(n int) []*Finding {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	return slices.Clone(e.outbox[:min(n, len(e.outbox))])
}

// Delivered takes the first n findings out of those that wait: they were
// delivered, or nobody will ever take them.
func (e *Engine) Delivered(n int) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.logDelivered(e.outbox[:n])
	e.outbox.pop(n)
	e.stats.Waiting = len(e.outbox)
}

// Adopt puts findings of an earlier engine into the outbox.
func (e *Engine) Adopt(findings []*Finding) {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changes.taken = appendFindings(e.changes.taken, e.outbox.add(findings))
}
