// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// disk is what a crash leaves of an engine: a snapshot and the changes since
// it began. While a newer snapshot is written the older one is kept.
type disk struct {
	parts, log [][]byte
	begun      int // length of the log when the newer snapshot began
	newer      [][]byte
}

// crashing feeds an engine whose process dies again and again.
type crashing struct {
	harness
	cfg       rule.Config
	seed      rule.Seed
	r         *rand.Rand
	disk      disk
	delivered map[string]string // by id
	crashes   int
	differ    []string // findings that came twice, and not equal
}

func newCrashing(cfg rule.Config, r *rand.Rand) *crashing {
	c := &crashing{cfg: cfg, seed: rule.NewSeed(), r: r, delivered: map[string]string{}}
	c.restart(0)
	return c
}

func (c *crashing) restart(now int64) {
	c.Engine = New(c.cfg, "rule", c.seed)
	for _, b := range slices.Concat(c.disk.parts, c.disk.log) {
		if err := c.Apply(b); err != nil {
			panic(err)
		}
	}
	c.disk.newer = nil
	c.Restored(now)
	c.invariants()
	c.Follow(func(b []byte) { c.disk.log = append(c.disk.log, b) })
}

func (c *crashing) persist() {
	if b := c.TakeChanges(); len(b) > 0 {
		c.disk.log = append(c.disk.log, b)
	}
}

func (c *crashing) maybeCrash(now int64) bool {
	if c.r.IntN(6) > 0 {
		return false
	}
	c.crashes++
	c.restart(now)
	return true
}

// commit is repeated where the process died before the changes were stored:
// then the sender has no answer, and sends again.
func (c *crashing) commit(now int64, source int, records []rule.Request) {
	for {
		c.harness.commit(now, source, records)
		if !c.maybeCrash(now) {
			c.persist()
			c.maybeCrash(now)
			return
		}
	}
}

func (c *crashing) drain(now int64) {
	for {
		w, ok := c.Next()
		if ok {
			c.Evaluate(&w)
			if !c.maybeCrash(now) {
				c.persist()
			}
		}
		c.maybeCrash(now)
		c.persist()
		for batch := c.Waiting(3); len(batch) > 0; batch = c.Waiting(3) {
			for _, f := range batch {
				text := findingText(f)
				if was, again := c.delivered[f.ID]; again && was != text {
					c.differ = append(c.differ, was, text)
				}
				c.delivered[f.ID] = text
			}
			if c.maybeCrash(now) {
				continue // no answer: they are delivered again
			}
			c.Delivered(len(batch), nil)
			c.persist()
		}
		if !ok && c.idle() {
			return
		}
	}
}

func (c *crashing) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) == 0
}

// snapshot calls between for each part, and ends in a crash now and then.
func (c *crashing) snapshot(now int64, between func()) {
	c.persist()
	c.disk.begun, c.disk.newer = len(c.disk.log), nil
	err := c.Snapshot(1+c.r.IntN(3000), func(encode func() []byte) error {
		c.persist()
		c.disk.newer = append(c.disk.newer, encode())
		between()
		if c.r.IntN(20) == 0 {
			return errors.New("crash")
		}
		return nil
	})
	if err != nil {
		c.restart(now)
		return
	}
	c.disk.parts, c.disk.log, c.disk.newer = c.disk.newer, c.disk.log[c.disk.begun:], nil
}

// crash is live and backlog in one: the wall clock is live or much later.
func (s *scenario) crash(r *rand.Rand, later time.Duration) *crashing {
	c := newCrashing(s.cfg, r)
	type arriving struct {
		source int
		rule.Request
	}
	var stream []arriving
	for i, records := range s.sources {
		for _, rec := range records {
			stream = append(stream, arriving{i, rec})
		}
	}
	slices.SortStableFunc(stream, func(a, b arriving) int { return int(arrival(a.Request) - arrival(b.Request)) })
	// Later, wall clocks run a hundred times as slowly as the log: a queue that is
	// worked off, and not a clock that is days behind.
	wall := func(a arriving) int64 {
		at, first := arrival(a.Request)*1e9, arrival(stream[0].Request)*1e9
		if later > 0 {
			at = first + int64(later) + (at-first)/100
		}
		return at
	}
	times := make(map[int]int64, len(stream))
	for i, a := range stream {
		times[len(stream)-i] = wall(a)
	}
	var now int64
	next := func() {
		if len(stream) == 0 {
			return
		}
		now = times[len(stream)]
		c.commit(now, stream[0].source, []rule.Request{stream[0].Request})
		stream = stream[1:]
	}
	for len(stream) > 0 {
		next()
		if r.IntN(3) == 0 {
			c.Tick(now)
		}
		if r.IntN(2) == 0 {
			c.drain(now)
		}
		if r.IntN(5) == 0 {
			c.snapshot(now, func() {
				if len(stream) > 0 && r.IntN(2) == 0 {
					a := stream[0]
					stream, now = stream[1:], times[len(stream)]
					c.harness.commit(now, a.source, []rule.Request{a.Request})
					c.persist()
				}
			})
		}
	}
	for end := now + int64(4*24*time.Hour); now < end; now += int64(time.Hour) {
		c.Tick(now)
		c.drain(now)
	}
	return c
}

func TestFindingsAreTheSameWhereverTheProcessDies(t *testing.T) {
	crashes := 0
	for seed := range uint64(*scenarios / 4) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := newScenario(r)
		want := oracle(&s.cfg, s.all())
		for _, later := range []time.Duration{0, 100 * 24 * time.Hour} {
			c := s.crash(r, later)
			crashes += c.crashes
			var got []string
			for _, text := range c.delivered {
				got = append(got, text)
			}
			slices.Sort(got)
			sorted := slices.Sorted(slices.Values(want))
			if len(c.differ) > 0 {
				t.Fatalf("scenario %d: the same id with different findings: %q", seed, c.differ)
			}
			if !slices.Equal(got, sorted) {
				t.Fatalf("scenario %d, %v later, %d crashes: %d findings, want %d; the first that differs:\n got %q\nwant %q\n%+v",
					seed, later, c.crashes, len(got), len(want), firstOnly(got, sorted), firstOnly(sorted, got), s.cfg)
			}
		}
	}
	t.Logf("%d crashes", crashes)
}

// restored returns an engine that begins from all that e has to tell.
func restored(t *testing.T, e *Engine, now int64, log ...[]byte) *Engine {
	t.Helper()
	again := New(e.cfg, "rule", e.seed)
	for _, b := range log {
		if err := again.Apply(b); err != nil {
			t.Fatal(err)
		}
	}
	again.Restored(now)
	return again
}

// After a quiet night the watermark waits for what the files hold.
func TestRestartAfterAQuietNightWaits(t *testing.T) {
	h := &harness{Engine: New(rule.DefaultConfig(), "rule", rule.NewSeed())}
	h.commit(day.Add(time.Hour).UnixNano(), 1, []rule.Request{{Time: day.Add(time.Hour).UnixNano(), Path: "/a.aspx"}})
	h.Tick(day.Add(3 * time.Hour).UnixNano())
	var parts [][]byte
	if err := h.Snapshot(1<<20, func(encode func() []byte) error { parts = append(parts, encode()); return nil }); err != nil {
		t.Fatal(err)
	}
	now := day.Add(72 * time.Hour).UnixNano()
	e := restored(t, h.Engine, now, parts...)
	if idle := int64(e.cfg.IdleTimeout); e.Tick(now+idle-1) || !e.Tick(now+idle) {
		t.Error("a window must be due after an idle timeout, and not before")
	}
}

// Where a stored state says that windows were evaluated which its watermark has
// not reached, a record of these is late: no evaluation would see it.
func TestEvaluatedWindowsTakeNoRecords(t *testing.T) {
	e := New(hourly(), "rule", rule.Seed{1, 2})
	e.evaluated = day.Add(2 * time.Hour).UnixNano()
	again := restored(t, e, day.UnixNano(), e.appendScalars(nil))
	commitLines(again, day.Add(90*time.Minute).UnixNano(), lines(1, ptr(at(time.Hour, "/a.aspx", "203.0.113.1"))))
	if s := again.Stats(); s.Lost[ReasonLate] != 1 || s.OpenGroups != 0 {
		t.Errorf("%d late, %d groups are open", s.Lost[ReasonLate], s.OpenGroups)
	}
}

// A line was lost behind the last record before the crash: it may be of that
// record's window, or of the next one's.
func TestLossesOutliveACrash(t *testing.T) {
	e := New(rule.DefaultConfig(), "rule", rule.NewSeed())
	e.Follow(nil)
	at := day.Add(time.Hour).UnixNano()
	b := e.NewBatch()
	add := func(e *Engine, at int64, path string) {
		b := e.NewBatch()
		b.Reset(at)
		b.Source("file")
		b.Add(&rule.Request{Time: at, Client: "203.0.113.7", Path: path, UserAgent: "Mozilla/5.0", Status: 200}, []string{path, "Mozilla/5.0"})
		e.Commit(b, at)
	}
	add(e, at, "/a.aspx")
	log := [][]byte{e.TakeChanges()}
	b.Reset(at)
	b.Source("file")
	b.Lost()
	e.Commit(b, at)
	log = append(log, e.TakeChanges())
	last := restored(t, e, at, log...) // nothing comes after it
	last.Flush()
	if findings := evaluateAll(last); len(findings) != 1 || !findings[0].Reasons.Has(ReasonParseError) {
		t.Errorf("%+v", findings)
	}
	e = restored(t, e, at, log...)
	add(e, day.Add(30*time.Hour).UnixNano(), "/b.aspx")
	findings := evaluateAll(e)
	e.Flush()
	findings = append(findings, evaluateAll(e)...)
	if len(findings) != 2 {
		t.Fatalf("%d findings", len(findings))
	}
	for _, f := range findings {
		if !f.Reasons.Has(ReasonParseError) {
			t.Errorf("%s says %v", f.Values[0], f.Reasons.Strings())
		}
	}
}
