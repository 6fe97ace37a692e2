// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/iishunt/iishunt/internal/storagetest"
)

// freePort returns a port of the loopback interface that nobody listens on.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

// pullReader is how config/edge.yaml gives its metrics to Prometheus.
func pullReader(port int) string {
	return fmt.Sprintf("yaml:{service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}}}}", port)
}

// scraper keeps the highest value of every series that a Collector ever showed.
type scraper struct {
	t   *testing.T
	url string

	mu      sync.Mutex // guards everything declared below
	highest map[string]float64
	series  map[string]labels.Labels
}

func newScraper(t *testing.T) *scraper {
	return &scraper{t: t, highest: map[string]float64{}, series: map[string]labels.Labels{}}
}

// scrape reads the endpoint once.
func (s *scraper) scrape() error {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	families := expfmt.NewTextParser(model.LegacyValidation)
	got, err := families.TextToMetricFamilies(res.Body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, family := range got {
		for _, m := range family.GetMetric() {
			b := labels.NewScratchBuilder(len(m.GetLabel()) + 1)
			b.Add(model.MetricNameLabel, name)
			for _, l := range m.GetLabel() {
				b.Add(l.GetName(), l.GetValue())
			}
			b.Sort()
			set := b.Labels()
			value := max(m.GetCounter().GetValue(), m.GetGauge().GetValue(), m.GetUntyped().GetValue())
			s.series[set.String()] = set
			s.highest[set.String()] = max(s.highest[set.String()], value)
		}
	}
	return nil
}

// highestOf returns the highest value of all series that the matchers select,
// and how many there are.
func (s *scraper) highestOf(matchers []*labels.Matcher) (highest float64, series int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, set := range s.series {
		if labels.Selector(matchers).Matches(set) {
			series++
			highest = max(highest, s.highest[key])
		}
	}
	return highest, series
}

// waitFor scrapes until a series of this selector was above 0.
func (s *scraper) waitFor(selector string) {
	s.t.Helper()
	matchers, err := parseSelector(selector)
	require.NoError(s.t, err)
	require.Eventually(s.t, func() bool {
		err := s.scrape()
		highest, _ := s.highestOf(matchers)
		return err == nil && highest > 0
	}, patience, glance, "%s was never above 0", selector)
}

// diskFactory makes a test's disk the storage extension "disk". One with another
// name is empty at each start, and has the same faults.
func diskFactory(s *sinks) extension.Factory {
	return extension.NewFactory(component.MustNewType("disk"),
		func() component.Config { return &struct{}{} },
		func(_ context.Context, set extension.Settings, _ component.Config) (extension.Extension, error) {
			if set.ID.Name() == "" {
				return s.disk, nil
			}
			other := storagetest.NewDisk()
			other.SetFault(s.diskFault)
			return other, nil
		}, component.StabilityLevelStable)
}
