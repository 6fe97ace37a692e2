// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/runner"
)

const metricsInterval = 500 * time.Millisecond // between two pushes

// figures are the values of the collector's metrics: by name, then by the value
// of their attribute ("" if they have none).
type figures map[string]map[string]int64

// metrics receives the collector's metrics.
type metrics struct {
	endpoint *runner.Endpoint
	updates  chan figures // the newest; one that is not taken is replaced
	newest   figures      // belongs to take until the endpoint is closed
}

func startMetrics() (*metrics, error) {
	m := &metrics{updates: make(chan figures, 1), newest: figures{}}
	var err error
	m.endpoint, err = runner.Receive("metrics", m.take)
	return m, err
}

func (m *metrics) url() string { return m.endpoint.URL + "/v1/metrics" }

func (m *metrics) take(body []byte) error {
	req := pmetricotlp.NewExportRequest()
	if err := req.UnmarshalProto(body); err != nil {
		return err
	}
	// The last push, at shutdown, lacks what components only report when asked.
	m.newest = maps.Clone(m.newest)
	maps.Copy(m.newest, read(req.Metrics()))
	select {
	case <-m.updates:
	default:
	}
	m.updates <- m.newest // there is room: calls of take do not overlap
	return nil
}

// stop returns the last figures: the collector pushes them once more when it
// shuts down.
func (m *metrics) stop() (figures, error) {
	err := m.endpoint.Close()
	return m.newest, err
}

// read takes our components' sums and gauges, over all instances.
func read(md pmetric.Metrics) figures {
	f := figures{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, metric := range sm.Metrics().All() {
				switch metric.Type() { //nolint:exhaustive // the others are not ours
				case pmetric.MetricTypeSum:
					f.add(metric.Name(), metric.Sum().DataPoints())
				case pmetric.MetricTypeGauge:
					f.add(metric.Name(), metric.Gauge().DataPoints())
				}
			}
		}
	}
	return f
}

// ours are the attributes by which our metrics are divided.
var ours = []string{"kind", "outcome", "reason", "stage", "exclusion"}

func (f figures) add(name string, points pmetric.NumberDataPointSlice) {
	name = strings.TrimPrefix(name, "otelcol_")
	for _, p := range points.All() {
		if of, ok := p.Attributes().Get("processor"); ok && strings.HasSuffix(of.AsString(), against) {
			continue // the rule that is compared with
		}
		value := ""
		for key, v := range p.Attributes().All() {
			if slices.Contains(ours, key) {
				value = v.AsString()
			}
		}
		if f[name] == nil {
			f[name] = map[string]int64{}
		}
		f[name][value] += p.IntValue()
	}
}

// lines is the number of lines read.
func (f figures) lines() (n int64) {
	for _, v := range f["receiver_iis_log_lines"] {
		n += v
	}
	return n
}

// evaluable is the number of records of which a window is made: neither lines
// that iis_log drops nor records that are no web request are among them.
func (f figures) evaluable() (n int64) {
	for outcome, v := range f["processor_rare_client_records"] {
		if outcome != "not_a_request" {
			n += v
		}
	}
	return n
}

// waiting is the number of files whose lines nobody has taken yet.
func (f figures) waiting() int64 { return f["receiver_iis_log_files_waiting"][""] }

// What a person reads for an attribute's value; stages in their order.
var (
	kinds = [][2]string{
		{"record", "requests"},
		{"dropped", "requests"},
		{"error", "could not be read"},
		{"directive", "directives (#Fields and so on)"},
		{"blank", "blank"},
	}
	stages = [][2]string{
		{"not_a_request", "no web request"},
		{"extension", "no wanted extension"},
		{"status", "no wanted status"},
		{"private_client", "private client address"},
		{"private_server", "private server address"},
		{"user_agent", "no wanted user agent"},
		{"method", "no wanted method"},
		{"path_prefix", "in no wanted folder"},
	}
)

// run makes the report's part about what was read.
func (f figures) run() *report.Run {
	r := &report.Run{}
	add := func(to *[]report.Count, name string, n int64) {
		for i := range *to {
			if (*to)[i].Name == name {
				(*to)[i].Count += n
				return
			}
		}
		if n > 0 {
			*to = append(*to, report.Count{Name: name, Count: n})
		}
	}
	for _, k := range kinds {
		add(&r.Lines, k[1], f["receiver_iis_log_lines"][k[0]])
	}
	records := f["processor_rare_client_records"]
	for _, s := range stages {
		// iis_log's match drops lines by the same stages before they are records.
		add(&r.Stages, s[1], records[s[0]]+f["receiver_iis_log_lines_dropped"][s[0]])
	}
	matched := records["matched"]
	for _, name := range slices.Sorted(maps.Keys(f["processor_rare_client_excluded"])) {
		n := f["processor_rare_client_excluded"][name]
		add(&r.Stages, "exclusion "+name, n)
		matched -= n
	}
	add(&r.Stages, "passed every stage", matched)
	for _, n := range f["processor_rare_client_detections_dropped"] {
		r.Dropped += n
	}
	if f["processor_rare_client_lost"]["file_unreadable"] == 0 { // else it is told with the windows
		for _, n := range f["processor_rare_client_sender_unread"] {
			add(&r.Lost, "file_unreadable", n)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(f["processor_rare_client_lost"])) {
		add(&r.Lost, reason, f["processor_rare_client_lost"][reason])
	}
	return r
}
