// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/engine"
)

var errNoRoom = errors.New("max_groups leaves no room for more records until windows that have ended are evaluated and their detections delivered")

// room makes records wait for windows that have ended: while the detections of the
// one before are not delivered, or of a long backlog more are read than evaluated,
// memory would have no bound else, and a loss would be needless.
type room struct {
	mu      sync.Mutex
	given   chan struct{} // closed by the next evaluation
	waiting atomic.Bool   // said that records wait
	stop    chan struct{}
}

func newRoom() room { return room{given: make(chan struct{}), stop: make(chan struct{})} }

// evaluated wakes those who wait.
func (r *room) evaluated() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.given)
	r.given = make(chan struct{})
}

func (r *room) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.given
}

// await returns when there is room, with an error when the caller, or the patience
// with one that never gives up, is at its end.
func (r *room) await(ctx context.Context, e *engine.Engine, log *zap.Logger) error {
	var enough <-chan time.Time
	for {
		given := r.next() // first, so that no evaluation is missed
		if !e.Crowded(time.Now().UnixNano()) {
			r.waiting.Store(false)
			return nil
		}
		if !r.waiting.Swap(true) {
			log.Warn("Records wait: max_groups is reached, and windows that have ended give room when they are evaluated and their detections are delivered")
		}
		if enough == nil && ctx.Done() == nil {
			enough = time.After(patience)
		}
		select {
		case <-given:
		case <-r.stop:
			return errNoRoom
		case <-enough:
			return errNoRoom
		case <-ctx.Done():
			return errors.Join(errNoRoom, ctx.Err())
		}
	}
}
