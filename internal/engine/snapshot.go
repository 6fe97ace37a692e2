// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// Snapshot gives the whole state to write, in parts of about size bytes, to be
// applied in their order before the changes that were taken since it began; the
// changes up to then must have been taken.
// encode, which write must call, returns the part as it is at that moment;
// write may call TakeChanges. Records may be committed meanwhile; Evaluate,
// Delivered and a second Snapshot wait.
func (e *Engine) Snapshot(size int, write func(encode func() []byte) error) error {
	e.evaluateMu.Lock()
	defer e.evaluateMu.Unlock()
	err := write(func() []byte {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.appendOutline(nil)
	})
	if err != nil {
		return err
	}
	e.mu.Lock()
	panes := maps.Clone(e.panes)
	e.mu.Unlock()
	if err := e.snapshotSlide(size, write); err != nil {
		return err
	}
	for p, pn := range panes {
		if err := e.snapshotPane(p, pn, size, write); err != nil {
			return err
		}
		if err := e.snapshotPages(p, pn, size, write); err != nil {
			return err
		}
	}
	return e.snapshotRest(size, write)
}

// appendOutline appends everything but groups, history, suppression and outbox.
func (e *Engine) appendOutline(b []byte) []byte {
	b = codec.AppendText(append(b, sectionTime), string(e.time.Append(nil)))
	for p, pn := range e.panes {
		b = pn.append(append(b, sectionPane3), p)
	}
	b = e.appendFloods(b, slices.Collect(maps.Keys(e.panes)))
	b = e.lossRanges.append(append(b, sectionLossRanges))
	return e.appendScalars(b)
}

func (e *Engine) snapshotPane(p int64, pn *pane, partSize int, write func(func() []byte) error) error {
	keys := make([]rule.Key, 0, partSize/settledSize+1)
	size := 0
	part := func() error {
		err := write(func() []byte {
			e.mu.Lock()
			defer e.mu.Unlock()
			b := codec.AppendInt([]byte{sectionGroups}, p)
			b = codec.AppendUint(b, uint64(len(keys)))
			for _, k := range keys {
				b = pn.appendGroup(b, k)
			}
			return b
		})
		keys, size = keys[:0], 0
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	// The lock is released within the loop. A map may grow meanwhile: what was
	// in it comes once, what is added is among the changes.
	for k, g := range pn.groups {
		keys = append(keys, k)
		if size += settledSize; g != nil {
			size += openSize - settledSize
		}
		if size < partSize {
			continue
		}
		e.mu.Unlock()
		err := part()
		e.mu.Lock()
		if err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return nil
	}
	e.mu.Unlock()
	defer e.mu.Lock()
	return part()
}

// snapshotRest writes what only Evaluate and Delivered change.
func (e *Engine) snapshotRest(size int, write func(func() []byte) error) error {
	parts := func(b []byte) error { return write(func() []byte { return b }) }
	if err := e.history.snapshot(size, parts); err != nil {
		return err
	}
	if err := e.suppressed.snapshot(size, parts); err != nil {
		return err
	}
	if err := e.snapshotCorrections(size, parts); err != nil {
		return err
	}
	for findings := range slices.Chunk(e.outbox, size/findingSize+1) {
		if err := parts(appendFindings(nil, findings)); err != nil {
			return err
		}
	}
	return nil
}

// snapshotSlide writes the closed panes, each with the groups that still count.
func (e *Engine) snapshotSlide(size int, write func(func() []byte) error) error {
	parts := func(b []byte) error { return write(func() []byte { return b }) }
	for i := range e.slide.panes {
		p := &e.slide.panes[i]
		for keys := range slices.Chunk(p.keys, size/openSize+1) {
			b := codec.AppendUint(codec.AppendInt([]byte{sectionGroups}, p.number), uint64(len(keys)))
			for _, k := range keys {
				b = appendGroup(b, k, e.slide.groups[k].at(p.number))
			}
			if err := parts(b); err != nil {
				return err
			}
		}
		for uris := range slices.Chunk(p.uris, size/pageSize+1) {
			b := codec.AppendUint(codec.AppendInt([]byte{sectionPages}, p.number), uint64(len(uris)))
			for _, uri := range uris {
				b = e.slide.pages[uri].at(p.number).append(b, uri)
			}
			if err := parts(b); err != nil {
				return err
			}
		}
	}
	return nil
}
