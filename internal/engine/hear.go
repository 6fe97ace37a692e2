// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

// hear takes what senders told. A progress that contradicts itself is as if it had
// not come; the sender's next ones make up for it.
func (e *Engine) hear(told []*eventtime.Progress, now eventtime.Now) {
	for _, p := range told {
		if err := e.time.Hear(p, now); err != nil {
			e.refused = err
			e.stats.Contradictions++
			continue
		}
		if !rule.MatchCovers(p.Match, &e.cfg) {
			e.narrow(p)
		}
	}
}

// narrow marks what a sender has told so far: its match drops lines that this
// rule would count.
func (e *Engine) narrow(p *eventtime.Progress) {
	e.markRange(minTime, max(p.Sent, p.ReadUntil), ReasonMatchTooNarrow)
	if e.narrowed[p.Sender] == p.Match {
		return
	}
	if e.narrowed == nil || len(e.narrowed) >= e.cfg.MaxSenders {
		e.narrowed = map[eventtime.ID]string{}
	}
	e.narrowed[p.Sender] = p.Match
	e.warnings = append(e.warnings, eventtime.Warning{
		Sender: p.Sender, Host: p.Host, ReadUntil: eventtime.None,
		Text: "A receiver's match drops lines that this rule would count, so that clients are missed. Windows are marked match_too_narrow. " +
			"Give both the same match block (a YAML anchor), or the receiver none",
	})
}

// TakeWarnings returns what an operator should know about senders since the last
// call, and the error of the last progress that contradicted itself.
func (e *Engine) TakeWarnings() ([]eventtime.Warning, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { e.warnings, e.refused = nil, nil }()
	return slices.Concat(e.warnings, e.time.TakeWarnings()), e.refused
}

// Senders returns what is known of those that tell their progress, in order of
// their names.
func (e *Engine) Senders() []eventtime.SenderStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.time.Stats(e.now).Senders
}

// release moves the watermark to the end of the last window, once every sender has
// told that it has read all there is.
func (e *Engine) release() (moved bool) {
	if !e.time.Released() {
		return false
	}
	end := e.time.Watermark()
	for p := range e.panes {
		end = max(end, e.lastEnd(p))
	}
	moved = end > e.time.Watermark()
	e.time.MoveTo(end)
	return moved
}
