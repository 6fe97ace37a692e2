// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

func TestNextEnd(t *testing.T) {
	cfg := hourly()
	cfg.Window, cfg.Every = 3*time.Hour, time.Hour
	e := New(cfg, "rule", rule.NewSeed())
	if end := e.NextEnd(); !end.IsZero() {
		t.Errorf("before the first record: %v", end)
	}
	now := day.Add(90 * time.Minute).UnixNano()
	r := at(90*time.Minute, "/a.aspx", "203.0.113.1")
	commitLines(e, now, step{source: 1, records: []*rule.Request{&r}})
	if end, want := e.NextEnd(), day.Add(2*time.Hour); !end.Equal(want) {
		t.Errorf("the first of the three windows over it ends at %v; want %v", end, want)
	}
	r = at(3*time.Hour-time.Minute, "/b.aspx", "203.0.113.1") // the watermark passes the first end
	now = day.Add(3 * time.Hour).UnixNano()
	commitLines(e, now, step{source: 1, records: []*rule.Request{&r}})
	e.Tick(now)
	if end, want := e.NextEnd(), day.Add(3*time.Hour); !end.Equal(want) {
		t.Errorf("then %v; want %v", end, want)
	}
	e.Tick(now + int64(24*time.Hour)) // idle: all windows are over
	if end := e.NextEnd(); !end.IsZero() {
		t.Errorf("when all are evaluated: %v", end)
	}
}

// A group with long texts takes more room than one: the number of groups would
// tell that there is room where there is none.
func TestRoomIsWhatMaxGroupsBounds(t *testing.T) {
	cfg := hourly()
	cfg.MaxGroups = 3
	e := New(cfg, "rule", rule.NewSeed())
	long := at(time.Minute, "/"+strings.Repeat("x", extraText)+".aspx", "203.0.113.1")
	commitLines(e, day.UnixNano(), step{source: 1, records: []*rule.Request{&long}})
	if used, limit := e.Room(); used < 2 || limit != 3 || e.Stats().Groups != 1 {
		t.Errorf("%d of %d used by %d group; want at least 2 of 3 by 1", used, limit, e.Stats().Groups)
	}
}
