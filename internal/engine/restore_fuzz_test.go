// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// FuzzApply: whatever is in the storage, an engine begins with it, works, and
// what it then writes can be read again.
func FuzzApply(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	s := newScenario(r)
	c := s.crash(r, 0)
	for _, b := range append(c.disk.parts, c.disk.log...) {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	now := day.Add(48 * time.Hour).UnixNano()
	f.Fuzz(func(t *testing.T, b []byte) {
		cfg := rule.DefaultConfig()
		cfg.Every = 12 * time.Hour
		h := &harness{Engine: New(cfg, "rule", rule.Seed{1, 2})}
		_ = h.Apply(b)
		h.Restored(now)
		h.Follow(nil)
		h.commit(now, 1, []rule.Request{randomRequest(r, 3600)})
		h.settle(now)
		changes := h.TakeChanges()
		again := New(cfg, "rule", rule.Seed{1, 2})
		err := h.Snapshot(100, func(encode func() []byte) error { return again.Apply(encode()) })
		if err != nil {
			t.Errorf("a snapshot of it cannot be read: %v", err)
		}
		if err := New(cfg, "rule", rule.Seed{1, 2}).Apply(changes); err != nil {
			t.Errorf("its changes cannot be read: %v", err)
		}
		again.Restored(now)
		if n, m := len(again.Waiting(1000)), len(h.Waiting(1000)); n != m {
			t.Errorf("%d findings wait, of %d", n, m)
		}
	})
}
