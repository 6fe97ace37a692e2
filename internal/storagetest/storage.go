// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package storagetest has a storage extension in memory whose faults are chosen
// by the test.
package storagetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Host is a Collector with these extensions.
type Host map[component.ID]component.Component

// GetExtensions implements component.Host.
func (h Host) GetExtensions() map[component.ID]component.Component { return h }

// Disk is a storage extension. Its content outlives its clients, as files outlive
// a process.
type Disk struct {
	component.StartFunc
	component.ShutdownFunc

	mu      sync.Mutex
	fault   func([]*storage.Operation) error
	values  map[string][]byte
	batches int
	open    map[component.ID]bool
}

// ErrBusy is GetClient's error when there is a client of the same component.
var ErrBusy = errors.New("timeout")

// NewDisk returns an empty one.
func NewDisk() *Disk {
	return &Disk{values: map[string][]byte{}, open: map[component.ID]bool{}}
}

// GetClient gives the only client of a component, as file_storage does.
func (d *Disk) GetClient(_ context.Context, _ component.Kind, id component.ID, _ string) (storage.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open[id] {
		return nil, ErrBusy
	}
	d.open[id] = true
	return &client{d, id}, nil
}

// SetFault sets a function that is asked before each batch; its error fails the
// batch.
func (d *Disk) SetFault(f func([]*storage.Operation) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// Crash frees all clients, as the death of their process does.
func (d *Disk) Crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.open)
}

// Batches returns how many batches were carried out.
func (d *Disk) Batches() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.batches
}

// Keys returns the keys in their order.
func (d *Disk) Keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.values))
}

// Change replaces the value of a key by what f makes of it; nil deletes it.
func (d *Disk) Change(key string, f func([]byte) []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v := f(slices.Clone(d.values[key])); v != nil {
		d.values[key] = v
	} else {
		delete(d.values, key)
	}
}

// Copy returns a disk with the same content.
func (d *Disk) Copy() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := NewDisk()
	c.values = maps.Clone(d.values)
	return c
}

type client struct {
	disk *Disk
	id   component.ID
}

func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *client) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.disk.mu.Lock()
	fault := c.disk.fault
	c.disk.mu.Unlock()
	if fault != nil {
		if err := fault(ops); err != nil {
			return err
		}
	}
	c.disk.mu.Lock()
	defer c.disk.mu.Unlock()
	c.disk.batches++
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = slices.Clone(c.disk.values[op.Key])
		case storage.Set:
			c.disk.values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(c.disk.values, op.Key)
		}
	}
	return nil
}

// Walk implements storage.Walker.
func (c *client) Walk(ctx context.Context, f storage.WalkFunc) error {
	var ops []*storage.Operation
	for _, key := range c.disk.Keys() {
		c.disk.mu.Lock()
		value := c.disk.values[key]
		c.disk.mu.Unlock()
		more, err := f(key, value)
		if err != nil {
			return err
		}
		ops = append(ops, more...)
	}
	return c.Batch(ctx, ops...)
}

func (c *client) Close(context.Context) error {
	c.disk.mu.Lock()
	defer c.disk.mu.Unlock()
	delete(c.disk.open, c.id)
	return nil
}
