// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package hunt

import (
	"sync/atomic"

	"github.com/iishunt/iishunt/internal/rareclient"
)

const (
	maxWaiting  = 100_000 // findings
	maxDelivery = 1_000   // findings in one ConsumeLogs
)

// outbox keeps the findings that the next consumer has not taken yet, in order.
type outbox struct {
	findings []*rareclient.Finding
	waiting  atomic.Int64 // len(findings), for the metric
}

// add appends findings and returns how many had no room.
func (o *outbox) add(findings []*rareclient.Finding) (dropped int) {
	room := min(len(findings), maxWaiting-len(o.findings))
	o.findings = append(o.findings, findings[:room]...)
	o.waiting.Store(int64(len(o.findings)))
	return len(findings) - room
}

func (o *outbox) head() []*rareclient.Finding {
	return o.findings[:min(len(o.findings), maxDelivery)]
}

func (o *outbox) pop(n int) {
	clear(o.findings[:n])
	if o.findings = o.findings[n:]; len(o.findings) == 0 {
		o.findings = nil
	}
	o.waiting.Store(int64(len(o.findings)))
}

// abandon empties the outbox and returns how many it held.
func (o *outbox) abandon() int {
	n := len(o.findings)
	o.pop(n)
	return n
}
