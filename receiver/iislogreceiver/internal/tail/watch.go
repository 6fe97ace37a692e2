// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"context"
	"errors"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// What fileconsumer says when it begins to look at the files, and to read some of
// them; contract_test.go holds it to that. At both moments nothing is being read.
const (
	saysLook = "matched files"
	saysStep = "Consuming files"
	saysCopy = "Skipping duplicate file"
)

// watch makes a logger for fileconsumer whose words are listened to: it says
// nowhere else when a look begins, and which files it cannot read.
func (t *Tailer) watch(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core { return &watchCore{Core: core, tailer: t} }))
}

type watchCore struct {
	zapcore.Core
	tailer *Tailer
	path   string // of the fields given to With
}

// Enabled is that of zapcore.Core: all is heard.
func (c *watchCore) Enabled(zapcore.Level) bool { return true }

// With is that of zapcore.Core.
func (c *watchCore) With(fields []zapcore.Field) zapcore.Core {
	path := c.path
	if p := pathOf(fields); p != "" {
		path = p
	}
	return &watchCore{c.Core.With(fields), c.tailer, path}
}

// Check is that of zapcore.Core.
func (c *watchCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.heard(e) {
		ce = ce.AddCore(e, listener{c})
	}
	if c.Core.Enabled(e.Level) {
		ce = c.Core.Check(e, ce)
	}
	return ce
}

func (c *watchCore) heard(e zapcore.Entry) bool {
	return e.Level >= zapcore.ErrorLevel || e.Level == zapcore.DebugLevel && (e.Message == saysLook || e.Message == saysStep || e.Message == saysCopy)
}

// listener hears what it is said to, and writes nothing.
type listener struct{ *watchCore }

// Write is that of zapcore.Core.
func (l listener) Write(e zapcore.Entry, fields []zapcore.Field) error {
	t := l.tailer
	switch e.Message {
	case saysLook:
		t.look(func() []string { return pathsOf(fields) })
	case saysStep:
		t.set.Tell(false)
	case saysCopy:
		t.set.Account.Copy(l.pathOr(fields))
	default:
		if path, err := l.pathOr(fields), errorOf(fields); path != "" && !errors.Is(err, context.Canceled) {
			why := e.Message
			if err != nil {
				why += ": " + err.Error()
			}
			t.set.Account.Trouble(path, why)
		}
	}
	return nil
}

func (l listener) pathOr(fields []zapcore.Field) string {
	if p := pathOf(fields); p != "" {
		return p
	}
	return l.path
}

func pathOf(fields []zapcore.Field) string {
	for i := range fields {
		if fields[i].Key == "original_path" || fields[i].Key == "path" {
			return fields[i].String
		}
	}
	return ""
}

func errorOf(fields []zapcore.Field) error {
	for i := range fields {
		if err, ok := fields[i].Interface.(error); ok {
			return err
		}
	}
	return nil
}

// pathsOf returns the list of paths among fields.
func pathsOf(fields []zapcore.Field) []string {
	var out []string
	for i := range fields {
		if fields[i].Key != "paths" {
			continue
		}
		if list, ok := fields[i].Interface.(zapcore.ArrayMarshaler); ok {
			_ = list.MarshalLogArray(&paths{list: &out}) // it returns what the encoder does
		}
	}
	return out
}

// paths collects texts; nothing else comes.
type paths struct {
	zapcore.ArrayEncoder
	list *[]string
}

// AppendString is that of zapcore.ArrayEncoder.
func (p *paths) AppendString(s string) { *p.list = append(*p.list, s) }
