// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/iishunt/iishunt/internal/detection"
	"github.com/iishunt/iishunt/internal/report"
)

// found is a detection and the sentence that is its body.
type found struct {
	*report.Detection
	sentence string
}

// sink keeps the detections that the collector exports, in order of arrival.
type sink struct {
	got        func(found) // is called for each
	detections []found
	ids        map[string]bool // delivery is at least once, and repeats have the same id
}

func newSink(got func(found)) *sink { return &sink{got: got, ids: map[string]bool{}} }

// take reads the body of an OTLP request.
func (s *sink) take(body []byte) error {
	req := plogotlp.NewExportRequest()
	if err := req.UnmarshalProto(body); err != nil {
		return fmt.Errorf("not an export of logs: %w", err)
	}
	for lr := range detection.Records(req.Logs()) {
		d, ok := detection.Read(lr)
		if !ok || s.ids[d.ID] {
			continue
		}
		s.ids[d.ID] = true
		f := found{d, lr.Body().AsString()}
		s.detections = append(s.detections, f)
		s.got(f)
	}
	return nil
}
