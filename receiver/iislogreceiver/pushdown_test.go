// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/processor/rareclientprocessor"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadatatest"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// hunted is what came out of iis_log and rare_client together.
type hunted struct {
	detections []string // as JSON, sorted
	// metrics are rare_client's by name and attributes, with iis_log's dropped
	// lines added to its records.
	metrics map[string]int64
	dropped int64
}

// The detections and all that rare_client counts are the same with and without
// match in the receiver.
func TestMatchChangesNoDetection(t *testing.T) {
	var dropped, found, incomplete int64
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			c := newHuntCase(rnd)
			c.files(rnd)
			without := c.hunt(t, false)
			with := c.hunt(t, true)
			require.Equal(t, without.detections, with.detections)
			if c.sentinel {
				// Stages of different kinds drop the same lines.
				require.Equal(t, sumOfRecords(without.metrics), sumOfRecords(with.metrics))
			}
			require.Equal(t, without.metrics, with.metrics)
			require.Zero(t, without.dropped)
			dropped += with.dropped
			found += int64(len(with.detections))
			for _, d := range with.detections {
				if strings.Contains(d, "parse_error") {
					incomplete++
				}
			}
		})
	}
	t.Logf("%d lines dropped, %d detections, %d of them doubtful because of an unreadable line", dropped, found, incomplete)
	require.NotZero(t, min(dropped, found, incomplete), "the cases show nothing")
}

// sumOfRecords takes the records out of metrics and returns how many they are.
func sumOfRecords(metrics map[string]int64) (sum int64) {
	for name, n := range metrics {
		if strings.HasPrefix(name, "records ") {
			sum += n
			delete(metrics, name)
		}
	}
	return sum
}

// huntCase is a configuration and what happens.
type huntCase struct {
	match    rule.MatchConfig
	sentinel bool
	receiver func(*Config)
	rule     func(*rareclientprocessor.Config)
	steps    []huntStep
	lines    int64
}

// huntStep is a piece of a file that is read after a while.
type huntStep struct {
	path string
	text string
	at   int64
	wait time.Duration
}

func newHuntCase(rnd *rand.Rand) *huntCase {
	c := &huntCase{sentinel: rnd.IntN(6) == 0}
	c.match = rule.MatchConfig{
		Extensions:        some(rnd, ".php", ".aspx", ".asp", "cfml", "set:php", "set:all_scripts"),
		StatusCodes:       some(rnd, 200, 404),
		UserAgentPrefixes: some(rnd, "Mozilla", "mozilla/5.0 (", "caf"),
		PrivateClients:    pick(rnd, rule.Include, rule.Exclude),
		PrivateServers:    pick(rnd, rule.Include, rule.Exclude),
		Methods:           pick(rnd, nil, nil, some(rnd, "POST", "get", "M-POST")),
		PathPrefixes:      pick(rnd, nil, nil, some(rnd, "/a/", "/B", "/\uefc0\uefaf1.aspx")),
	}
	proxied, plus, body := rnd.IntN(3) == 0, rnd.IntN(4) > 0, pick(rnd, BodyOriginal, BodyNone)
	header, maxLength := pick(rnd, "X-Forwarded-For", "Forwarded", "CF-Connecting-IP"), pick(rnd, 0, 20, 4096)
	include := pick(rnd, nil, nil, nil, []string{"c-ip", "cs-uri-stem", "cs(User-Agent)", "sc-status", "cs-host"}, []string{"cs-uri-stem", "c-ip"})
	onError, withPath := pick(rnd, OnErrorSend, OnErrorSend, OnErrorDrop), rnd.IntN(2) == 0
	c.receiver = func(cfg *Config) {
		cfg.DecodePlus, cfg.Body, cfg.Fields.Include, cfg.OnError, cfg.IncludeFilePath = plus, body, include, onError, withPath
		if proxied {
			cfg.ClientAddress = ClientAddressConfig{Header: header, TrustedProxies: []string{"10.0.0.0/8", "192.0.2.0/24"}, MaxLength: maxLength}
		}
	}
	window, lateness := pick(rnd, 4*time.Minute, 4*time.Hour, 24*time.Hour), pick(rnd, 0, 2*time.Second, 10*time.Minute)
	every := pick(rnd, 0, window/4, window/2)
	group, threshold := pick(rnd, nil, []string{"iis.page"}, []string{"url.path"}, []string{"url.path", "user_agent.original"}), 1+rnd.IntN(3)
	count := pick(rnd, rule.DefaultConfig().Count, rule.CountConfig{Attribute: "client.address", IPv4Prefix: 24, IPv6Prefix: 48},
		rule.CountConfig{Attribute: "server.address", IPv4Prefix: 32})
	c.rule = func(cfg *rareclientprocessor.Config) {
		cfg.Forward = rareclientprocessor.ForwardNone
		cfg.WindowRecords = false // they count the lines that came
		cfg.Window, cfg.Every, cfg.GroupBy, cfg.ClientThreshold, cfg.Count = window, every, group, threshold, count
		cfg.Comparison = rule.LessOrEqual
		cfg.AllowedLateness, cfg.IdleTimeout, cfg.SuppressFor = lateness, 20*time.Second, 2*window
		cfg.Exclude = []rule.ExcludeConfig{{Name: "ours", Clients: []string{"203.0.113.1"}, Paths: []string{"/b/"}}}
	}
	return c
}

func pick[T any](rnd *rand.Rand, of ...T) T { return of[rnd.IntN(len(of))] }

// some returns any of the values, perhaps none.
func some[T any](rnd *rand.Rand, of ...T) []T {
	out := []T{}
	for _, v := range of {
		if rnd.IntN(2) == 0 {
			out = append(out, v)
		}
	}
	return out
}

// files makes up the files and the order in which pieces of them are read.
func (c *huntCase) files(rnd *rand.Rand) {
	var files []huntStep
	for i := range 1 + rnd.IntN(3) {
		l := newHuntLog(rnd, rnd.IntN(3000))
		files = append(files, huntStep{path: fmt.Sprintf("/logs/W3SVC%d/u_ex260302.log", i+1), text: l.String()})
		c.lines += l.lines
	}
	rest := slices.Clone(files)
	for len(rest) > 0 {
		i := rnd.IntN(len(rest))
		f := &rest[i]
		n := cutAfterLine(f.text, rnd.IntN(1<<pick(rnd, 8, 12, 16, 18)))
		c.steps = append(c.steps, huntStep{f.path, f.text[:n], f.at, time.Duration(rnd.IntN(5)) * time.Second})
		f.text, f.at = f.text[n:], f.at+int64(n)
		if f.text == "" {
			rest = slices.Delete(rest, i, i+1)
		}
	}
}

// cutAfterLine returns the end of the line at n, or of the text.
func cutAfterLine(text string, n int) int {
	if n < len(text) {
		if i := strings.IndexByte(text[n:], '\n'); i >= 0 {
			return n + i + 1
		}
	}
	return len(text)
}

// hunt gives the steps to a receiver and a processor.
func (c *huntCase) hunt(t *testing.T, push bool) (out hunted) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(huntDay.Add(20 * time.Hour)))
		tel := componenttest.NewTelemetry()
		set := processortest.NewNopSettings(component.MustNewType("rare_client"))
		set.TelemetrySettings = tel.NewTelemetrySettings()
		cfg := rareclientprocessor.NewFactory().CreateDefaultConfig().(*rareclientprocessor.Config)
		c.rule(cfg)
		cfg.Match = c.match
		pushed := c.match
		if c.sentinel {
			cfg.Semantics = rule.Sentinel
			pushed.PrivateClients, pushed.PrivateServers = rule.Include, rule.Include
		}
		require.NoError(t, cfg.Validate())
		sink := new(consumertest.LogsSink)
		p, err := rareclientprocessor.NewFactory().CreateLogs(t.Context(), set, cfg, sink)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))

		f := &fixture{t: t, cfg: createDefaultConfig().(*Config), sink: new(consumertest.LogsSink), tel: componenttest.NewTelemetry()}
		f.cfg.Progress.Enabled = false
		f.cfg.Include = []string{"*.log"}
		c.receiver(f.cfg)
		if push {
			f.cfg.Match = &pushed
		}
		require.NoError(t, f.cfg.Validate())
		between, err := consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error {
			return consumeAll(ctx, ld, f.sink, p)
		})
		require.NoError(t, err)
		rset := metadatatest.NewSettings(f.tel)
		rset.ID = component.NewID(metadata.Type)
		r, err := newReceiver(rset, f.cfg, between, time.Now)
		require.NoError(t, err)
		attributes := map[string]map[string]any{}
		for _, s := range c.steps {
			time.Sleep(s.wait)
			synctest.Wait()
			a := attributes[s.path]
			if a == nil {
				a = map[string]any{tail.AttrFileName: s.path[len("/logs/W3SVC1/"):], tail.AttrFilePath: s.path}
				attributes[s.path] = a
			}
			require.NoError(t, r.tail.Emit(t.Context(), [][]byte{[]byte(s.text)}, a, 0, []int64{s.at, s.at + int64(len(s.text))}))
		}
		require.NoError(t, r.Shutdown(context.Background()))
		time.Sleep(time.Minute)
		synctest.Wait()
		out.metrics = counters(t, tel, "otelcol_processor_rare_client_")
		require.NoError(t, p.Shutdown(context.Background()))
		assertEquation(t, f, c.lines)
		for stage, n := range f.metric("otelcol_receiver_iis_log_lines_dropped", "stage") {
			out.dropped += n
			out.metrics["records "+stage] += n
		}
		out.detections = asJSON(t, sink)
		require.NoError(t, tel.Shutdown(context.Background()))
		require.NoError(t, f.tel.Shutdown(context.Background()))
	})
	return out
}

// consumeAll gives the records to one consumer after the other.
func consumeAll(ctx context.Context, ld plog.Logs, consumers ...consumer.Logs) error {
	for _, c := range consumers {
		if err := c.ConsumeLogs(ctx, ld); err != nil {
			return err
		}
	}
	return nil
}

func asJSON(t *testing.T, sink *consumertest.LogsSink) []string {
	var out []string
	for _, lr := range recordsOf(sink.AllLogs()) {
		one := plog.NewLogs()
		lr.CopyTo(one.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		text, err := (&plog.JSONMarshaler{}).MarshalLogs(one)
		require.NoError(t, err)
		out = append(out, string(text))
	}
	slices.Sort(out)
	return out
}

// counters reads the sums of a component by name and attribute value.
func counters(t *testing.T, tel *componenttest.Telemetry, prefix string) map[string]int64 {
	var rm metricdata.ResourceMetrics
	require.NoError(t, tel.Reader.Collect(context.Background(), &rm))
	out := map[string]int64{}
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok || !sum.IsMonotonic {
				continue
			}
			for _, p := range sum.DataPoints {
				name := strings.TrimPrefix(m.Name, prefix)
				for _, kv := range p.Attributes.ToSlice() {
					if kv.Key != "processor" { // the component's ID
						name += " " + kv.Value.String()
					}
				}
				if p.Value != 0 {
					out[name] = p.Value
				}
			}
		}
	}
	return out
}
