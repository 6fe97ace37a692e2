// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"crypto/rand"
	"encoding/binary"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// Settings say who the sender is and how it reads.
type Settings struct {
	Host      string
	Component string // tells receivers of one host apart
	Match     string // the match block as text, "" for none
	Process   eventtime.Run
	Interval  time.Duration // between two progress records
	Follow    bool          // files go on growing
	// StartAtEnd: files that are there at the first start are not read from their
	// first byte.
	StartAtEnd       bool
	ExcludeOlderThan time.Duration
	Include          []string                            // patterns
	Open             func(path string) (*os.File, error) // so that nobody is kept from renaming the file
	Logger           *zap.Logger
	Now              func() time.Time
	// Receivers returns how many senders the process has.
	Receivers func() int
}

// Account is of one receiver. Its methods may be called concurrently; those about
// looks are called by one goroutine, between looks or parts of them, while no
// chunk of a file is being read.
type Account struct {
	Settings
	sender    eventtime.ID
	run       eventtime.Run
	runNumber int64 // 0 without storage
	resumed   bool
	started   time.Time
	since     int64 // or None

	mu    sync.Mutex // guards everything declared below, and all Files
	files map[eventtime.ID]*File
	// places are the files as the file system has them, by path.
	places map[string]*place
	// numbers are the places by the number of their file, also of those whose path
	// another file has by now.
	numbers map[Number]*place
	looks   looks
	unread  map[string]*trouble // by path
	// foldersAt is when it was last looked for folders that cannot be read.
	foldersAt time.Time
	lost      []told
	seq       int64
	// wides are the numbers of the last two progress records that were wide.
	wides  [2]int64
	since2 int           // progress records since the last wide one
	spoke  time.Time     // of the last progress
	behind time.Duration // the largest since the last progress
	state  eventtime.State
}

// told is a loss, with the number of the progress that told it first; 0: none yet.
type told struct {
	eventtime.Loss
	seq int64
}

// New returns the Account of a run that begins now, without what former runs
// stored.
func New(s Settings) *Account {
	a := &Account{
		Settings: s, sender: eventtime.ID(random()), started: s.Now(), since: eventtime.None, state: eventtime.CatchingUp,
		files: map[eventtime.ID]*File{}, places: map[string]*place{}, numbers: map[Number]*place{}, unread: map[string]*trouble{},
	}
	_, _ = rand.Read(a.run[:]) // never fails
	a.since = a.vouches()
	a.looks = looks{before: a.started, readUntil: eventtime.None, oldestUnread: eventtime.None}
	return a
}

// vouches returns the event time from which a sender vouches that has read nothing
// before.
func (a *Account) vouches() int64 {
	switch {
	case a.StartAtEnd:
		return a.started.UnixNano()
	case a.ExcludeOlderThan > 0:
		return a.started.Add(-a.ExcludeOlderThan).UnixNano()
	default:
		return eventtime.None
	}
}

// random returns what no other sender or file has; never 0.
func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:]) | 1
}

// Sender returns the id of the sender.
func (a *Account) Sender() eventtime.ID { return a.sender }

// lose keeps a loss until it was told.
func (a *Account) lose(l eventtime.Loss) {
	if n := len(a.lost); n > 0 && a.lost[n-1].seq == 0 && join(&a.lost[n-1].Loss, &l) {
		return
	}
	if len(a.lost) < maxLost {
		a.lost = append(a.lost, told{Loss: l})
		return
	}
	// Rather a window too many is marked than one too few. Bytes that are not named
	// are missed by whoever counts them.
	last := &a.lost[len(a.lost)-1]
	last.seq, last.Name, last.File, last.Start, last.Stop = 0, "others", 0, 0, 0
	last.From, last.To = eventtime.None, max(last.To, l.To, a.Now().UnixNano())
}

// maxLost bounds the losses that are kept apart.
const maxLost = 1000

// join lets a loss stand for another one that follows it.
func join(l, o *eventtime.Loss) bool {
	if l.Name != o.Name || l.Reason != o.Reason || l.Why != o.Why || l.File != o.File || l.File != 0 && l.Stop != o.Start {
		return false
	}
	l.Count += o.Count
	l.Stop = max(l.Stop, o.Stop)
	l.From = min(l.From, o.From) // None is the smallest
	if l.To != eventtime.None {
		l.To = max(l.To, o.To)
		if o.To == eventtime.None {
			l.To = eventtime.None
		}
	}
	return true
}
