// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// Evaluated is what rare_client logs when no window is open any more and
	// all its detections are delivered.
	Evaluated = "every record received so far has been evaluated"
	// Counted is what it logs of a window over everything, which ends with the
	// collector.
	Counted = "every record received so far has been counted; the end of the Collector evaluates them"

	tailLines   = 30 // of the collector's log, shown when it fails
	maxWarnings = 20 // kept; the first ones
)

// watcher reads the collector's log. It reports the line that says that everything
// is evaluated or counted, and keeps the warnings, and the last lines for an error.
type watcher struct {
	evaluated chan struct{} // holds one element
	rest      []byte        // an unfinished line
	tail      []string
	warnings  []string
}

func (w *watcher) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.line(string(line))
		w.rest = rest
	}
}

func (w *watcher) line(s string) {
	if w.tail = append(w.tail, s); len(w.tail) > tailLines {
		w.tail = w.tail[1:]
	}
	if strings.Contains(s, Evaluated) || strings.Contains(s, Counted) {
		select {
		case w.evaluated <- struct{}{}:
		default:
		}
	}
	if text, ok := warning(s); ok && len(w.warnings) < maxWarnings {
		w.warnings = append(w.warnings, text)
	}
}

// explain adds what the collector said last. It is called after the collector
// has ended, when nothing writes any more.
func (w *watcher) explain(err error) error {
	if err == nil {
		return nil
	}
	if len(w.rest) > 0 {
		w.line(string(w.rest))
	}
	return fmt.Errorf("%w\nThe collector's last words:\n  %s", err, strings.Join(w.tail, "\n  "))
}

// warning returns the message of a log line of level warn or error, and its
// fields without those that name the collector and the component. The line is
// time, level, caller, message, fields, with tabs between them.
func warning(line string) (string, bool) {
	columns := strings.SplitN(line, "\t", 5)
	if len(columns) < 4 || columns[1] != "warn" && columns[1] != "error" {
		return "", false
	}
	text := columns[3]
	if strings.Contains(line, "internal telemetry error") && strings.Contains(line, "context canceled") {
		return "", false // the push of metrics that the end of the collector cuts off; another one follows
	}
	var fields map[string]any
	if len(columns) == 5 && json.Unmarshal([]byte(columns[4]), &fields) == nil {
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if key != "resource" && !strings.HasPrefix(key, "otelcol.") {
				text += fmt.Sprintf("; %s: %v", key, fields[key])
			}
		}
	}
	return text, true
}
