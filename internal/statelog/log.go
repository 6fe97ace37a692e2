// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Log is not safe for concurrent use.
type Log struct {
	client storage.Client

	head         []byte
	epoch        uint64
	generation   uint64 // of the snapshot in force
	parts        uint64 // of that
	first, next  uint64 // entries of the log
	snapshotSize int64  // in bytes
	size         int64  // of snapshot and log
	metaDue      bool   // meta is to be written
	shorten      bool
	sweepDue     bool   // there may be keys that do not count
	used         uint64 // the latest generation that was begun
	newer        *newer
	garbage      []keys
}

// newer is a snapshot that is being written.
type newer struct {
	generation, parts, first uint64
	size                     int64 // of its parts
	logBefore                int64 // of the log that it replaces
}

// keys are those of the numbers from to to, which is not included.
type keys struct {
	key      func(uint64) string
	from, to uint64
}

// Open finds the stored state. Head is nil when there is none, or when it cannot
// be read; problem then says why.
func Open(ctx context.Context, client storage.Client) (l *Log, problem, err error) {
	l = &Log{client: client}
	b, err := client.Get(ctx, metaKey)
	if err != nil {
		return nil, nil, err
	}
	if b != nil {
		if problem = l.readMeta(b); problem == nil {
			l.sweepDue = true
			return l, nil, nil
		}
	}
	l.Begin(nil)
	return l, problem, nil
}

// Head returns what the owner gave to Begin or SetHead last.
func (l *Log) Head() []byte { return l.head }

// Begin gives up the state, if there is one, for a new one. It counts from the
// next Append on.
func (l *Log) Begin(head []byte) {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	*l = Log{client: l.client, head: head, epoch: binary.LittleEndian.Uint64(b[:]), first: 1, next: 1, metaDue: true, sweepDue: true}
}

// SetHead replaces the head with the next Append.
func (l *Log) SetHead(head []byte) { l.head, l.metaDue = head, true }

// Size returns the bytes of snapshot and log.
func (l *Log) Size() int64 { return l.size }

func (l *Log) entryKey(number uint64) string {
	return fmt.Sprintf("l/%016x/%016x", l.epoch, number)
}

func (l *Log) partKey(generation uint64) func(uint64) string {
	return func(part uint64) string { return fmt.Sprintf("s/%016x/%016x/%016x", l.epoch, generation, part) }
}

func (l *Log) metaOperation() *storage.Operation {
	var b []byte
	for _, v := range [...]uint64{l.epoch, l.generation, l.parts, l.first, uint64(l.snapshotSize), uint64(len(l.head))} {
		b = binary.AppendUvarint(b, v)
	}
	return storage.SetOperation(metaKey, seal('m', metaKey, append(b, l.head...)))
}

func (l *Log) readMeta(value []byte) error {
	b, err := unseal('m', metaKey, value)
	if err != nil {
		return err
	}
	var v [6]uint64
	for i := range v {
		var n int
		if v[i], n = binary.Uvarint(b); n <= 0 {
			return errUnreadable
		}
		b = b[n:]
	}
	if v[5] != uint64(len(b)) {
		return errUnreadable
	}
	l.epoch, l.generation, l.parts, l.first, l.snapshotSize, l.head = v[0], v[1], v[2], v[3], int64(v[4]), b
	l.next, l.used = l.first, l.generation
	return nil
}
