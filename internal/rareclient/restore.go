// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/statelog"
)

// head is stored with the state: what it must be read with.
type head struct {
	Seed   rule.Seed     `json:"seed"`
	Shape  rule.Settings `json:"shape"`
	Filter rule.Settings `json:"filter"`
}

func (c *Config) head(seed rule.Seed) head {
	h := head{seed, c.Shape(), c.Filter()}
	h.Shape["input"] = string(c.Input)
	return h
}

func (h *head) encode() []byte {
	b, _ := json.Marshal(h) // never fails: integers and texts
	return b
}

// restore brings the engine to where the stored state ends. What cannot be used
// marks all windows up to now: a client may be missing there.
func restore(ctx context.Context, j *statelog.Log, problem error, cfg *Config, e *engine.Engine, log *zap.Logger) error {
	now := time.Now().UnixNano()
	wanted := cfg.head(e.Seed())
	var found head
	if problem == nil && j.Head() != nil {
		problem = json.Unmarshal(j.Head(), &found)
	}
	differs := difference(found.Shape, wanted.Shape)
	switch {
	case problem != nil:
		log.Error("The stored state is given up. Detections of windows that began before now are marked incomplete (state_lost)", zap.Error(problem))
		e.MarkAll(now, engine.ReasonStateLost)
		j.Begin(wanted.encode())
	case j.Head() == nil:
		j.Begin(wanted.encode())
	case len(differs) > 0:
		kept, err := undelivered(ctx, j, &found, cfg, log)
		if err != nil {
			return err
		}
		e.Adopt(kept)
		log.Warn("Settings that the stored state depends on were changed, so it is given up. Detections of windows that began before now "+
			"are marked incomplete (config_changed); those that were found before are still delivered",
			zap.Strings("changed", differs), zap.Int("detections", len(kept)))
		e.MarkAll(now, engine.ReasonConfigChanged)
		j.Begin(wanted.encode())
	default:
		e.SetSeed(found.Seed)
		if err := replay(ctx, j, e, log, now); err != nil {
			return err
		}
		if differs := difference(found.Filter, wanted.Filter); len(differs) > 0 {
			log.Warn("match or exclude was changed. Detections of windows that began before now are marked incomplete (config_changed)", zap.Strings("changed", differs))
			e.MarkAll(now, engine.ReasonConfigChanged)
			found.Filter = wanted.Filter
			j.SetHead(found.encode())
		}
	}
	e.Restored(now)
	return nil
}

func replay(ctx context.Context, j *statelog.Log, e *engine.Engine, log *zap.Logger, now int64) error {
	unreadable, err := j.Replay(ctx, e.Apply)
	if err != nil {
		return err
	}
	s := e.Stats()
	if unreadable > 0 {
		log.Error("A part of the stored state cannot be read. Detections of windows that began before now are marked incomplete (state_lost)",
			zap.Int("unreadable", unreadable), zap.Int64("bytes", j.Size()))
		e.MarkAll(now, engine.ReasonStateLost)
		j.Shorten()
	}
	log.Info("State restored", zap.Int64("bytes", j.Size()), zap.Time("watermark", s.Watermark), zap.Int("detections_waiting", s.Waiting))
	return nil
}

// undelivered reads the findings of a state with other settings that nobody has
// taken yet.
func undelivered(ctx context.Context, j *statelog.Log, was *head, cfg *Config, log *zap.Logger) ([]*engine.Finding, error) {
	c := cfg.Config
	for key, d := range map[string]*time.Duration{"window": &c.Window, "every": &c.Every} {
		if v, err := time.ParseDuration(was.Shape[key]); err == nil && v > 0 {
			*d = v // it says what the numbers of panes mean
		}
	}
	old := engine.New(c, cfg.Rule.ID, was.Seed)
	unreadable, err := j.Replay(ctx, old.Apply)
	if err != nil {
		return nil, err
	}
	if unreadable > 0 {
		log.Error("A part of the stored state cannot be read, so that detections which wait may be lost", zap.Int("unreadable", unreadable))
	}
	return old.Waiting(math.MaxInt), nil
}

// difference describes the settings that differ.
func difference(was, is rule.Settings) []string {
	var out []string
	for key, now := range is {
		if was[key] != now {
			out = append(out, fmt.Sprintf("%s: was %s, is %s", key, orNone(was[key]), orNone(now)))
		}
	}
	slices.Sort(out)
	return out
}

func orNone(s string) string {
	if strings.TrimSpace(s) == "" {
		return "not set"
	}
	return s
}
