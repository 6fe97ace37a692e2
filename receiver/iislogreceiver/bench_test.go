// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/iishunt/iishunt/internal/progress"
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

const benchHeader = "#Fields: date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip " +
	"cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\n"

// benchChunk is 64 KiB of lines of 22 columns with ten user agents.
func benchChunk() (chunk string, lines int) {
	var b strings.Builder
	for b.Len() < 64<<10-400 {
		fmt.Fprintf(&b, "2026-03-02 10:%02d:%02d W3SVC1 WEB01 192.0.2.10 GET /shop/catalogue/item%d.aspx id=%d&lang=en 443 - 198.51.100.%d "+
			"HTTP/1.1 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/14%d.0.0.0+Safari/537.36 "+
			"- https://shop.example.com/shop/catalogue/ shop.example.com 200 0 0 18234 612 %d\n",
			lines/600%60, lines/10%60, lines%97, lines, lines%256, lines%10, lines)
		lines++
	}
	return b.String(), lines
}

// BenchmarkEmit is fileconsumer's callback into a consumer that does nothing:
// from tokens to log records.
func BenchmarkEmit(b *testing.B) {
	for _, body := range []string{BodyOriginal, BodyNone} {
		for _, told := range []bool{false, true} {
			b.Run(fmt.Sprintf("body=%s/progress=%t", body, told), func(b *testing.B) {
				chunk, lines := benchChunk()
				benchEmit(b, chunk, lines, func(cfg *Config) { cfg.Body, cfg.Progress.Enabled = body, told })
			})
		}
	}
}

// BenchmarkMatch is BenchmarkEmit with match, where each line is dropped, and
// where one in six matches.
func BenchmarkMatch(b *testing.B) {
	chunk, lines := benchChunk()
	none := strings.ReplaceAll(chunk, ".aspx", ".html")
	var some strings.Builder
	for i, line := range strings.SplitAfter(none, "\n") {
		if i%6 == 0 {
			line = strings.Replace(line, ".html", ".aspx", 1)
		}
		some.WriteString(line)
	}
	for _, bb := range []struct{ name, chunk string }{{"none", none}, {"some", some.String()}} {
		for _, told := range []bool{false, true} {
			b.Run(fmt.Sprintf("matching=%s/progress=%t", bb.name, told), func(b *testing.B) {
				benchEmit(b, bb.chunk, lines, func(cfg *Config) {
					r := rule.DefaultConfig()
					cfg.Match = &r.Match
					cfg.Match.PrivateServers = rule.Include
					cfg.Progress.Enabled = told
				})
			})
		}
	}
}

func benchEmit(b *testing.B, chunk string, lines int, configure func(*Config)) {
	cfg := createDefaultConfig().(*Config)
	cfg.Include = []string{"*.log"}
	configure(cfg)
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	r, err := newReceiver(set, cfg, consumertest.NewNop(), time.Now)
	require.NoError(b, err)
	defer r.stopDelivery()

	token := []byte(chunk)
	attributes := map[string]any{tail.AttrFileName: "u_ex260302.log", tail.AttrFilePath: "/logs/W3SVC1/u_ex260302.log"}
	require.NoError(b, r.tail.Emit(b.Context(), [][]byte{[]byte(benchHeader)}, attributes, 0, []int64{0, int64(len(benchHeader))}))
	// As many tokens as a file of some megabytes has at once.
	tokens, offsets := make([][]byte, 100), make([]int64, 101)
	at := int64(len(benchHeader))
	b.SetBytes(int64(len(token) / lines))
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += lines * len(tokens) {
		for i := range tokens {
			tokens[i], offsets[i] = token, at
			at += int64(len(token))
		}
		offsets[len(tokens)] = at
		if err := r.tail.Emit(b.Context(), tokens, attributes, 0, offsets); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReceiver reads a whole file of about 64 MB from disk into a consumer
// that does nothing.
func BenchmarkReceiver(b *testing.B) {
	const chunks = 1000
	chunk, lines := benchChunk()
	path := filepath.Join(b.TempDir(), "u_ex260302.log")
	require.NoError(b, os.WriteFile(path, []byte(benchHeader+strings.Repeat(chunk, chunks)), 0o600))
	cfg := createDefaultConfig().(*Config)
	cfg.Include = []string{path}
	cfg.StartAt = "beginning"
	cfg.PollInterval = time.Millisecond
	b.SetBytes(int64(len(chunk) * chunks))
	for b.Loop() {
		next := &counting{all: make(chan struct{}), want: int64(lines * chunks)}
		r, err := NewFactory().CreateLogs(b.Context(), receivertest.NewNopSettings(metadata.Type), cfg, next)
		require.NoError(b, err)
		require.NoError(b, r.Start(b.Context(), componenttest.NewNopHost()))
		<-next.all
		require.NoError(b, r.Shutdown(b.Context()))
	}
	b.ReportMetric(float64(lines*chunks*b.N)/b.Elapsed().Seconds(), "lines/s")
}

// counting closes all when it got as many records as it wants.
type counting struct {
	want, got int64
	all       chan struct{}
}

func (*counting) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (c *counting) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	if progress.Is(recordsOf([]plog.Logs{logs})[0]) {
		return nil
	}
	c.got += int64(logs.LogRecordCount())
	if c.got == c.want {
		close(c.all)
	}
	return nil
}
