// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"context"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// minLog is the size of the log, in bytes, from which on a snapshot is worth it.
const minLog = 4 << 20

// Full reports whether a new snapshot is worth it: the log is long, or Shorten
// was called.
func (l *Log) Full() bool {
	return l.shorten || l.size-l.snapshotSize > max(minLog, 2*l.snapshotSize)
}

// Shorten makes Full true until there is a new snapshot. The next snapshot drops
// what could not be read, so it is not reported at every start.
func (l *Log) Shorten() { l.shorten = true }

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
