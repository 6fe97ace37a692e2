// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

func parseSelector(selector string) ([]*labels.Matcher, error) {
	return parser.NewParser(parser.Options{}).ParseMetricSelector(selector)
}

const dashboards = root + "/config/grafana"

// target is a query of a dashboard.
type target struct {
	Expr       string
	Datasource struct{ Type string }
}

// targets returns the queries of all dashboards for this kind of data source.
func targets(t *testing.T, kind string) []string {
	paths, err := filepath.Glob(dashboards + "/*.json")
	require.NoError(t, err)
	var out []string
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var board struct {
			Panels []struct {
				Type, Title, Description string
				Targets                  []target
			}
		}
		require.NoError(t, json.Unmarshal(raw, &board), path)
		for _, p := range board.Panels {
			require.True(t, p.Type == "row" || p.Description != "" && len(p.Targets) > 0, "%s: %s", path, p.Title)
			for _, q := range p.Targets {
				if q.Datasource.Type == kind {
					out = append(out, q.Expr)
				}
			}
		}
	}
	require.NotEmpty(t, out)
	return out
}

// grafana are the values that Grafana gives its variables.
var grafana = strings.NewReplacer("$__rate_interval", "5m", "$__range", "1d", "$__interval", "1m",
	"$job", ".*", "$instance", ".*", "$service", "unknown_service", "$rule", ".*")

// selectors returns what the dashboards and the alert rules read, by the
// selector's text: the matchers without job and instance, which Prometheus adds.
func selectors(t *testing.T) map[string][]*labels.Matcher {
	var queries []string
	for _, q := range targets(t, "prometheus") {
		queries = append(queries, grafana.Replace(q))
	}
	for _, g := range ruleGroups(t) {
		for _, r := range g.Rules {
			queries = append(queries, r.Expr)
		}
	}
	out := map[string][]*labels.Matcher{}
	for _, q := range queries {
		parser.Inspect(parseQuery(t, q), func(n parser.Node, _ []parser.Node) error {
			if s, ok := n.(*parser.VectorSelector); ok {
				own := slices.DeleteFunc(slices.Clone(s.LabelMatchers), func(m *labels.Matcher) bool {
					return m.Name == "job" || m.Name == "instance"
				})
				out[fmt.Sprint(own)] = own
			}
			return nil
		})
	}
	return out
}

const webFields = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status"

// line is one of a log with webFields.
func line(at time.Time, server, path, client, agent string, status int) string {
	return fmt.Sprintf("%s %s GET %s - 443 - %s %s %d", at.UTC().Format("2006-01-02 15:04:05"), server, path, client, agent, status)
}

const (
	aServer = "198.51.100.10"
	aClient = "203.0.113.77"
	browser = "Mozilla/5.0+(X11)"
)

func appendLines(t *testing.T, path string, lines ...string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.WriteString(strings.Join(lines, "\r\n") + "\r\n")
	require.NoError(t, errors.Join(err, f.Close()))
}

// everything is a Collector in which every metric can move.
func everything(logs, backend string) string {
	return `
extensions: {disk: {}, disk/impatient: {}}
receivers:
  iis_log:
    include: ['` + logs + `/*/u_ex*.log*']
    start_at: beginning
    compression: auto
    poll_interval: 20ms
    progress: {interval: 1s}
    storage: disk
  iis_log/impatient:
    include: ['` + logs + `/*/u_nc*.log']
    start_at: beginning
    poll_interval: 20ms
    progress: {enabled: false} # a source that tells nothing
    storage: disk/impatient
    retry_on_failure: {initial_interval: 5ms, max_interval: 10ms, max_elapsed_time: 50ms}
processors:
  rare_client:
    forward: none
    idle_timeout: 2s
    sender_timeout: 3s
    suppress_for: 240h
    max_groups: 4
    storage: disk
    exclude: [{name: scanners, paths: [/health]}]
  rare_client/refused: {forward: none, idle_timeout: 200ms, sender_timeout: 3s}
  rare_client/narrow: {forward: none, idle_timeout: 200ms, sender_timeout: 3s, senders: [never.example.com], match: {methods: [GET], path_prefixes: [/up]}}
  dropper: {}
exporters:
  sink/detections: {}
  sink/refusing: {}
  sink/narrow: {}
  otlp_http/refused: {endpoint: '` + backend + `/refused'}
  otlp_http/busy: {endpoint: '` + backend + `/busy'}
service:
  extensions: [disk, disk/impatient]
  pipelines:
    logs: {receivers: [iis_log, iis_log/impatient], processors: [rare_client], exporters: [sink/detections, otlp_http/refused, otlp_http/busy]}
    logs/refused: {receivers: [iis_log], processors: [rare_client/refused], exporters: [sink/refusing]}
    logs/narrow: {receivers: [iis_log], processors: [dropper, rare_client/narrow], exporters: [sink/narrow]}
`
}

// moveEverything runs a Collector through what can go well and what can go wrong,
// and returns all series that a Prometheus at its endpoint could have seen.
func moveEverything(t *testing.T) *scraper {
	logs, s, out := t.TempDir(), newSinks(), newScraper(t)
	refusing := s.get("sink/refusing")
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/busy") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}))
	defer backend.Close()
	start := func() *collector {
		port := freePort(t)
		out.url = fmt.Sprintf("http://127.0.0.1:%d/metrics", port)
		return startCollectorWith(t, s, everything(logs, backend.URL), pullReader(port))
	}
	web := filepath.Join(logs, "W3SVC1", "u_ex1.log")
	midnight := time.Now().UTC().Truncate(24 * time.Hour)
	past := func(days int) time.Time { return midnight.AddDate(0, 0, -days).Add(time.Hour) }
	shell := func(at time.Time) string { return line(at, aServer, "/up/x.aspx", aClient, browser, 200) }

	c := start()
	// A finding each day.
	refusing.refuse(errors.New("backend is down"))
	appendLines(t, web, webFields, "", line(past(9), aServer, "/a.aspx", aClient, browser, 200), "too short", shell(past(8)), shell(past(6)), shell(past(5)))
	out.waitFor("otelcol_processor_rare_client_detections_waiting")
	refusing.refuse(consumererror.NewPermanent(errors.New("too old")))
	out.waitFor("otelcol_processor_rare_client_detections_dropped")
	out.waitFor(`otelcol_processor_rare_client_detections{complete="true"}`)
	out.waitFor("otelcol_processor_rare_client_detections_suppressed")
	// What is behind the queues of exporters.
	out.waitFor("otelcol_exporter_send_failed_log_records")
	out.waitFor("otelcol_exporter_queue_size")
	// A source that tells nothing.
	appendLines(t, filepath.Join(logs, "W3SVC4", "u_nc4.log"), webFields, line(time.Now(), aServer, "/a.aspx", aClient, browser, 200))
	out.waitFor("otelcol_processor_rare_client_sources")
	// A line that is lost on its way, and an archive that is damaged.
	require.NoError(t, os.WriteFile(filepath.Join(logs, "W3SVC1", "u_ex9.log.gz"), []byte("\x1f\x8b no archive"), 0o600))
	appendLines(t, web, line(time.Now(), aServer, droppedPath, aClient, browser, 200))
	out.waitFor("otelcol_processor_rare_client_ranges_lost")
	out.waitFor("otelcol_processor_rare_client_sender_unread")
	// Every stage of today, more groups than there is room for, a line that does not fit.
	now := time.Now()
	appendLines(t, web,
		line(now, aServer, "/a.css", aClient, browser, 200), line(now, aServer, "/a.aspx", aClient, browser, 404),
		line(now, aServer, "/a.aspx", "10.0.0.1", browser, 200), line(now, "10.0.0.2", "/a.aspx", aClient, browser, 200),
		line(now, aServer, "/a.aspx", aClient, "curl", 200), line(now, aServer, "/health/a.aspx", aClient, browser, 200),
		line(now, aServer, "/b.aspx", "203.0.113.1", browser, 200), line(now, aServer, "/b.aspx", "203.0.113.2", browser, 200),
		line(now, aServer, "/c.aspx", aClient, browser, 200), line(now, aServer, "/d.aspx", aClient, browser, 200),
		line(now, aServer, "/e.aspx", aClient, browser, 200), line(now, aServer, "/i.aspx", aClient, browser, 200), line(now.Add(time.Hour), aServer, "/c.aspx", aClient, browser, 200),
		strings.Replace(line(now, aServer, "/e.aspx", aClient, browser, 200), " GET ", " POST ", 1),
		"too short", shell(past(9)))
	out.waitFor(`otelcol_processor_rare_client_lost{reason="max_groups"}`)
	out.waitFor(`otelcol_processor_rare_client_lost{reason="late"}`)
	// Logs without c-ip, and logs that are no web logs.
	appendLines(t, filepath.Join(logs, "W3SVC2", "u_ex2.log"),
		"#Fields: date time cs-uri-stem cs(User-Agent) sc-status", now.UTC().Format("2006-01-02 15:04:05")+" /a.aspx "+browser+" 200")
	appendLines(t, filepath.Join(logs, "MSFTPSVC1", "u_ex3.log"), "#Fields: date time x-note", now.UTC().Format("2006-01-02 15:04:05")+" hello")
	out.waitFor("otelcol_receiver_iis_log_missing_columns")
	out.waitFor(`otelcol_processor_rare_client_records{outcome="not_a_request"}`)
	// The disk is full: the first record waits; others are refused, and lost where
	// nobody offers them again.
	s.diskFull.Store(true)
	appendLines(t, web, line(now, aServer, "/f.aspx", aClient, browser, 200))
	out.waitFor("otelcol_processor_rare_client_storage_failures")
	out.waitFor("otelcol_receiver_iis_log_files_waiting")
	appendLines(t, filepath.Join(logs, "W3SVC4", "u_nc4.log"), line(now, aServer, "/g.aspx", aClient, browser, 200))
	out.waitFor("otelcol_processor_rare_client_refused")
	out.waitFor("otelcol_receiver_iis_log_records_dropped")
	out.waitFor("otelcol_receiver_iis_log_checkpoint_failures")
	out.waitFor(`otelcol_processor_rare_client_senders{waited="false"}`)
	s.diskFull.Store(false)
	out.waitFor("otelcol_processor_rare_client_storage_size")
	c.shutdown()
	// The stored state is damaged.
	for _, key := range s.disk.Keys() {
		if strings.HasPrefix(key, "l/") || strings.HasPrefix(key, "s/") {
			s.disk.Change(key, func([]byte) []byte { return []byte("damaged") })
		}
	}
	c = start()
	out.waitFor(`otelcol_processor_rare_client_lost{reason="state_lost"}`)
	c.shutdown()
	return out
}

// Every series that a dashboard or an alert rule reads is there, by its name and
// labels, in what a real Collector shows, and was above 0.
func TestDashboardsAndAlertsReadMetricsThatMove(t *testing.T) {
	seen := moveEverything(t)
	for _, text := range slices.Sorted(maps.Keys(selectors(t))) {
		highest, series := seen.highestOf(selectors(t)[text])
		require.NotZero(t, series, "no series fits %s", text)
		require.Positive(t, highest, "never moved: %s", text)
	}
}

// The dashboards and rules read both components by one pattern: what was seen of
// the processor must be there for the connector, too.
func TestProcessorAndConnectorHaveTheSameMetrics(t *testing.T) {
	names := func(path, kind string) []string {
		text, err := os.ReadFile(filepath.Join(root, path, "documentation.md"))
		require.NoError(t, err)
		var out []string
		for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
			if name, ok := strings.CutPrefix(m[1], "otelcol_"+kind+"_rare_client_"); ok {
				out = append(out, name)
			}
		}
		return out
	}
	processor := names("processor/rareclientprocessor", "processor")
	require.NotEmpty(t, processor)
	require.Equal(t, processor, names("connector/rareclientconnector", "connector"))
}
