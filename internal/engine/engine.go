// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"sync"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
)

// Engine holds the state of one rule. All methods may be called concurrently;
// those that take a time take the wall clock in nanoseconds since the Unix epoch.
type Engine struct {
	cfg     rule.Config
	ruleID  string
	matcher *rule.Matcher
	seed    rule.Seed
	pathAt  int // index of url.path in group_by when it is case-folded, else -1
	uriAt   int // index of url.path in group_by; -1 where a group itself stands for a URI

	window, every, length int64 // nanoseconds; length is a pane's

	mu    sync.Mutex // guards everything below
	clock clock
	panes map[int64]*pane
	// closing has the panes that only windows cover which are due: they take no
	// records, and are kept until these windows were evaluated.
	closing map[int64]*pane
	groups  int // entries of all panes, settled ones included
	open    int // of these, not settled
	room    int // that the groups take of max_groups: one each, more for those with long texts
	// closed is the first pane that still takes records: the watermark has
	// passed the end of every pane before it.
	closed int64
	// Every window that ends at or before scheduled waits for its evaluation or
	// was evaluated; those that end at or before evaluated were.
	//
	//	evaluated <= scheduled <= clock.watermark, (closed-1)*length <= clock.watermark
	scheduled  int64
	evaluated  int64
	firstSeen  int64 // event time of the earliest record
	undated    int64 // wall clock at which a line was lost of which not even its file told the time
	lossRanges lossRanges
	queue      []Window
	stats      Stats
	changes    changes

	evaluateMu sync.Mutex // guards everything below; taken before mu
	suppressed suppression
	history    history
	outbox     outbox
	scratch    []byte

	// Written by Follow alone, with both locks held: either is enough to read.
	following bool // somebody takes the changes
	keep      func([]byte)
}

// New returns an engine for a valid Config. ruleID goes into the ids of findings.
func New(cfg rule.Config, ruleID string, seed rule.Seed) *Engine {
	e := &Engine{
		cfg: cfg, ruleID: ruleID, matcher: rule.NewMatcher(&cfg), seed: seed, pathAt: -1, uriAt: -1,
		window: int64(cfg.Window), every: int64(cfg.Hop()), length: int64(cfg.Pane()),
		clock: newClock(cfg.AllowedLateness, cfg.IdleTimeout),
		panes: map[int64]*pane{}, closing: map[int64]*pane{}, closed: minTime, scheduled: minTime, evaluated: minTime, firstSeen: math.MaxInt64, undated: minTime,
		suppressed: newSuppression(cfg.SuppressFor, cfg.MaxGroups), history: newHistory(cfg.MaxGroups),
	}
	if len(cfg.GroupBy) > 1 {
		e.uriAt = slices.Index(cfg.GroupBy, attr.URLPath)
	}
	if cfg.FoldsCase() {
		e.pathAt = slices.Index(cfg.GroupBy, attr.URLPath)
	}
	e.stats.Excluded = make([]uint64, len(e.matcher.Exclusions()))
	return e
}

// Exclusions returns the names of the exclusions, in the order of Stats.Excluded.
func (e *Engine) Exclusions() []string { return e.matcher.Exclusions() }

// Seed returns the seed, and SetSeed replaces it in an engine that is new.
func (e *Engine) Seed() rule.Seed { return e.seed }

// SetSeed is for an engine that begins with a stored state.
func (e *Engine) SetSeed(s rule.Seed) { e.seed = s }

// appendValue appends a value of group_by in the form in which it is compared.
func (e *Engine) appendValue(b []byte, i int, v string) []byte {
	if i == e.pathAt {
		return rule.AppendFolded(b, v)
	}
	return rule.AppendField(b, v)
}

func (e *Engine) paneOf(t int64) int64 { return floorDiv(t, e.length) }

// firstEnd and lastEnd are the ends of the first and last window over a pane.
func (e *Engine) firstEnd(p int64) int64 {
	return -floorDiv(-(p+1)*e.length, e.every) * e.every
}

func (e *Engine) lastEnd(p int64) int64 {
	return floorDiv(p*e.length+e.window, e.every) * e.every
}

func (e *Engine) pane(p int64) *pane {
	pn := e.panes[p]
	if pn == nil {
		pn = &pane{groups: map[rule.Key]*group{}}
		e.panes[p] = pn
	}
	return pn
}

// anyPane returns a pane that takes records or is to be evaluated still.
func (e *Engine) anyPane(p int64) *pane {
	if pn := e.panes[p]; pn != nil {
		return pn
	}
	return e.closing[p]
}
