// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"encoding/json"
	"strconv"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// stored is what outlives a restart, as JSON.
type stored struct {
	Host   string           `json:"host"`
	Sender string           `json:"sender"`
	Run    int64            `json:"run"`
	Since  string           `json:"since"` // nanoseconds, "" for None
	Files  []storedFile     `json:"files"`
	Places []storedPlace    `json:"places"`
	Lost   []eventtime.Loss `json:"lost,omitempty"`
}

type storedFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Sent   int64  `json:"sent"`
	Read   int64  `json:"read"`
	Newest int64  `json:"newest"`
}

type storedPlace struct {
	Path    string `json:"path"`
	Number  Number `json:"number"`
	File    string `json:"file,omitempty"`
	Read    int64  `json:"read"`
	Archive bool   `json:"archive,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Changed int64  `json:"changed,omitempty"`
}

// Load takes over what former runs stored, before anything is read. Without, this
// is the first run. What cannot be read, or is of another machine, is as if it
// were not there.
func (a *Account) Load(saved []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runNumber = 1
	var s stored
	if len(saved) == 0 || json.Unmarshal(saved, &s) != nil || s.Host != a.Host || s.Run < 1 {
		return
	}
	sender, ok := eventtime.ParseID(s.Sender)
	if !ok {
		return
	}
	a.sender, a.runNumber, a.resumed = sender, s.Run+1, true
	a.since = eventtime.None
	if since, err := strconv.ParseInt(s.Since, 10, 64); err == nil {
		a.since = since
	}
	for _, f := range s.Files {
		a.restoreFile(f)
	}
	for _, p := range s.Places {
		id, _ := eventtime.ParseID(p.File)
		q := &place{p.Path, p.Number, a.files[id], p.Read, p.Archive, p.Size, p.Changed}
		a.places[p.Path] = q
		if p.Number != (Number{}) {
			a.numbers[p.Number] = q
		}
	}
	for i := range s.Lost {
		a.lost = append(a.lost, told{Loss: s.Lost[i]})
	}
}

func (a *Account) restoreFile(s storedFile) {
	id, ok := eventtime.ParseID(s.ID)
	if !ok || s.Sent < 0 || s.Read < s.Sent {
		return
	}
	f := &File{a: a, ID: id, name: s.Name, sent: s.Sent, read: s.Read, newest: s.Newest}
	for i := range f.deltas {
		// The first progress names it: what a former run sent and lost is asked for.
		f.deltas[i] = delta{from: s.Sent, oldest: eventtime.None, newest: eventtime.None, changed: true}
	}
	a.files[id] = f
}

// Save returns what Load takes.
func (a *Account) Save() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := stored{Host: a.Host, Sender: a.sender.String(), Run: a.runNumber}
	if a.since != eventtime.None {
		s.Since = strconv.FormatInt(a.since, 10)
	}
	for _, f := range a.files {
		if !f.gone {
			s.Files = append(s.Files, storedFile{f.ID.String(), f.name, f.sent, f.read, f.newest})
		}
	}
	for _, p := range a.places {
		q := storedPlace{Path: p.path, Number: p.number, Read: p.read, Archive: p.archive, Size: p.size, Changed: p.changed}
		if p.file != nil {
			q.File = p.file.ID.String()
		}
		s.Places = append(s.Places, q)
	}
	for i := range a.lost {
		s.Lost = append(s.Lost, a.lost[i].Loss)
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	return b
}
