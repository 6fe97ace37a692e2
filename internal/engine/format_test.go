// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/golden"
	"github.com/iishunt/iishunt/internal/rule"
)

// A state that an earlier version stored is read by this one: the file is never
// written anew unless the version in internal/statelog goes up.
func TestStoredFormat(t *testing.T) {
	cfg := rule.DefaultConfig()
	cfg.Every = 12 * time.Hour
	path := filepath.Join("testdata", "state.hex")
	if golden.Updating() {
		writeState(t, cfg, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e := New(cfg, "rule", rule.Seed{1, 2})
	for line := range strings.Lines(string(text)) {
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Apply(b); err != nil {
			t.Fatal(err)
		}
	}
	h := &harness{Engine: e}
	now := day.Add(40 * time.Hour).UnixNano()
	h.Restored(now)
	if s := h.Stats(); s.OpenGroups != 2 || s.Groups != 3 || s.Waiting != 1 {
		t.Errorf("open groups %d of %d, %d waiting", s.OpenGroups, s.Groups, s.Waiting)
	}
	h.settle(now)
	if got := strings.Join(h.out, "\n"); !strings.Contains(got, "/own.aspx /own.aspx[/own.aspx] Mozilla/5.0 [203.0.113.1] [203.0.113.1] [W3SVC1]") {
		t.Errorf("%s", got)
	}
}

func writeState(t *testing.T, cfg rule.Config, path string) {
	h := &harness{Engine: New(cfg, "rule", rule.Seed{1, 2})}
	request := func(at time.Duration, path, client string) rule.Request {
		return rule.Request{
			Time: day.Add(at).UnixNano(), Path: path, UserAgent: "Mozilla/5.0", Client: client, Server: "198.51.100.5",
			Host: "shop.example.com", Site: "W3SVC1", Method: "POST", Query: "a=1", Referer: "-", Status: 200,
		}
	}
	first := day.Add(time.Hour).UnixNano()
	h.commit(first, 1, []rule.Request{request(time.Hour, "/first.aspx", "203.0.113.1")})
	h.Tick(day.Add(25 * time.Hour).UnixNano())
	h.drain()
	var lines [][]byte
	part := func(encode func() []byte) error {
		lines = append(lines, []byte(hex.EncodeToString(encode())))
		return nil
	}
	h.Follow(nil)
	if err := h.Snapshot(1<<20, part); err != nil {
		t.Fatal(err)
	}
	now := day.Add(30 * time.Hour)
	h.commit(now.UnixNano(), 2, []rule.Request{
		request(30*time.Hour, "/own.aspx", "203.0.113.1"), request(30*time.Hour, "/ipv6.aspx", "2001:db8::1"),
		request(30*time.Hour, "/page.aspx", "203.0.113.1"), request(30*time.Hour, "/page.aspx", "203.0.113.2"),
	})
	lines = append(lines, []byte(hex.EncodeToString(h.TakeChanges())))
	if err := os.WriteFile(path, append(bytes.Join(slices.Clip(lines), []byte("\n")), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
