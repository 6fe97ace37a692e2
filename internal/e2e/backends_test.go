// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// detectInto runs a Collector that finds one thing and sends it with this
// exporter, until arrived says so.
func detectInto(t *testing.T, exporter string, arrived func() bool) {
	t.Helper()
	id, _, _ := strings.Cut(exporter, ":")
	yaml := strings.Replace(oneClient(t), "exporters:\n  sink/detections: {}", "exporters:\n  "+exporter, 1)
	yaml = strings.Replace(yaml, "exporters: [sink/detections]", "exporters: ["+id+"]", 1)
	c := startCollector(t, newSinks(), yaml)
	require.Eventually(t, arrived, patience, glance)
	c.shutdown()
}

// stub is an HTTP server that accepts everything and keeps the bodies.
type stub struct {
	url    string
	bodies chan []byte
}

func newStub(t *testing.T, answer string) *stub {
	s := &stub{bodies: make(chan []byte, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			body = z
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.bodies <- raw
		_, _ = io.WriteString(w, answer) // the client may be gone
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *stub) arrived() bool { return len(s.bodies) > 0 }

// requireDetection checks that a record is the detection of oneClient, whole.
func requireDetection(t *testing.T, ld plog.Logs) {
	t.Helper()
	withoutAccounting(ld)
	require.Equal(t, 1, ld.LogRecordCount())
	require.Zero(t, ld.ResourceLogs().At(0).Resource().Attributes().Len(), "it has a resource of its own, without attributes")
	scope := ld.ResourceLogs().At(0).ScopeLogs().At(0)
	require.Equal(t, "github.com/iishunt/iishunt/processor/rareclientprocessor", scope.Scope().Name())
	lr := scope.LogRecords().At(0)
	require.Equal(t, "iishunt.rare_client", lr.EventName())
	require.Equal(t, "2026-03-03 00:00:00 +0000 UTC", lr.Timestamp().AsTime().String(), "the end of the window")
	require.Contains(t, lr.Body().Str(), "1 client (203.0.113.77)")
	a := lr.Attributes()
	complete, _ := a.Get("detection.complete")
	require.Equal(t, pcommon.ValueTypeBool, complete.Type())
	evidence, _ := a.Get("detection.evidence")
	require.Equal(t, pcommon.ValueTypeMap, evidence.Slice().At(0).Type())
}

func TestOTLPKeepsEverything(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		t.Run(protocol, func(t *testing.T) {
			port, backend := freePort(t), newSinks()
			c := startCollector(t, backend, fmt.Sprintf(`
receivers: {otlp: {protocols: {%s: {endpoint: 127.0.0.1:%d}}}}
exporters: {sink/siem: {}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [sink/siem]}}}
`, protocol, port))
			endpoint := fmt.Sprintf("127.0.0.1:%d", port)
			if protocol == "http" {
				endpoint = "http://" + endpoint
			}
			detectInto(t, fmt.Sprintf("otlp_%s: {endpoint: '%s', tls: {insecure: true}}", protocol, endpoint),
				func() bool { return backend.get("sink/siem").count() > 0 })
			c.shutdown()
			requireDetection(t, backend.get("sink/siem").logs[0])
		})
	}
}

func TestOTLPOverHTTPToASubPath(t *testing.T) {
	loki := newStub(t, "")
	detectInto(t, "otlp_http: {endpoint: '"+loki.url+"/otlp'}", loki.arrived)
	all := plog.NewLogs()
	for range len(loki.bodies) {
		req := plogotlp.NewExportRequest()
		require.NoError(t, req.UnmarshalProto(<-loki.bodies))
		req.Logs().ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	requireDetection(t, all)
}

func TestKafkaKeepsEverything(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "iishunt_detections"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics("iishunt_detections"))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	var got *kgo.Record
	var all plog.Logs
	detectInto(t, fmt.Sprintf("kafka: {brokers: [%s], logs: {topic: iishunt_detections, encoding: otlp_json}}", cluster.ListenAddrs()[0]),
		func() bool {
			fetches := client.PollFetches(t.Context())
			fetches.EachRecord(func(r *kgo.Record) {
				req := plogotlp.NewExportRequest()
				require.NoError(t, req.UnmarshalJSON(r.Value))
				if withoutAccounting(req.Logs()); req.Logs().LogRecordCount() > 0 {
					got, all = r, req.Logs()
				}
			})
			return got != nil
		})
	requireDetection(t, all)
	require.Empty(t, got.Key, "the partition is not chosen by the content")
}

var (
	lokiLabel = regexp.MustCompile(`(?:\||by \(|unwrap|,) ?([a-z]+_[a-z_]+)\b`)
	notALabel = regexp.MustCompile(`^(count|sum|max|min)_over_time$`)
)

// The dashboard of the detections names attributes as Loki does: structured
// metadata, with _ for each dot.
func TestTheLokiDashboardNamesAttributesOfADetection(t *testing.T) {
	s := newSinks()
	c := startCollector(t, s, oneClient(t))
	c.waitForLog(allEvaluated)
	c.shutdown()
	known := map[string]bool{"scope_name": true, "service_name": true, "detection_new": true} // new: once there is a history
	for name := range s.get("sink/detections").records()[0].Attributes().All() {
		known[strings.ReplaceAll(name, ".", "_")] = true
	}
	n := 0
	for _, q := range targets(t, "loki") {
		for _, m := range lokiLabel.FindAllStringSubmatch(q, -1) {
			if notALabel.MatchString(m[1]) {
				continue
			}
			n++
			require.True(t, known[m[1]], "%s in %s", m[1], q)
		}
	}
	require.Greater(t, n, 20)
}
