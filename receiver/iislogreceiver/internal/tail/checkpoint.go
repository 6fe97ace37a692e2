// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/account"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/telemetry"
)

// checkpoint is what fileconsumer saves its offsets through. Once frozen it
// saves nothing any more: fileconsumer moves a file's offset on even if its
// lines were not delivered, unless it is being stopped, and such an offset must
// not survive a restart.
// What was saved before stays, so the lines since then are read again.
type checkpoint struct {
	storage.Client
	frozen atomic.Bool
	// short is saved together with the offsets that it belongs to.
	short   *shortFiles
	account *account.Account // saved like short; nil where none is kept
	meters  *telemetry.Meters
	seed    maphash.Seed

	mu sync.Mutex
	// saved is the hash of the offsets that were saved last; guarded by mu.
	saved *uint64
}

// openCheckpoint returns the client of the storage extension.
func openCheckpoint(ctx context.Context, host component.Host, storageID, receiverID component.ID, short *shortFiles, a *account.Account, m *telemetry.Meters) (*checkpoint, error) {
	ext, ok := host.GetExtensions()[storageID]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not in service::extensions, add it there", storageID)
	}
	st, ok := ext.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not a storage extension, use one such as file_storage", storageID)
	}
	client, err := st.GetClient(ctx, component.KindReceiver, receiverID, "")
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	c := newCheckpoint(client, short, m)
	saved, err := client.Get(ctx, shortKey)
	if err != nil {
		return c, fmt.Errorf("storage: %w", err)
	}
	short.load(saved)
	if a == nil {
		return c, nil
	}
	if saved, err = client.Get(ctx, accountKey); err != nil {
		return c, fmt.Errorf("storage: %w", err)
	}
	c.account = a
	a.Load(saved)
	return c, c.saveAccount(ctx) // the number of the run: no other run has it
}

// accountKey is what the account is saved under.
const accountKey = "iishunt.account"

// saveAccount saves the account alone.
func (c *checkpoint) saveAccount(ctx context.Context) error {
	if c.account == nil || c.frozen.Load() {
		return nil
	}
	if err := c.Client.Set(context.WithoutCancel(ctx), accountKey, c.account.Save()); err != nil {
		c.meters.ReceiverIisLogCheckpointFailures.Add(ctx, 1)
		return fmt.Errorf("storage: %w", err)
	}
	return nil
}

func newCheckpoint(client storage.Client, short *shortFiles, m *telemetry.Meters) *checkpoint {
	return &checkpoint{Client: client, short: short, meters: m, seed: maphash.MakeSeed()}
}

func (c *checkpoint) freeze() { c.frozen.Store(true) }

// Get is that of storage.Client. That there is no archive yet is not an error
// to be written to the log at the first start, as fileconsumer does.
func (c *checkpoint) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := c.Client.Get(ctx, key)
	if key == archiveKey && value == nil && err == nil {
		return []byte("0"), nil
	}
	return value, err
}

// Set is that of storage.Client.
func (c *checkpoint) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete is that of storage.Client.
func (c *checkpoint) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch is that of storage.Client. Offsets that are the same as the last saved
// ones are not saved again: with hundreds of files they are megabytes, and
// fileconsumer saves them at every poll.
func (c *checkpoint) Batch(ctx context.Context, ops ...*storage.Operation) error {
	// The poll in which reading is stopped is saved as any other.
	ctx = context.WithoutCancel(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	allowed := make([]*storage.Operation, 0, len(ops)+1)
	var sum *uint64
	for _, op := range ops {
		switch {
		case op.Type != storage.Get && c.frozen.Load():
		case op.Type == storage.Set && op.Key == checkpointKey:
			h := maphash.Bytes(c.seed, op.Value)
			if c.saved == nil || *c.saved != h {
				sum = &h
				allowed = append(allowed, op)
			}
		default:
			allowed = append(allowed, op)
		}
	}
	if sum != nil {
		if short := c.short.save(); short != nil {
			allowed = append(allowed, storage.SetOperation(shortKey, short))
		}
		if c.account != nil {
			allowed = append(allowed, storage.SetOperation(accountKey, c.account.Save()))
		}
	}
	if len(allowed) == 0 {
		return nil
	}
	err := c.Client.Batch(ctx, allowed...)
	if err != nil {
		c.meters.ReceiverIisLogCheckpointFailures.Add(ctx, 1)
	}
	switch {
	case sum == nil:
	case err != nil:
		c.saved = nil
		c.short.saveAgain()
	default:
		c.saved = sum
	}
	return err
}
