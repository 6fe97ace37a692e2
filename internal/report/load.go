// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrNotAReport says that a file is not a hunt report.
var ErrNotAReport = errors.New("not a hunt report")

// maxFileBytes bounds what is read back. A report of the largest limit is smaller.
const maxFileBytes = 512 << 20

// ReadFile reads the data of a report back. The file may have been changed by
// anybody, so nothing in it is trusted. An error is fs.ErrNotExist, ErrNotAReport
// or one of reading.
func ReadFile(path string) (*Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	doc, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return doc, nil
}

// Parse reads the data of a report back.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > maxFileBytes {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrNotAReport, maxFileBytes)
	}
	_, data, ok := bytes.Cut(raw, []byte(dataBegin))
	if !ok {
		return nil, fmt.Errorf("%w: it holds no findings", ErrNotAReport)
	}
	data, _, ok = bytes.Cut(data, []byte(dataEnd))
	if !ok {
		return nil, fmt.Errorf("%w: it breaks off", ErrNotAReport)
	}
	doc := &Document{}
	if err := json.Unmarshal(data, doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAReport, err)
	}
	if doc.Format != format {
		return nil, fmt.Errorf("%w of format %d: it is of format %d", ErrNotAReport, format, doc.Format)
	}
	return doc, nil
}

// Restore adds the detections of a report that was read back, and returns how
// many of them could not be used. What is computed from them is computed anew.
func (s *Store) Restore(doc *Document) (bad int64) {
	s.leftOut += max(doc.LeftOut, 0)
	for _, f := range doc.Findings {
		if f == nil || f.Rule < 0 || f.Rule >= len(doc.Rules) || f.Agent < 0 || f.Agent >= len(doc.Agents) {
			bad++
			continue
		}
		for i := range f.Windows {
			d := &Detection{
				ID: f.Windows[i].ID, Rule: doc.Rules[f.Rule], Path: f.Path, Page: f.Page, UserAgent: doc.Agents[f.Agent], Group: f.Group,
				Clients: f.Clients, Counted: f.Counted, ClientCount: f.ClientCount, Sites: f.Sites, Hosts: f.Hosts, Servers: f.Servers,
				Window: f.Windows[i],
			}
			if s.Add(d) == Ignored {
				bad++
			}
		}
	}
	return bad
}
