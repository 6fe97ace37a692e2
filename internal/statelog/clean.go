// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// deletes is how many keys are deleted in one batch.
const deletes = 1024

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
