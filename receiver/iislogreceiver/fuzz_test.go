// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadatatest"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// FuzzEmit gives any file to the callback in tokens of any size: no panic, each
// record is the line it says it is, all text is UTF-8, and an excluded cookie
// is nowhere in a record that was given its columns. Lines in = records + error
// records + dropped + directives + blank lines.
func FuzzEmit(f *testing.F) {
	logs, err := filepath.Glob(filepath.Join(casesDir, "*", "in", "*", "*.log"))
	require.NoError(f, err)
	for i, path := range logs {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(text), uint8(i*40))
	}
	f.Fuzz(func(t *testing.T, file string, limit uint8) {
		cfg := createDefaultConfig().(*Config)
		cfg.Include = []string{"*.log"}
		cfg.MaxLogSize, cfg.InitialBufferSize = 1024, 1024
		cfg.IncludeFileRecordOffset = true
		if limit%2 == 1 {
			rule := rule.DefaultConfig()
			cfg.Match = &rule.Match
		}
		fix := &fixture{t: t, cfg: cfg, sink: new(consumertest.LogsSink), tel: componenttest.NewTelemetry()}
		set := metadatatest.NewSettings(fix.tel)
		set.ID = component.NewID(metadata.Type)
		r, err := newReceiver(set, cfg, fix.sink, time.Now)
		require.NoError(t, err)
		lines := emitFile(t, r, file, 1024-int(limit))
		require.NoError(t, r.Shutdown(context.Background()))
		assertEquation(t, fix, lines)
		sink := fix.sink
		for _, lr := range recordsOf(sink.AllLogs()) {
			at, ok := lr.Attributes().Get(tail.AttrOffset)
			require.True(t, ok)
			require.Less(t, at.Int(), int64(len(file)))
			requireUTF8(t, lr.Body())
			for _, v := range lr.Attributes().All() {
				requireUTF8(t, v)
			}
			_, cookie := lr.Attributes().Get("http.request.header.cookie")
			require.False(t, cookie)
		}
	})
}

// emitFile does what fileconsumer does, with a buffer of size bytes.
// It returns how many lines it gave, counted in the plainest way.
func emitFile(t *testing.T, r *iisReceiver, file string, size int) (lines int64) {
	t.Helper()
	scanner := bufio.NewScanner(strings.NewReader(file))
	scanner.Buffer(make([]byte, 0, size), 1024)
	scanner.Split(func(data []byte, _ bool) (int, []byte, error) {
		n := min(len(data), 1024)
		if n == 0 {
			return 0, nil, nil
		}
		if end := bytes.LastIndexByte(data[:n], '\n') + 1; end > 0 {
			n = end
		}
		return n, data[:n], nil
	})
	attributes := map[string]any{tail.AttrFileName: "a.log", tail.AttrFilePath: "/W3SVC1/a.log"}
	var at int64
	for scanner.Scan() {
		token := []byte(scanner.Text())
		next := at + int64(len(token))
		require.NoError(t, r.tail.Emit(t.Context(), [][]byte{token}, attributes, 0, []int64{at, next}))
		at = next
		endings := anyEnding.FindAllIndex(token, -1)
		lines += int64(len(endings))
		if len(endings) == 0 || endings[len(endings)-1][1] < len(token) {
			lines++ // a piece, or the last line
		}
	}
	require.NoError(t, scanner.Err())
	return lines
}

func requireUTF8(t *testing.T, v pcommon.Value) {
	t.Helper()
	if text := v.AsString(); !utf8.ValidString(text) {
		t.Fatalf("%q is not UTF-8", text)
	}
}
