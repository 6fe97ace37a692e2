// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"context"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// readAhead is how many values are read in one batch. A log ends where as many
// entries are missing in a row.
const readAhead = 64

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
