// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package logonce keeps a log from saying the same thing again and again.
package logonce

import (
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// maxSaid bounds what is remembered as said. Beyond it some things may be said
// again.
const maxSaid = 4096

// Log remembers what the log has been told.
type Log struct {
	mu sync.Mutex
	// things maps what was said to when it was last of concern.
	things map[string]time.Time
}

// First tells whether it is the first time, or the first after a pause of at
// least forget (0: for ever).
func (s *Log) First(thing string, now time.Time, forget time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, ok := s.things[thing]
	if s.things == nil || len(s.things) >= maxSaid {
		s.things = make(map[string]time.Time)
	}
	s.things[thing] = now
	return !ok || forget > 0 && now.Sub(before) >= forget
}

// Wrap makes a logger for fileconsumer, which repeats some warnings and
// errors at every poll. One that is equal to an earlier one in message, path
// and error is written again only after it was away for forget.
func Wrap(logger *zap.Logger, forget time.Duration) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return &onceCore{Core: core, once: &Log{}, forget: forget}
	}))
}

type onceCore struct {
	zapcore.Core
	once   *Log
	forget time.Duration
	// about is the path and error of the fields given to With.
	about string
}

// With is that of zapcore.Core.
func (c *onceCore) With(fields []zapcore.Field) zapcore.Core {
	return &onceCore{Core: c.Core.With(fields), once: c.once, forget: c.forget, about: c.about + about(fields)}
}

// Check is that of zapcore.Core.
func (c *onceCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write is that of zapcore.Core.
func (c *onceCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if e.Level >= zapcore.WarnLevel && !c.once.First(e.Message+c.about+about(fields), e.Time, c.forget) {
		return nil
	}
	return c.Core.Write(e, fields)
}

func about(fields []zapcore.Field) string {
	text := ""
	for _, f := range fields {
		switch f.Key {
		case "path", "original_path":
			text += "\x00" + f.String
		case "error":
			if err, ok := f.Interface.(error); ok {
				text += "\x00" + err.Error()
			}
		}
	}
	return text
}
