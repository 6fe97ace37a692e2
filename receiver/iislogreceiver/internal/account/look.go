// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"os"
	"time"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// Number tells files of a machine apart: device and file number. Zero where it is
// not known.
type Number [2]uint64

// place is a file as the file system has it.
type place struct {
	path   string
	number Number
	file   *File // nil while it has no line
	read   int64 // where file is nil
	// archive: places are those of what was compressed, and say nothing about size.
	archive bool
	size    int64 // of an archive that was read
	changed int64 // time of its last write, nanoseconds
}

func (p *place) end() int64 {
	if p.file != nil {
		return p.file.read
	}
	return p.read
}

// looks are the looks at the files. A look begins when the paths are known.
type looks struct {
	last     time.Time // beginning of the last look
	noted    bool      // it was noted, to be proven when it is over
	proven   bool      // the one before was looked at
	before   time.Time // beginning of the look before the one that was noted last
	began    time.Time // of that; zero before the first
	found    []found   // in that
	complete bool      // folders could be read when it began
	// readUntil is the beginning of the look before the one that was proven last.
	readUntil    int64
	oldestUnread int64 // or None
}

// found is a path of a look, as it was when the look began.
type found struct {
	path    string
	size    int64
	changed time.Time
	number  Number
	regular bool
}

// Reached says up to where a file was read. file is nil while it has no line.
func (a *Account) Reached(path string, n Number, file *File, end int64, archive bool) {
	if file != nil {
		file.Read(end)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.places[path]
	if p == nil || p.number != n {
		p = &place{path: path}
		a.places[path] = p
	}
	if p.file != nil && p.file != file {
		p.file.leave() // it was cut off, and is another one now
	}
	p.number, p.file, p.read, p.archive = n, file, end, archive
	if n != (Number{}) {
		a.numbers[n] = p
	}
	if archive {
		if info, err := os.Stat(path); err == nil {
			p.size, p.changed = info.Size(), info.ModTime().UnixNano()
		}
	}
}

// Look says that a look begins, and so that the one before it is over; paths
// returns what it has found. It reports whether everything is read that will ever
// come.
//
// To look at each file costs as much as a tenth of what fileconsumer does with it.
// So a look is proven only where something is to be told.
func (a *Account) Look(paths func() []string) (finished bool) {
	now := a.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.step(now)
	if a.looks.noted && a.prove(now) {
		a.looks.readUntil = max(a.looks.readUntil, a.looks.before.UnixNano())
		a.looks.oldestUnread = eventtime.None
		if a.state == eventtime.CatchingUp {
			a.state = eventtime.Reading
		}
		if !a.Follow {
			a.state = eventtime.Finished
		}
	}
	a.looks.proven = a.looks.noted
	a.looks.noted = a.state == eventtime.CatchingUp || now.Sub(a.spoke) >= a.Interval && !a.looks.proven
	if a.looks.noted {
		a.note(paths(), now)
	}
	a.looks.last = now
	return a.state == eventtime.Finished
}

// note takes down what a look has found when it began.
func (a *Account) note(paths []string, now time.Time) {
	first := a.looks.began.IsZero()
	if !first {
		a.looks.before = a.looks.last
	}
	a.looks.began, a.looks.found, a.looks.complete = now, stat(paths), a.foldersReadable()
	a.begins(a.looks.found, first)
	a.findFolders(now)
}

// begins takes in what a new look has found.
func (a *Account) begins(list []found, first bool) {
	for i := range list {
		f := &list[i]
		p := a.places[f.path]
		if !f.regular {
			a.trouble(f.path, "it is no regular file, and reading it may never end", f)
		}
		if p == nil && first && a.StartAtEnd && !a.resumed {
			a.places[f.path] = &place{path: f.path, number: f.number, read: f.size}
		}
	}
}

// step notices a wall clock that goes back.
func (a *Account) step(now time.Time) {
	const noise = time.Second
	if last := a.looks.last; !last.IsZero() && now.Round(0).Before(last.Round(0).Add(-noise)) {
		a.lose(eventtime.Loss{
			Name: a.Host, Why: "the wall clock went back", Reason: eventtime.ReasonClockStepped,
			From: now.UnixNano(), To: last.UnixNano(),
		})
		a.looks.last, a.looks.before = now, now
	}
}

// prove reports whether every file of the look that is over was read up to where
// it ended when the look began.
func (a *Account) prove(now time.Time) bool {
	proven := a.looks.complete
	seen := make(map[string]bool, len(a.looks.found))
	for i := range a.looks.found {
		f := &a.looks.found[i]
		seen[f.path] = true
		p := a.placeOf(f)
		if a.reached(f, p, now) {
			delete(a.unread, f.path)
			continue
		}
		if !a.excused(f, p, now) {
			proven = false
		}
	}
	a.forgetNumbers()
	return a.missing(seen, now) && proven
}

// placeOf returns what is known of a file that was found, also if it has another
// name by now; nil if that is nothing.
func (a *Account) placeOf(f *found) *place {
	p := a.places[f.path]
	if p == nil && f.number == (Number{}) {
		f.number = a.numberOf(f.path)
	}
	if f.number == (Number{}) || p != nil && p.number == f.number {
		return p
	}
	q := a.numbers[f.number]
	if q == nil {
		return nil
	}
	moved := *q
	moved.path = f.path
	a.places[f.path], a.numbers[f.number] = &moved, &moved
	return &moved
}

func (a *Account) numberOf(path string) Number {
	file, err := a.Open(path)
	if err != nil {
		return Number{}
	}
	defer file.Close()
	return NumberOfFile(file)
}

// forgetNumbers forgets the files that no path leads to any more.
func (a *Account) forgetNumbers() {
	if len(a.numbers) <= 2*len(a.places)+maxForgotten {
		return
	}
	clear(a.numbers)
	for _, p := range a.places {
		if p.number != (Number{}) {
			a.numbers[p.number] = p
		}
	}
}

// maxForgotten bounds the files without a path that are known by their numbers.
const maxForgotten = 1000

// missing looks at the files that were there before. It reports false where they
// may come back, because their folder cannot be read.
func (a *Account) missing(seen map[string]bool, now time.Time) bool {
	all := true
	for path, p := range a.places {
		if seen[path] {
			continue
		}
		if _, err := os.Lstat(path); err == nil || os.IsNotExist(err) && folderReadable(path) {
			a.leave(path, p, now)
		} else {
			all = false
		}
	}
	for path := range a.unread {
		if !seen[path] && !a.unread[path].folder {
			delete(a.unread, path)
		}
	}
	return all
}

// leave forgets a file that is not there any more.
func (a *Account) leave(path string, p *place, now time.Time) {
	delete(a.places, path)
	f := p.file
	if f == nil || f.name != path {
		return // it has another name by now
	}
	for _, o := range a.places {
		if o.file == f {
			f.name = o.path
			return
		}
	}
	f.leave()
	if t := a.unread[path]; t != nil && t.told {
		a.lose(eventtime.Loss{Name: path, Why: "it is gone, and was not read to its end", Reason: eventtime.ReasonFileVanished, From: f.newest, To: now.UnixNano()})
	}
}
