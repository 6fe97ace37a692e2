// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"context"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

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
