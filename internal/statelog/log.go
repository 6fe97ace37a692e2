// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// version is in byte 0 of each value.
const version = 1

// metaKey is the key that says which of the others count.
const metaKey = "meta"

// minLog is the size of the log, in bytes, from which on a snapshot is worth it.
const minLog = 4 << 20

// readAhead is how many values are read in one batch. A log ends where as many
// entries are missing in a row.
const readAhead = 64

// deletes is how many keys are deleted in one batch.
const deletes = 1024

// errUnreadable is the error of a value that is torn, foreign or of another version.
var errUnreadable = errors.New("it is damaged, or of another version")

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

// Replay gives the parts and entries of the state in their order, and returns
// how many could not be read or were missing.
func (l *Log) Replay(ctx context.Context, apply func([]byte) error) (unreadable int, err error) {
	l.size = 0
	take := func(kind byte, key string, b []byte) {
		l.size += int64(len(b))
		content, err := unseal(kind, key, b)
		if err == nil {
			err = apply(content)
		}
		if err != nil {
			unreadable++
		}
	}
	for from := uint64(0); from < l.parts; from += readAhead {
		ops := gets(l.partKey(l.generation), from, min(from+readAhead, l.parts))
		if err := l.client.Batch(ctx, ops...); err != nil {
			return 0, err
		}
		for _, op := range ops {
			take('s', op.Key, op.Value)
		}
	}
	l.next = l.first
	for from := l.first; from < l.next+readAhead; from += readAhead {
		ops := gets(l.entryKey, from, from+readAhead)
		if err := l.client.Batch(ctx, ops...); err != nil {
			return 0, err
		}
		for i, op := range ops {
			if op.Value == nil {
				continue
			}
			number := from + uint64(i)
			unreadable += int(number - l.next) // these are missing
			take('l', op.Key, op.Value)
			l.next = number + 1
		}
	}
	return unreadable, nil
}

func gets(key func(uint64) string, from, to uint64) []*storage.Operation {
	var ops []*storage.Operation
	for i := from; i < to; i++ {
		ops = append(ops, storage.GetOperation(key(i)))
	}
	return ops
}

// Append writes an entry of the log.
func (l *Log) Append(ctx context.Context, entry []byte) error {
	return l.write(ctx, entry)
}

// write writes what is not empty, all or nothing, in one batch.
func (l *Log) write(ctx context.Context, entry []byte, ops ...*storage.Operation) error {
	n := int64(0)
	if len(entry) > 0 {
		key := l.entryKey(l.next)
		op := storage.SetOperation(key, seal('l', key, entry))
		ops, n = append(ops, op), int64(len(op.Value))
	}
	if l.metaDue {
		ops = append(ops, l.metaOperation())
	}
	if len(ops) == 0 {
		return nil
	}
	if err := l.client.Batch(ctx, ops...); err != nil {
		return err
	}
	if n > 0 {
		l.next++
		l.size += n
	}
	l.metaDue = false
	return nil
}

// Full reports whether a new snapshot is worth it: the log is long, or Shorten
// was called.
func (l *Log) Full() bool {
	return l.shorten || l.size-l.snapshotSize > max(minLog, 2*l.snapshotSize)
}

// Shorten makes Full true until there is a new snapshot. The next snapshot drops
// what could not be read, so it is not reported at every start.
func (l *Log) Shorten() { l.shorten = true }

// Size returns the bytes of snapshot and log.
func (l *Log) Size() int64 { return l.size }

// BeginSnapshot begins a new snapshot; its parts may be newer than this moment.
func (l *Log) BeginSnapshot() {
	l.used++
	l.newer = &newer{generation: l.used, first: l.next, logBefore: l.size - l.snapshotSize}
}

// AppendPart writes a part of the new snapshot and, in the same batch, an entry.
func (l *Log) AppendPart(ctx context.Context, part, entry []byte) error {
	n := l.newer
	key := l.partKey(n.generation)(n.parts)
	op := storage.SetOperation(key, seal('s', key, part))
	if err := l.write(ctx, entry, op); err != nil {
		return err
	}
	n.parts++
	n.size += int64(len(op.Value))
	l.size += int64(len(op.Value))
	return nil
}

// CancelSnapshot gives the new snapshot up.
func (l *Log) CancelSnapshot() {
	l.discard(l.partKey(l.newer.generation), 0, l.newer.parts)
	l.newer = nil
}

// EndSnapshot puts the new snapshot in force. What it replaces is left to Clean.
func (l *Log) EndSnapshot(ctx context.Context) error {
	n, old := l.newer, *l
	l.generation, l.parts, l.first, l.snapshotSize = n.generation, n.parts, n.first, n.size
	if err := l.client.Batch(ctx, l.metaOperation()); err != nil {
		l.generation, l.parts, l.first, l.snapshotSize = old.generation, old.parts, old.first, old.snapshotSize
		l.metaDue = true // it may have been written all the same
		l.CancelSnapshot()
		return err
	}
	l.newer, l.metaDue, l.shorten = nil, false, false
	l.discard(l.partKey(old.generation), 0, old.parts)
	l.discard(l.entryKey, old.first, n.first)
	l.size -= old.snapshotSize + n.logBefore
	return nil
}

func (l *Log) discard(key func(uint64) string, from, to uint64) {
	if from < to {
		l.garbage = append(l.garbage, keys{key, from, to})
	}
}

// Clean deletes some of what no longer counts, and reports whether there may
// be more. It does nothing before meta says so in the storage.
func (l *Log) Clean(ctx context.Context) (more bool, err error) {
	if len(l.garbage) > 0 && !l.metaDue {
		g := &l.garbage[0]
		to := min(g.from+deletes, g.to)
		var ops []*storage.Operation
		for i := g.from; i < to; i++ {
			ops = append(ops, storage.DeleteOperation(g.key(i)))
		}
		if err := l.client.Batch(ctx, ops...); err != nil {
			return true, err
		}
		if g.from = to; g.from == g.to {
			l.garbage = l.garbage[1:]
		}
		return true, nil
	}
	if walker, ok := l.client.(storage.Walker); ok && l.sweepDue && !l.metaDue {
		if err := walker.Walk(ctx, l.sweep); err != nil {
			return true, err
		}
	}
	l.sweepDue = l.sweepDue && l.metaDue
	return false, nil
}

// sweep deletes a key that does not count: what a crash, a state given up, or
// another version left.
func (l *Log) sweep(key string, _ []byte) ([]*storage.Operation, error) {
	if key == metaKey || l.counts(key) {
		return nil, nil
	}
	return []*storage.Operation{storage.DeleteOperation(key)}, nil
}

func (l *Log) counts(key string) bool {
	var epoch, generation, number uint64
	if _, err := fmt.Sscanf(key, "l/%016x/%016x", &epoch, &number); err == nil {
		return epoch == l.epoch && number >= l.first
	}
	if _, err := fmt.Sscanf(key, "s/%016x/%016x/%016x", &epoch, &generation, &number); err == nil {
		return epoch == l.epoch && (generation == l.generation && number < l.parts || l.newer != nil && generation == l.newer.generation)
	}
	return false
}

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

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func seal(kind byte, key string, content []byte) []byte {
	b := make([]byte, 0, len(content)+6)
	b = append(append(b, version, kind), content...)
	return binary.LittleEndian.AppendUint32(b, checksum(key, b))
}

func unseal(kind byte, key string, b []byte) ([]byte, error) {
	n := len(b) - 4
	if n < 2 || b[0] != version || b[1] != kind || binary.LittleEndian.Uint32(b[n:]) != checksum(key, b[:n]) {
		return nil, errUnreadable
	}
	return b[2:n], nil
}

func checksum(key string, b []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, b)
}
