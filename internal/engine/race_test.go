// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// tape keeps what an engine writes, as a component with storage does: one
// writer at a time.
type tape struct {
	mu      sync.Mutex
	entries [][]byte
}

func (p *tape) take(e *Engine) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := e.TakeChanges(); len(b) > 0 {
		p.entries = append(p.entries, b)
	}
}

func (p *tape) keep(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = append(p.entries, b)
}

func (p *tape) part(encode func() []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	encode()
	return nil
}

// Records are committed, changes taken, windows evaluated, a snapshot written
// and everything measured at the same time. The race detector watches; and what
// is found, and what was written, are what they are when all goes in turn.
func TestEverythingAtOnce(t *testing.T) {
	for seed := range uint64(20) {
		s := newScenario(rand.New(rand.NewPCG(seed, 3)))
		s.cfg.Window, s.cfg.Every, s.cfg.SuppressFor = 3*time.Hour, time.Hour, 0 // a group has three panes
		s.cfg.OnlyNew = s.cfg.OnlyNew.Truncate(time.Hour)                        // it counts in panes
		want := oracle(&s.cfg, s.all())
		h := &harness{Engine: New(s.cfg, "rule", rule.Seed{1, 2})}
		var log tape
		h.Follow(log.keep)

		stream := s.all()
		slices.SortStableFunc(stream, func(a, b rule.Request) int { return int(arrival(a) - arrival(b)) })
		var now int64
		done := make(chan struct{})
		var all sync.WaitGroup
		during := func(f func()) {
			all.Go(func() {
				for {
					f()
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		during(func() { log.take(h.Engine) })
		during(func() { h.Stats(); h.Room(); h.NextEnd() })
		during(h.drain)
		during(func() { _ = h.Snapshot(500, log.part) }) // part never fails
		during(func() { h.Delivered(min(1, len(h.Waiting(1))), nil) })
		for _, r := range stream {
			now = arrival(r) * 1e9
			h.commit(now, 1, []rule.Request{r})
			h.Tick(now)
			log.take(h.Engine) // with storage, a call returns when its changes are written
		}
		for end := now + int64(4*24*time.Hour); now < end; now += int64(time.Hour) {
			h.Tick(now)
		}
		close(done)
		all.Wait()
		h.drain()
		log.take(h.Engine)
		if !slices.Equal(h.out, want) {
			t.Fatalf("scenario %d: %d findings, want %d; the first that differs:\n got %q\nwant %q", seed, len(h.out), len(want), firstOnly(h.out, want), firstOnly(want, h.out))
		}
		again := New(s.cfg, "rule", rule.Seed{1, 2})
		for _, b := range log.entries {
			if err := again.Apply(b); err != nil {
				t.Fatal(err)
			}
		}
		again.Restored(now)
		got, left := again.Waiting(1e6), h.Waiting(1e6)
		if !slices.EqualFunc(got, left, func(a, b *Finding) bool { return a.ID == b.ID }) {
			t.Fatalf("scenario %d: %d findings wait after a restore, and %d before", seed, len(got), len(left))
		}
	}
}
