// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// checkpoint is what fileconsumer saves its offsets through. Once frozen it
// saves nothing any more: fileconsumer moves a file's offset on even if its
// lines were not delivered, and such an offset must not survive a restart.
// What was saved before stays, so the lines since then are read again.
type checkpoint struct {
	storage.Client
	frozen atomic.Bool
	// young is saved together with the offsets that it belongs to.
	young *youngFiles
}

// openCheckpoint returns the client of the storage extension.
func openCheckpoint(ctx context.Context, host component.Host, storageID, receiverID component.ID, young *youngFiles) (*checkpoint, error) {
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
	c := &checkpoint{Client: client, young: young}
	saved, err := client.Get(ctx, youngKey)
	if err != nil {
		return c, fmt.Errorf("storage: %w", err)
	}
	young.load(saved)
	return c, nil
}

func (c *checkpoint) freeze() { c.frozen.Store(true) }

// Set is that of storage.Client.
func (c *checkpoint) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete is that of storage.Client.
func (c *checkpoint) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch is that of storage.Client.
func (c *checkpoint) Batch(ctx context.Context, ops ...*storage.Operation) error {
	allowed := make([]*storage.Operation, 0, len(ops)+1)
	offsets, young := false, false
	for _, op := range ops {
		if op.Type == storage.Get || !c.frozen.Load() {
			allowed = append(allowed, op)
			offsets = offsets || op.Type == storage.Set && op.Key == checkpointKey
		}
	}
	if offsets {
		if saved := c.young.save(); saved != nil {
			allowed = append(allowed, storage.SetOperation(youngKey, saved))
			young = true
		}
	}
	if len(allowed) == 0 {
		return nil
	}
	err := c.Client.Batch(ctx, allowed...)
	if err != nil && young {
		c.young.saveAgain()
	}
	return err
}
