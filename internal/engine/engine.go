// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

// catchUpTimeout bounds the time for which windows wait for old files.
const catchUpTimeout = 24 * time.Hour

// Engine holds the state of one rule. All methods but SetSeed may be called
// concurrently; those that take a time take the wall clock in nanoseconds since
// the Unix epoch.
//
// Locks are taken in the order evaluateMu, then the lock of whoever keeps the
// changes (Follow and Snapshot call him with evaluateMu held), then mu. mu is
// held for short: an evaluation reads the groups of closed panes without it.
type Engine struct {
	cfg     rule.Config
	ruleID  string
	matcher *rule.Matcher
	seed    rule.Seed
	fold    bool
	pathAt  int // index of url.path in group_by when it is case-folded, else -1
	uriAt   int // index of iis.page or url.path in group_by; -1 where a group itself stands for a URI
	bounds  bounds
	tight   bounds // where there is no room

	tiling
	whole bool // one window over everything; see whole.go

	mu   sync.Mutex // guards everything up to changes
	time *eventtime.Tracker
	// running tells for how long the process had been running at a wall clock.
	running func(wall int64) int64
	score   func(*Finding) int // nil: no score
	now     eventtime.Now      // of the last look at the watermark
	panes   map[int64]*pane    // by number; those that windows cover which are not evaluated
	groups  int                // in panes, settled ones included
	open    int                // of these, not settled
	room    int                // that groups take of max_groups: one each, more for those with long texts
	slid    size               // the same of the slide

	// Up to Flush, which closes past the watermark:
	//
	//	evaluated <= scheduled <= ended <= time.Watermark()
	//	closed*length <= time.Watermark()
	//	open <= groups <= room
	//	room <= max_groups where that was not made smaller and no window is due
	closed      int64   // the first pane that takes records
	ended       int64   // event time; no records come for the windows that end at or before it
	scheduled   int64   // event time; the windows that end at or before it wait in queue, or are evaluated
	evaluated   int64   // event time; the windows that end at or before it are evaluated
	evaluating  bool    // a window was taken out of queue that is not evaluated
	cut         Reasons // of windows that ended because the process does
	firstSeen   int64   // event time of the earliest record
	silentSince int64   // the same of sources that do not tell what they have read
	extent      extent
	lossRanges  lossRanges
	queue       []Window // in order of their ends
	stats       Stats
	changes     changes
	refererDays refererDays
	corrections corrections
	warnings    []eventtime.Warning
	refused     error                   // of the last progress that contradicted itself
	flooded     int64                   // event time up to which it was warned of max_groups
	narrowed    map[eventtime.ID]string // the match of senders that was warned of

	evaluateMu sync.Mutex // guards everything up to scratch
	slide      slide
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
	cfg.GroupBy = cfg.Groups()
	e := &Engine{
		cfg: cfg, ruleID: ruleID, matcher: rule.NewMatcher(&cfg), seed: seed, pathAt: -1, uriAt: -1,
		tiling: newTiling(&cfg), whole: cfg.Whole(), running: func(wall int64) int64 { return wall },
		time: eventtime.New(eventtime.Config{
			AllowedLateness: cfg.AllowedLateness, IdleTimeout: cfg.IdleTimeout,
			SenderTimeout: cfg.SenderTimeout, CatchUpTimeout: max(catchUpTimeout, cfg.SenderTimeout), ForgetSenderAfter: cfg.Forget(),
			WrittenWithin: cfg.WrittenWithin, Senders: cfg.Senders, MaxSenders: cfg.MaxSenders, Account: cfg.Account,
		}, eventtime.Now{}),
		panes: map[int64]*pane{}, slide: newSlide(),
		closed: minTime, ended: minTime, scheduled: minTime, evaluated: minTime, firstSeen: math.MaxInt64, silentSince: math.MaxInt64, flooded: minTime,
		corrections: newCorrections(int64(cfg.CorrectFor)),
		suppressed:  newSuppression(cfg.SuppressFor, cfg.MaxGroups), history: newHistory(cfg.MaxGroups),
	}
	least, most := cfg.Clients()
	e.bounds = bounds{
		least: least, clients: most, evidence: cfg.Evidence,
		pageAt: slices.Index(cfg.GroupBy, attr.IISPage), owners: cfg.Owners(), counted: cfg.Counted() != "",
	}
	e.tight = e.bounds
	e.tight.evidence = 0
	path := slices.Index(cfg.GroupBy, attr.URLPath)
	if len(cfg.GroupBy) > 1 {
		if e.uriAt = e.bounds.pageAt; e.uriAt < 0 {
			e.uriAt = path
		}
	}
	if e.fold = cfg.FoldsCase(); e.fold {
		e.pathAt = path
	}
	e.stats.Excluded = make([]uint64, len(e.matcher.Exclusions()))
	return e
}

// Exclusions returns the names of the exclusions, in the order of Stats.Excluded.
func (e *Engine) Exclusions() []string { return e.matcher.Exclusions() }

// Seed returns the seed of the keys.
func (e *Engine) Seed() rule.Seed { return e.seed }

// SetSeed replaces the seed by that of a stored state. The engine must be new.
func (e *Engine) SetSeed(s rule.Seed) { e.seed = s }

// SetRunning gives the clock that stands still while the process does, in
// nanoseconds. Without, it is the wall clock. The engine must be new.
func (e *Engine) SetRunning(running func(wall int64) int64) { e.running = running }

func (e *Engine) moment(wall int64) eventtime.Now {
	return eventtime.Now{Wall: wall, Running: e.running(wall)}
}

// appendValue appends a value of group_by in the form in which it is compared.
func (e *Engine) appendValue(b []byte, i int, v string) []byte {
	if i == e.pathAt {
		return rule.AppendFolded(b, v)
	}
	return rule.AppendField(b, v)
}

// pane returns a pane that takes records, and makes it where there is none.
func (e *Engine) pane(p int64) *pane {
	pn := e.panes[p]
	if pn == nil {
		pn = &pane{groups: map[rule.Key]*group{}}
		e.panes[p] = pn
	}
	return pn
}
