// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package hunt

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/journal"
	"github.com/iishunt/iishunt/internal/rareclient"
)

// head is stored with the state: what it must be read with.
type head struct {
	Seed   rareclient.Seed     `json:"seed"`
	Shape  rareclient.Settings `json:"shape"`
	Filter rareclient.Settings `json:"filter"`
}

func (c *Config) head(seed rareclient.Seed) head {
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
func restore(ctx context.Context, j *journal.Journal, problem error, cfg *Config, engine *rareclient.Engine, log *zap.Logger) error {
	now := time.Now().UnixNano()
	wanted := cfg.head(engine.Seed())
	var found head
	if problem == nil && j.Head() != nil {
		problem = json.Unmarshal(j.Head(), &found)
	}
	differs := difference(found.Shape, wanted.Shape)
	switch {
	case problem != nil:
		log.Error("The stored state is given up. Detections of windows that began before now are marked incomplete (state_lost)", zap.Error(problem))
		engine.MarkAll(now, rareclient.ReasonStateLost)
		j.Begin(wanted.encode())
	case j.Head() == nil:
		j.Begin(wanted.encode())
	case len(differs) > 0:
		kept, err := undelivered(ctx, j, &found, cfg, log)
		if err != nil {
			return err
		}
		engine.Adopt(kept)
		log.Warn("Settings that the stored state depends on were changed, so it is given up. Detections of windows that began before now "+
			"are marked incomplete (config_changed); those that were found before are still delivered",
			zap.Strings("changed", differs), zap.Int("detections", len(kept)))
		engine.MarkAll(now, rareclient.ReasonConfigChanged)
		j.Begin(wanted.encode())
	default:
		engine.SetSeed(found.Seed)
		if err := replay(ctx, j, engine, log, now); err != nil {
			return err
		}
		if differs := difference(found.Filter, wanted.Filter); len(differs) > 0 {
			log.Warn("match or exclude was changed. Detections of windows that began before now are marked incomplete (config_changed)", zap.Strings("changed", differs))
			engine.MarkAll(now, rareclient.ReasonConfigChanged)
			found.Filter = wanted.Filter
			j.SetHead(found.encode())
		}
	}
	engine.Restored(now)
	return nil
}

func replay(ctx context.Context, j *journal.Journal, engine *rareclient.Engine, log *zap.Logger, now int64) error {
	unreadable, err := j.Replay(ctx, engine.Apply)
	if err != nil {
		return err
	}
	s := engine.Stats()
	if unreadable > 0 {
		log.Error("A part of the stored state cannot be read. Detections of windows that began before now are marked incomplete (state_lost)",
			zap.Int("unreadable", unreadable), zap.Int64("bytes", j.Size()))
		engine.MarkAll(now, rareclient.ReasonStateLost)
		j.Shorten()
	}
	log.Info("State restored", zap.Int64("bytes", j.Size()), zap.Time("watermark", s.Watermark), zap.Int("detections_waiting", s.Waiting))
	return nil
}

// undelivered reads the findings of a state with other settings that nobody has
// taken yet.
func undelivered(ctx context.Context, j *journal.Journal, was *head, cfg *Config, log *zap.Logger) ([]*rareclient.Finding, error) {
	c := cfg.Config
	for key, d := range map[string]*time.Duration{"window": &c.Window, "every": &c.Every} {
		if v, err := time.ParseDuration(was.Shape[key]); err == nil && v > 0 {
			*d = v // it says what the numbers of panes mean
		}
	}
	old := rareclient.New(c, cfg.Rule.ID, was.Seed)
	unreadable, err := j.Replay(ctx, old.Apply)
	if err != nil {
		return nil, err
	}
	if unreadable > 0 {
		log.Error("A part of the stored state cannot be read, so that detections which wait may be lost", zap.Int("unreadable", unreadable))
	}
	return old.Waiting(math.MaxInt), nil
}

// difference tells which settings differ, and how.
func difference(was, is rareclient.Settings) []string {
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
