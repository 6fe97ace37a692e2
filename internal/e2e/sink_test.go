// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/detection"
	"github.com/iishunt/iishunt/internal/storagetest"
)

// sinks are the exporters of type sink in one or more collectors, one after the
// other: what they got is kept by the exporter's id, such as "sink/detections".
// disk is what their storage extension "disk" keeps; while diskFull is set,
// nothing can be written to it.
type sinks struct {
	disk     *storagetest.Disk
	diskFull atomic.Bool

	mu   sync.Mutex // guards everything declared below
	byID map[string]*sink
}

func newSinks() *sinks {
	s := &sinks{byID: map[string]*sink{}, disk: storagetest.NewDisk()}
	s.disk.SetFault(s.diskFault)
	return s
}

func (s *sinks) diskFault(ops []*storage.Operation) error {
	if s.diskFull.Load() && slices.ContainsFunc(ops, func(o *storage.Operation) bool { return o.Type != storage.Get }) {
		return errors.New("disk full")
	}
	return nil
}

// get returns the sink with this id; it need not have been configured yet.
func (s *sinks) get(id string) *sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[id] == nil {
		s.byID[id] = &sink{}
	}
	return s.byID[id]
}

func (s *sinks) factory() exporter.Factory {
	return exporter.NewFactory(component.MustNewType("sink"),
		func() component.Config { return &struct{}{} },
		exporter.WithLogs(func(_ context.Context, set exporter.Settings, _ component.Config) (exporter.Logs, error) {
			return s.get(set.ID.String()), nil
		}, component.StabilityLevelStable))
}

// sink keeps log records in memory.
type sink struct {
	component.StartFunc
	component.ShutdownFunc

	mu      sync.Mutex // guards everything declared below
	logs    []plog.Logs
	n       int // records in logs
	limit   int // with refusal set: how many records it takes first
	refusal error
}

var _ exporter.Logs = (*sink)(nil)

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusal != nil && s.n >= s.limit {
		return s.refusal
	}
	own := plog.NewLogs() // the caller's may be shared with other exporters
	ld.CopyTo(own)
	withoutAccounting(own)
	if own.LogRecordCount() > 0 {
		s.n += own.LogRecordCount()
		s.logs = append(s.logs, own)
	}
	return nil
}

// refuse makes the sink answer with err; nil makes it take records again.
func (s *sink) refuse(err error) { s.refuseAfter(0, err) }

// refuseAfter makes the sink refuse as soon as it has n records.
func (s *sink) refuseAfter(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.refusal = n, err
}

// count returns how many records it got.
func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// record is a log record with the resource that it belongs to.
type record struct {
	plog.LogRecord
	resource map[string]any
}

// records returns everything the sink got, in order of arrival.
func (s *sink) records() []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []record
	for _, ld := range s.logs {
		for _, rl := range ld.ResourceLogs().All() {
			resource := rl.Resource().Attributes().AsRaw()
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					out = append(out, record{lr, resource})
				}
			}
		}
	}
	return out
}

// withoutAccounting takes out what says nothing about a request or a finding: the
// records of windows, and what readers tell of their reading.
func withoutAccounting(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool { return detection.EventOf(lr) == detection.Silent })
		}
	}
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool { return sl.LogRecords().Len() == 0 })
		return rl.ScopeLogs().Len() == 0
	})
}
