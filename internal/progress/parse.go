// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/eventtime"
)

// ErrRecord is the error of a record that says it is a progress and is none.
var ErrRecord = errors.New("progress that cannot be read")

// Is reports whether a record is a progress.
func Is(lr plog.LogRecord) bool { return lr.EventName() == attr.EventProgress }

// Parse reads what Append wrote. Its error names the attribute. Whether the
// progress contradicts itself is for [eventtime.Tracker.Hear] to say.
func Parse(lr plog.LogRecord) (*eventtime.Progress, error) {
	r := reader{m: lr.Attributes()}
	p := &eventtime.Progress{
		Sender:       r.id(attr.ProgressSender),
		Run:          r.run(attr.ProgressRun),
		Host:         r.text(attr.ProgressHost),
		Component:    r.text(attr.ProgressComponent),
		RunNumber:    r.integer(attr.ProgressRunNumber, 0),
		Resumed:      r.flag(attr.ProgressResumed),
		Process:      r.run(attr.ProgressProcess),
		Receivers:    r.small(attr.ProgressReceivers, 0),
		Seq:          r.integer(attr.ProgressSeq, 0),
		Base:         r.integer(attr.ProgressBase, 0),
		Part:         r.small(attr.ProgressPart, 1),
		Parts:        r.small(attr.ProgressParts, 1),
		State:        r.state(attr.ProgressState),
		Started:      r.time(attr.ProgressStarted),
		Sent:         int64(min(lr.Timestamp(), math.MaxInt64)),
		ReadUntil:    r.time(attr.ProgressReadUntil),
		Since:        r.time(attr.ProgressSince),
		OldestUnread: r.time(attr.ProgressOldestUnread),
		Behind:       r.integer(attr.ProgressBehind, 0),
		Match:        r.text(attr.ProgressMatch),
	}
	if p.Behind < 0 || p.Behind > math.MaxInt64/int64(time.Millisecond) {
		r.fail(attr.ProgressBehind, "is no distance")
	}
	p.Behind *= int64(time.Millisecond)
	p.Unread = r.losses(attr.ProgressUnread)
	p.Lost = r.losses(attr.ProgressLost)
	for m := range r.list(attr.ProgressFiles) {
		f := reader{m: m}
		p.Files = append(p.Files, eventtime.FileProgress{
			ID: f.id(keyID), Name: f.text(keyName),
			From: f.integer(keyFrom, 0), Sent: f.integer(keySent, 0), Read: f.integer(keyRead, 0),
			Oldest: f.time(keyOldest), Newest: f.time(keyNewest), Gone: f.flag(keyGone),
		})
		r.join(attr.ProgressFiles, f.err)
	}
	return p, r.err
}

// reader reads attributes and keeps the first error.
type reader struct {
	m   pcommon.Map
	err error
}

func (r *reader) fail(key, what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s %s", ErrRecord, key, what)
	}
}

func (r *reader) join(key string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("%s: %w", key, err)
	}
}

// get returns a value of the type, and false where there is none.
func (r *reader) get(key string, t pcommon.ValueType) (pcommon.Value, bool) {
	v, ok := r.m.Get(key)
	if ok && v.Type() != t {
		r.fail(key, "is of type "+v.Type().String()+", not "+t.String())
		return v, false
	}
	return v, ok
}

func (r *reader) text(key string) string {
	if v, ok := r.get(key, pcommon.ValueTypeStr); ok {
		return v.Str()
	}
	return ""
}

func (r *reader) integer(key string, missing int64) int64 {
	if v, ok := r.get(key, pcommon.ValueTypeInt); ok {
		return v.Int()
	}
	return missing
}

func (r *reader) small(key string, missing int) int {
	n := r.integer(key, int64(missing))
	if n < 0 || n > math.MaxInt32 {
		r.fail(key, "is no count")
		return missing
	}
	return int(n)
}

func (r *reader) flag(key string) bool {
	v, ok := r.get(key, pcommon.ValueTypeBool)
	return ok && v.Bool()
}

func (r *reader) id(key string) eventtime.ID {
	s := r.text(key)
	if s == "" {
		return 0
	}
	id, ok := eventtime.ParseID(s)
	if !ok {
		r.fail(key, "is no id")
	}
	return id
}

func (r *reader) run(key string) (run eventtime.Run) {
	s := r.text(key)
	if s == "" {
		return run
	}
	if hex.DecodedLen(len(s)) != len(run) {
		r.fail(key, "has not 32 digits")
		return run
	}
	if _, err := hex.Decode(run[:], []byte(s)); err != nil {
		r.fail(key, "is not hexadecimal")
	}
	return run
}

func (r *reader) state(key string) eventtime.State {
	s, ok := eventtime.ParseState(r.text(key))
	if !ok {
		r.fail(key, "is no state that is known")
	}
	return s
}

// time returns nanoseconds since the Unix epoch, or None.
func (r *reader) time(key string) int64 {
	s := r.text(key)
	if s == "" {
		return eventtime.None
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1700 || t.Year() > 2200 { // UnixNano has no others
		r.fail(key, "is no time")
		return eventtime.None
	}
	return t.UnixNano()
}

// list gives the maps of a list.
func (r *reader) list(key string) func(func(pcommon.Map) bool) {
	return func(yield func(pcommon.Map) bool) {
		v, ok := r.get(key, pcommon.ValueTypeSlice)
		if !ok {
			return
		}
		for _, e := range v.Slice().All() {
			if e.Type() != pcommon.ValueTypeMap {
				r.fail(key, "has what is no map")
				return
			}
			if !yield(e.Map()) {
				return
			}
		}
	}
}

func (r *reader) losses(key string) []eventtime.Loss {
	var out []eventtime.Loss
	for m := range r.list(key) {
		l := reader{m: m}
		reason, ok := eventtime.ParseReason(l.text(keyReason))
		if !ok {
			reason = eventtime.ReasonFileUnreadable // of a newer reader: something is missing
		}
		out = append(out, eventtime.Loss{
			Name: l.text(keyName), Why: l.text(keyWhy), Reason: reason, Count: l.integer(keyCount, 0),
			From: l.time(keyFrom), To: l.time(keyTo),
			File: l.id(keyFile), Start: l.integer(keyStart, 0), Stop: l.integer(keyStop, 0),
		})
		r.join(key, l.err)
	}
	return out
}
