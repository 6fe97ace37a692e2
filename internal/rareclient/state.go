// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/statelog"
)

const (
	// partSize is about how many bytes of a snapshot are written at a time;
	// records wait meanwhile.
	partSize = 256 << 10
	// A write that failed is tried again after these times.
	firstRetry = 50 * time.Millisecond
	maxRetry   = time.Second
	// snapshotRetry is when a snapshot that failed is tried again.
	snapshotRetry = 10 * time.Minute
	// patience bounds the wait for storage of a sender that cannot be told to
	// give up: at a shutdown the Collector would wait for it for ever.
	patience = time.Minute
)

// state keeps the engine's state in a storage extension. A nil one keeps
// nothing, and its methods succeed.
type state struct {
	engine *engine.Engine
	log    *zap.Logger
	meters *meters
	client storage.Client
	free   func()        // lets another instance use the storage
	stop   chan struct{} // closed when the component is shut down

	mu        sync.Mutex // guards stored and unwritten; engine.Engine says when it is taken
	stored    *statelog.Log
	unwritten [][]byte // changes that come before those in the engine

	failure atomic.Pointer[error] // of the latest write
	again   time.Time             // when a snapshot that failed is tried again; the loop's
	size    *atomic.Int64         // of the state in storage, in bytes; the metrics read it
}

// openState brings what is stored into the engine, which must be new.
func openState(ctx context.Context, client storage.Client, free func(), cfg *Config, e *engine.Engine, log *zap.Logger, m *meters, size *atomic.Int64) (*state, error) {
	j, problem, err := statelog.Open(ctx, client)
	if err == nil {
		err = restore(ctx, j, problem, cfg, e, log)
	}
	if err != nil {
		free()
		return nil, errors.Join(fmt.Errorf("storage: the state cannot be read: %w", err), client.Close(ctx))
	}
	s := &state{engine: e, log: log, meters: m, client: client, free: free, stop: make(chan struct{}), stored: j, size: size}
	s.size.Store(j.Size())
	e.Follow(s.append)
	return s, nil
}

// err returns why records cannot be taken now.
func (s *state) err() error {
	if s == nil {
		return nil
	}
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// flush writes what has changed. When it returns nil, all that was in the
// engine before the call is in storage.
func (s *state) flush(ctx context.Context) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(ctx)
}

func (s *state) write(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // others' changes are among those written
	if err := s.writeFirst(ctx); err != nil {
		return err
	}
	changes := s.engine.TakeChanges()
	return s.outcome(ctx, s.stored.Append(ctx, changes), changes)
}

// writeFirst writes what comes before the changes in the engine.
func (s *state) writeFirst(ctx context.Context) error {
	for len(s.unwritten) > 0 {
		if err := s.outcome(ctx, s.stored.Append(ctx, s.unwritten[0]), nil); err != nil {
			return err
		}
		s.unwritten = s.unwritten[1:]
	}
	return nil
}

// append writes changes that come before those in the engine.
func (s *state) append(changes []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwritten = append(s.unwritten, changes)
	_ = s.writeFirst(context.Background()) // writeFirst logs and counts its own failures, and what failed is tried again
}

// outcome counts and logs what became of a write, and keeps the changes of one
// that failed.
func (s *state) outcome(ctx context.Context, err error, changes []byte) error {
	s.size.Store(s.stored.Size())
	was := s.failure.Load()
	if err == nil {
		if was != nil {
			s.failure.Store(nil)
			s.log.Info("The state can be written to storage again; records are taken again")
		}
		return nil
	}
	err = fmt.Errorf("storage: the state cannot be written, so no records are taken: %w", err)
	s.failure.Store(&err)
	if len(changes) > 0 {
		s.unwritten = append(s.unwritten, changes)
	}
	s.meters.StorageFailures.Add(ctx, 1, s.meters.with())
	if was == nil {
		s.log.Error("The state cannot be written to storage. Records are refused, and senders offer them again, until it can", zap.Error(err))
	}
	return err
}

// keep is flush, and tries again until it succeeds, the sender gives up, or the
// component is shut down. A sender that gave up and sends again is counted
// twice, so waiting is better.
func (s *state) keep(ctx context.Context) error {
	err := s.flush(ctx)
	if err == nil {
		return nil
	}
	var enough <-chan time.Time
	if ctx.Done() == nil {
		enough = time.After(patience)
	}
	for wait := firstRetry; err != nil; wait = min(2*wait, maxRetry) {
		select {
		case <-enough:
			return err
		case <-ctx.Done():
			return err
		case <-s.stop:
			return err
		case <-time.After(wait):
		}
		err = s.flush(ctx)
	}
	return nil
}

// tidy writes a new snapshot when the log has become long, and deletes what no
// longer counts. Records are taken meanwhile. A failure is not one of the
// state: it is tried again at the next call.
func (s *state) tidy(ctx context.Context) {
	if s == nil || s.err() != nil {
		return
	}
	s.mu.Lock()
	full := s.stored.Full()
	s.mu.Unlock()
	if full && time.Now().After(s.again) {
		if err := s.snapshot(ctx); err != nil && ctx.Err() == nil {
			s.again = time.Now().Add(snapshotRetry)
			s.log.Warn("The stored state could not be made smaller; that is tried again", zap.Error(err), zap.Duration("after", snapshotRetry))
		}
	}
	for ctx.Err() == nil {
		s.mu.Lock()
		more, err := s.stored.Clean(ctx)
		s.mu.Unlock()
		if err != nil {
			s.meters.StorageFailures.Add(ctx, 1, s.meters.with())
		}
		if err != nil || !more {
			return
		}
	}
}

func (s *state) snapshot(ctx context.Context) error {
	s.mu.Lock()
	err := s.write(ctx)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	s.stored.BeginSnapshot()
	s.mu.Unlock()
	err = s.engine.Snapshot(partSize, func(encode func() []byte) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.writeFirst(ctx); err != nil {
			return err
		}
		part := encode()
		changes := s.engine.TakeChanges()
		err := s.stored.AppendPart(ctx, part, changes)
		if err != nil { // the changes alone may still find room
			s.meters.StorageFailures.Add(ctx, 1, s.meters.with())
			if len(changes) > 0 {
				s.unwritten = append(s.unwritten, changes)
			}
			return err
		}
		return s.outcome(ctx, nil, nil)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.stored.CancelSnapshot()
		return err
	}
	if err = s.stored.EndSnapshot(ctx); err != nil {
		s.meters.StorageFailures.Add(ctx, 1, s.meters.with())
	}
	s.size.Store(s.stored.Size())
	return err
}

// shutdown makes writers that wait give up. It must be called before close.
func (s *state) shutdown() {
	if s != nil {
		close(s.stop)
	}
}

// close writes the rest and gives the storage back.
func (s *state) close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	defer s.free()
	return errors.Join(s.flush(ctx), s.client.Close(ctx))
}
