// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package statelog keeps a state in a storage extension such that it can be had
// again up to the last change written: a snapshot in parts, and a log of the
// changes since it began. One batch of operations writes each change.
//
// Its format is in docs/state-format.md.
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

const (
	version = 1
	metaKey = "meta"
	// minLog is the size of the log, in bytes, from which on a snapshot is worth it.
	minLog = 4 << 20
	// readAhead is how many values are read in one batch. A log ends where as
	// many entries are missing in a row.
	readAhead = 64
	// deletes is how many keys are deleted in one batch.
	deletes = 1024
)

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
func Open(ctx context.Context, client storage.Client) (j *Log, problem, err error) {
	j = &Log{client: client}
	b, err := client.Get(ctx, metaKey)
	if err != nil {
		return nil, nil, err
	}
	if b != nil {
		if problem = j.readMeta(b); problem == nil {
			j.sweepDue = true
			return j, nil, nil
		}
	}
	j.Begin(nil)
	return j, problem, nil
}

// Head returns what the owner gave to Begin or SetHead last.
func (j *Log) Head() []byte { return j.head }

// Begin gives up the state, if there is one, for a new one. It counts from the
// next Append on.
func (j *Log) Begin(head []byte) {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	*j = Log{client: j.client, head: head, epoch: binary.LittleEndian.Uint64(b[:]), first: 1, next: 1, metaDue: true, sweepDue: true}
}

// SetHead replaces the head with the next Append.
func (j *Log) SetHead(head []byte) { j.head, j.metaDue = head, true }

// Replay gives the parts and entries of the state in their order, and returns
// how many could not be read or were missing.
func (j *Log) Replay(ctx context.Context, apply func([]byte) error) (unreadable int, err error) {
	j.size = 0
	take := func(kind byte, key string, b []byte) {
		j.size += int64(len(b))
		content, err := unseal(kind, key, b)
		if err == nil {
			err = apply(content)
		}
		if err != nil {
			unreadable++
		}
	}
	for from := uint64(0); from < j.parts; from += readAhead {
		ops := gets(j.partKey(j.generation), from, min(from+readAhead, j.parts))
		if err := j.client.Batch(ctx, ops...); err != nil {
			return 0, err
		}
		for _, op := range ops {
			take('s', op.Key, op.Value)
		}
	}
	j.next = j.first
	for from := j.first; from < j.next+readAhead; from += readAhead {
		ops := gets(j.entryKey, from, from+readAhead)
		if err := j.client.Batch(ctx, ops...); err != nil {
			return 0, err
		}
		for i, op := range ops {
			if op.Value == nil {
				continue
			}
			number := from + uint64(i)
			unreadable += int(number - j.next) // these are missing
			take('l', op.Key, op.Value)
			j.next = number + 1
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
func (j *Log) Append(ctx context.Context, entry []byte) error {
	return j.write(ctx, entry)
}

// write writes what is not empty, all or nothing, in one batch.
func (j *Log) write(ctx context.Context, entry []byte, ops ...*storage.Operation) error {
	n := int64(0)
	if len(entry) > 0 {
		key := j.entryKey(j.next)
		op := storage.SetOperation(key, seal('l', key, entry))
		ops, n = append(ops, op), int64(len(op.Value))
	}
	if j.metaDue {
		ops = append(ops, j.metaOperation())
	}
	if len(ops) == 0 {
		return nil
	}
	if err := j.client.Batch(ctx, ops...); err != nil {
		return err
	}
	if n > 0 {
		j.next++
		j.size += n
	}
	j.metaDue = false
	return nil
}

// Full reports whether a new snapshot is worth it: the log is long, or Shorten
// was called.
func (j *Log) Full() bool {
	return j.shorten || j.size-j.snapshotSize > max(minLog, 2*j.snapshotSize)
}

// Shorten makes Full true until there is a new snapshot. The next snapshot drops
// what could not be read, so it is not reported at every start.
func (j *Log) Shorten() { j.shorten = true }

// Size returns the bytes of snapshot and log.
func (j *Log) Size() int64 { return j.size }

// BeginSnapshot begins a new snapshot; its parts may be newer than this moment.
func (j *Log) BeginSnapshot() {
	j.used++
	j.newer = &newer{generation: j.used, first: j.next, logBefore: j.size - j.snapshotSize}
}

// AppendPart writes a part of the new snapshot and, in the same batch, an entry.
func (j *Log) AppendPart(ctx context.Context, part, entry []byte) error {
	n := j.newer
	key := j.partKey(n.generation)(n.parts)
	op := storage.SetOperation(key, seal('s', key, part))
	if err := j.write(ctx, entry, op); err != nil {
		return err
	}
	n.parts++
	n.size += int64(len(op.Value))
	j.size += int64(len(op.Value))
	return nil
}

// CancelSnapshot gives the new snapshot up.
func (j *Log) CancelSnapshot() {
	j.discard(j.partKey(j.newer.generation), 0, j.newer.parts)
	j.newer = nil
}

// EndSnapshot puts the new snapshot in force. What it replaces is left to Clean.
func (j *Log) EndSnapshot(ctx context.Context) error {
	n, old := j.newer, *j
	j.generation, j.parts, j.first, j.snapshotSize = n.generation, n.parts, n.first, n.size
	if err := j.client.Batch(ctx, j.metaOperation()); err != nil {
		j.generation, j.parts, j.first, j.snapshotSize = old.generation, old.parts, old.first, old.snapshotSize
		j.metaDue = true // it may have been written all the same
		j.CancelSnapshot()
		return err
	}
	j.newer, j.metaDue, j.shorten = nil, false, false
	j.discard(j.partKey(old.generation), 0, old.parts)
	j.discard(j.entryKey, old.first, n.first)
	j.size -= old.snapshotSize + n.logBefore
	return nil
}

func (j *Log) discard(key func(uint64) string, from, to uint64) {
	if from < to {
		j.garbage = append(j.garbage, keys{key, from, to})
	}
}

// Clean deletes some of what no longer counts, and reports whether there may
// be more. It does nothing before meta says so in the storage.
func (j *Log) Clean(ctx context.Context) (more bool, err error) {
	if len(j.garbage) > 0 && !j.metaDue {
		g := &j.garbage[0]
		to := min(g.from+deletes, g.to)
		var ops []*storage.Operation
		for i := g.from; i < to; i++ {
			ops = append(ops, storage.DeleteOperation(g.key(i)))
		}
		if err := j.client.Batch(ctx, ops...); err != nil {
			return true, err
		}
		if g.from = to; g.from == g.to {
			j.garbage = j.garbage[1:]
		}
		return true, nil
	}
	if walker, ok := j.client.(storage.Walker); ok && j.sweepDue && !j.metaDue {
		if err := walker.Walk(ctx, j.sweep); err != nil {
			return true, err
		}
	}
	j.sweepDue = j.sweepDue && j.metaDue
	return false, nil
}

// sweep deletes a key that does not count: what a crash, a state given up, or
// another version left.
func (j *Log) sweep(key string, _ []byte) ([]*storage.Operation, error) {
	if key == metaKey || j.counts(key) {
		return nil, nil
	}
	return []*storage.Operation{storage.DeleteOperation(key)}, nil
}

func (j *Log) counts(key string) bool {
	var epoch, generation, number uint64
	if _, err := fmt.Sscanf(key, "l/%016x/%016x", &epoch, &number); err == nil {
		return epoch == j.epoch && number >= j.first
	}
	if _, err := fmt.Sscanf(key, "s/%016x/%016x/%016x", &epoch, &generation, &number); err == nil {
		return epoch == j.epoch && (generation == j.generation && number < j.parts || j.newer != nil && generation == j.newer.generation)
	}
	return false
}

func (j *Log) entryKey(number uint64) string {
	return fmt.Sprintf("l/%016x/%016x", j.epoch, number)
}

func (j *Log) partKey(generation uint64) func(uint64) string {
	return func(part uint64) string { return fmt.Sprintf("s/%016x/%016x/%016x", j.epoch, generation, part) }
}

func (j *Log) metaOperation() *storage.Operation {
	var b []byte
	for _, v := range [...]uint64{j.epoch, j.generation, j.parts, j.first, uint64(j.snapshotSize), uint64(len(j.head))} {
		b = binary.AppendUvarint(b, v)
	}
	return storage.SetOperation(metaKey, seal('m', metaKey, append(b, j.head...)))
}

func (j *Log) readMeta(value []byte) error {
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
	j.epoch, j.generation, j.parts, j.first, j.snapshotSize, j.head = v[0], v[1], v[2], v[3], int64(v[4]), b
	j.next, j.used = j.first, j.generation
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
