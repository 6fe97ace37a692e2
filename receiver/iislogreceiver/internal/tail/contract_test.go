// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// What is relied on though fileconsumer does not promise it, one test each. If
// one fails after an update, look in the file that is named there.

// follow runs a fileconsumer over *.log of a folder, with emit as its callback,
// and returns what stops it.
func follow(t *testing.T, dir string, keep persister, emit emitFunc) (stop func()) {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Include = []string{filepath.Join(dir, "*.log")}
	cfg.StartAt = "beginning"
	cfg.PollInterval = 5 * time.Millisecond
	never := func([]byte) bool { return false }
	m, err := buildManager(cfg, componenttest.NewNopTelemetrySettings(), emit, tails{due: never, settled: never})
	require.NoError(t, err)
	require.NoError(t, m.Start(keep))
	return sync.OnceFunc(func() { require.NoError(t, m.Stop()) })
}

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, errors.Join(err, file.Close()))
}

func soon(t *testing.T, cond func() bool, what string) {
	t.Helper()
	require.Eventually(t, cond, time.Minute, time.Millisecond, what)
}

// shortfiles.go, offsetcheck.go and the notes of tail.go keep what they know in
// the map of attributes: it is the live one, and is saved with the offset under
// "knownFiles", which checkpoint.go looks for.
func TestContractAttributesAreSavedWithTheOffset(t *testing.T) {
	dir, mem := t.TempDir(), newMemory(t)
	write(t, filepath.Join(dir, "a.log"), lines1(0, 500))
	var calls atomic.Int32
	stop := follow(t, dir, mem, func(_ context.Context, _ [][]byte, attributes map[string]any, _ int64, _ []int64) error {
		attributes["iishunt.test"] = "kept"
		calls.Add(1)
		return nil
	})
	soon(t, func() bool { return len(mem.value(checkpointKey)) > 0 && calls.Load() > 0 }, "nothing is saved under "+checkpointKey)
	stop()

	write(t, filepath.Join(dir, "a.log"), line1(500))
	got := make(chan string, 1)
	stop = follow(t, dir, mem, func(_ context.Context, tokens [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
		got <- fmt.Sprint(string(tokens[0]), attributes["iishunt.test"], offsets[0] == int64(len(lines1(0, 500))))
		return nil
	})
	defer stop()
	require.Equal(t, line1(500)+"kepttrue", <-got)
}

// convert keeps strings that share the bytes of tokens.
func TestContractTokensAreFresh(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	var kept []string
	var tokens [][]byte
	stop := follow(t, dir, nil, func(_ context.Context, batch [][]byte, _ map[string]any, _ int64, _ []int64) error {
		mu.Lock()
		defer mu.Unlock()
		for _, token := range batch {
			kept, tokens = append(kept, string(token)), append(tokens, token)
		}
		return nil
	})
	for n := range 20 {
		write(t, filepath.Join(dir, "a.log"), lines1(1000*n, 1000*(n+1)))
		soon(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return strings.HasSuffix(strings.Join(kept, ""), line1(1000*(n+1)-1))
		}, "not read")
	}
	stop()
	for i := range tokens {
		require.Equal(t, kept[i], string(tokens[i]))
	}
	require.Equal(t, lines1(0, 20_000), strings.Join(kept, ""))
}

// convert keeps the state of a file in the worker that serves the call; offsets
// are where each token begins, and where the last one ends.
func TestContractCallsOfAFileAreSerialAndInOrder(t *testing.T) {
	dir := t.TempDir()
	const files, size = 8, 40_000
	for n := range files {
		write(t, filepath.Join(dir, fmt.Sprintf("%d.log", n)), fmt.Sprintf("# %d %s\n", n, strings.Repeat("x", 5000))+lines1(0, size))
	}
	var mu sync.Mutex
	busy, at := map[string]bool{}, map[string]int64{}
	wrong := ""
	stop := follow(t, dir, nil, func(_ context.Context, tokens [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
		path := attributes[AttrFilePath].(string)
		mu.Lock()
		if busy[path] || offsets[0] != at[path] || len(offsets) < len(tokens)+1 {
			wrong = path
		}
		busy[path], at[path] = true, offsets[len(tokens)]
		for i, token := range tokens {
			if offsets[i+1]-offsets[i] != int64(len(token)) {
				wrong = path
			}
		}
		mu.Unlock()
		time.Sleep(time.Microsecond)
		mu.Lock()
		busy[path] = false
		mu.Unlock()
		return nil
	})
	soon(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		for n := range files {
			if at[filepath.Join(dir, fmt.Sprintf("%d.log", n))] != int64(len(fmt.Sprintf("# %d %s\n", n, strings.Repeat("x", 5000))+lines1(0, size))) {
				return false
			}
		}
		return true
	}, "not read")
	stop()
	require.Empty(t, wrong)
}

// deliver retries within the callback, because reading goes on behind tokens
// whose callback failed.
func TestContractAnErrorOfTheCallbackLosesItsTokens(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.log"), line1(1))
	got := make(chan string, 10)
	stop := follow(t, dir, nil, func(_ context.Context, tokens [][]byte, _ map[string]any, _ int64, _ []int64) error {
		got <- string(slices.Concat(tokens...))
		return errors.New("refused")
	})
	defer stop()
	require.Equal(t, line1(1), <-got)
	write(t, filepath.Join(dir, "a.log"), line1(2))
	require.Equal(t, line1(2), <-got)
}

// Tailer.Emit returns when the receiver is stopped. Stop waits for that and saves,
// but the offset is not moved on behind the tokens: what was not delivered is read
// again, and resume.go leaves out what was.
func TestContractStopWaitsForTheCallbackAndKeepsItsOffset(t *testing.T) {
	dir, mem := t.TempDir(), newMemory(t)
	write(t, filepath.Join(dir, "a.log"), line1(1))
	called, returned := make(chan struct{}), false
	stop := follow(t, dir, mem, func(ctx context.Context, _ [][]byte, attributes map[string]any, _ int64, _ []int64) error {
		close(called)
		<-ctx.Done()
		attributes["note"] = "of the callback"
		returned = true
		return nil
	})
	<-called
	require.Empty(t, mem.value(checkpointKey), "nothing is saved while a callback runs")
	stop()
	require.True(t, returned)
	require.Contains(t, string(mem.value(checkpointKey)), "of the callback")

	got := make(chan string, 1)
	stop = follow(t, dir, mem, func(_ context.Context, tokens [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
		got <- fmt.Sprint(offsets[0], attributes["note"], string(slices.Concat(tokens...)))
		return nil
	})
	defer stop()
	require.Equal(t, fmt.Sprint(0, "of the callback", line1(1)), <-got)
}

// The tests, and sayings about files that were away, rely on the key that is
// written at the end of each poll when polls are archived.
func TestContractTheEndOfAPollIsSaved(t *testing.T) {
	dir, mem := t.TempDir(), newMemory(t)
	cfg := DefaultConfig()
	cfg.Include = []string{filepath.Join(dir, "*.log")}
	cfg.PollInterval, cfg.PollsToArchive = time.Millisecond, 3
	nop := func(context.Context, [][]byte, map[string]any, int64, []int64) error { return nil }
	m, err := buildManager(cfg, componenttest.NewNopTelemetrySettings(), nop, tails{})
	require.NoError(t, err)
	require.NoError(t, m.Start(mem))
	soon(t, func() bool { return len(mem.value(archiveKey)) > 0 }, "nothing is saved under "+archiveKey)
	require.NoError(t, m.Stop())
}

// The looks are heard: fileconsumer says when one begins, with the paths, when it
// begins to read some of them, and which it takes for copies, and at none of these
// moments does it read.
func TestContractTheLooksAreSaid(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.log"), lines1(0, 500))
	write(t, filepath.Join(dir, "b.log"), lines1(0, 500))
	cfg := DefaultConfig()
	cfg.Include = []string{filepath.Join(dir, "*.log")}
	cfg.StartAt = "beginning"
	cfg.PollInterval = 5 * time.Millisecond
	set := componenttest.NewNopTelemetrySettings()
	core, said := observer.New(zapcore.DebugLevel)
	set.Logger = zap.New(core)
	nop := func(context.Context, [][]byte, map[string]any, int64, []int64) error { return nil }
	m, err := buildManager(cfg, set, nop, tails{})
	require.NoError(t, err)
	require.NoError(t, m.Start(nil))
	soon(t, func() bool { return said.FilterMessage(saysLook).Len() > 1 }, saysLook)
	require.NoError(t, m.Stop())
	look := said.FilterMessage(saysLook).All()[0]
	require.Equal(t, []string{filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")}, pathsOf(look.Context))
	require.NotZero(t, said.FilterMessage(saysStep).Len())
	require.Equal(t, filepath.Join(dir, "b.log"), pathOf(said.FilterMessage(saysCopy).All()[0].Context))
}
