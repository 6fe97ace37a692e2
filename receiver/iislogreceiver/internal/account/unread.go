// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/eventtime"
)

const (
	// patience is how long a file may not be read to its end, look after look,
	// before it is told: an unfinished line, or something that nobody knows of.
	patience = time.Minute
	// window is how much of the rest of a file is looked at, in bytes.
	window = 64 << 10
)

// trouble is a file or a folder that cannot be read.
type trouble struct {
	eventtime.Loss
	since  time.Time
	told   bool
	folder bool
	same   int64 // size with which it was found to be a copy, 0 if it was not
	// changed is when the file was last written to, as it was told.
	changed time.Time
}

// Trouble says that reading a file has failed.
func (a *Account) Trouble(path, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trouble(path, why, nil)
}

// Copy says that a file was taken for a copy of another one, because they begin
// with the same bytes.
func (a *Account) Copy(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.places[path]; p != nil {
		return // it was read before it became one: its number tells which it is
	}
	if a.unread[path] == nil {
		a.unread[path] = &trouble{since: a.Now(), Loss: eventtime.Loss{Name: path, Why: copied}}
	}
}

const copied = "it begins as another file does, and was taken for a copy of it"

// trouble is called with mu held.
func (a *Account) trouble(path, why string, f *found) {
	t := a.unread[path]
	if t == nil {
		t = &trouble{since: a.Now()}
		a.unread[path] = t
	}
	t.Name, t.Why, t.Reason = path, why, eventtime.ReasonFileUnreadable
	if f == nil {
		list := stat([]string{path})
		f = &list[0]
	}
	t.tell(f, a.Now())
}

// tell gives it the times that its lines can have: the last write is the end of
// them, unless the file may be written to.
func (t *trouble) tell(f *found, now time.Time) {
	t.From, t.To = eventtime.None, eventtime.None
	if !f.changed.IsZero() && now.Sub(f.changed) > 24*time.Hour {
		t.To = f.changed.UnixNano()
	}
	if day, ok := dayOf(f.path); ok {
		t.From = day
	}
	t.told, t.changed = true, f.changed
}

// dayOf returns the beginning of the time that the name of a log is of, such as
// u_ex260302.log or u_ex26030214.log. Weekly and monthly names have fewer digits
// and tell nothing here.
func dayOf(path string) (nanos int64, ok bool) {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	digits := name[strings.LastIndexFunc(name, func(r rune) bool { return r < '0' || r > '9' })+1:]
	if len(digits) != 6 && len(digits) != 8 {
		return 0, false
	}
	day, err := time.Parse("060102", digits[:6])
	if err != nil {
		return 0, false
	}
	return day.Add(-24 * time.Hour).UnixNano(), true // names may be of local time
}

// reached reports whether a file was read up to where it ended.
func (a *Account) reached(f *found, p *place, now time.Time) bool {
	switch {
	case !f.regular:
		return false
	case f.size == 0:
		return true
	case p == nil:
		return false
	case p.archive:
		return p.size == f.size && p.changed == f.changed.UnixNano() && a.unread[f.path] == nil
	case p.end() >= f.size:
		return true
	}
	return a.unused(f, p, now)
}

// unused reports whether what is behind the place up to which a file was read is
// no line yet: unused space, or the beginning of a line that is being written.
func (a *Account) unused(f *found, p *place, now time.Time) bool {
	rest, err := a.part(f.path, p.end(), min(f.size-p.end(), window))
	if err != nil {
		return false
	}
	text := bytes.TrimLeft(rest, "\x00")
	switch {
	case len(text) == 0:
		return true
	case bytes.IndexByte(text, '\n') >= 0:
		return false
	}
	if t := a.unread[f.path]; t == nil || t.Why != unfinished {
		a.unread[f.path] = &trouble{since: now, Loss: eventtime.Loss{Name: f.path, Why: unfinished, Reason: eventtime.ReasonFileUnreadable}}
	}
	return false
}

const unfinished = "its last line is not finished"

// excused reports whether a file that was not read to its end is known not to be
// readable, or to have an unfinished line, so that nothing waits for it.
func (a *Account) excused(f *found, p *place, now time.Time) bool {
	t := a.unread[f.path]
	if t == nil {
		t = &trouble{since: now, Loss: eventtime.Loss{Name: f.path, Reason: eventtime.ReasonFileUnreadable}}
		a.unread[f.path] = t
	}
	switch {
	case t.told && p != nil && p.archive && !t.changed.Equal(f.changed):
		delete(a.unread, f.path) // it is another one by now
		return false
	case t.told:
		return true
	case t.Why == unfinished && now.Sub(t.since) < patience:
		return true
	case t.Why == copied && (t.same == f.size || a.isCopy(f)):
		t.same = f.size
		return true
	case t.Why == "":
		if err := a.readable(f.path, p); err != nil {
			t.Why = err.Error()
		} else if now.Sub(t.since) < patience {
			return false
		} else {
			t.Why = "it is not read to its end, and nobody knows why"
		}
	}
	t.Reason = eventtime.ReasonFileUnreadable
	t.tell(f, now)
	if t.Why == unfinished {
		t.To = f.changed.UnixNano()
		if p != nil && p.file != nil && p.file.newest != eventtime.None {
			t.From = p.file.newest
		}
	}
	a.Logger.Warn("A file is not read to its end, and windows that its lines can be in are marked file_unreadable",
		zap.String("path", f.path), zap.String("why", t.Why))
	return true
}

// isCopy reports whether a file is the same as another one of the look, up to the
// end: then all of its lines were read there.
func (a *Account) isCopy(f *found) bool {
	mine, err := a.part(f.path, 0, f.size)
	if err != nil {
		return false
	}
	for i := range a.looks.found {
		o := &a.looks.found[i]
		if o.path == f.path || o.size < f.size || a.places[o.path] == nil {
			continue
		}
		if theirs, err := a.part(o.path, 0, f.size); err == nil && bytes.Equal(mine, theirs) {
			return true
		}
	}
	return false
}

// readable opens what was not read at all. Of a damaged archive nobody says
// anything.
func (a *Account) readable(path string, p *place) error {
	file, err := a.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	magic := make([]byte, 2)
	if _, err := io.ReadFull(file, magic); err != nil || p != nil && !p.archive || string(magic) != "\x1f\x8b" {
		return nil // an empty or tiny file is no archive
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	z, err := gzip.NewReader(file)
	if err != nil {
		return errors.New("the archive is damaged: " + err.Error())
	}
	if _, err := io.Copy(io.Discard, z); err != nil { //nolint:gosec // nothing of it is kept
		return errors.New("the archive is damaged: " + err.Error())
	}
	return nil
}

// part reads some bytes of a file.
func (a *Account) part(path string, from, n int64) ([]byte, error) {
	file, err := a.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b := make([]byte, n)
	_, err = file.ReadAt(b, from)
	return b, err
}

func stat(paths []string) []found {
	out := make([]found, len(paths))
	for i, path := range paths {
		out[i].path = path
		info, err := os.Stat(path)
		if err != nil {
			out[i].regular = true // it is opened, and the error told then
			continue
		}
		out[i].size, out[i].changed = info.Size(), info.ModTime()
		out[i].number, out[i].regular = NumberOf(info), info.Mode().IsRegular()
	}
	return out
}
