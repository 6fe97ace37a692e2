// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/iishunt/iishunt/internal/storagetest"
)

var errRefused = errors.New("refused")

// reading is a Tailer on one file, and what its handler was given over all runs.
type reading struct {
	t       *testing.T
	cfg     Config
	disk    *storagetest.Disk
	polls   atomic.Int32
	text    strings.Builder
	calls   int
	stopAt  int  // the call in which the Tailer is stopped, 0 for none
	refuse  bool // does not deliver the chunk of that call
	reached chan struct{}
}

// handle checks that each chunk comes with the note that was made behind the one
// before.
func (r *reading) handle(c *Chunk) error {
	r.calls++
	note, _ := c.Note("length")
	if r.text.Len() > 0 && c.Known == 0 && note != fmt.Sprint(r.text.Len()) {
		panic(fmt.Sprintf("note %q with the chunk at %d, after %d bytes", note, c.Offsets[0], r.text.Len()))
	}
	if r.calls == r.stopAt {
		close(r.reached)
		<-c.Stop
		if r.refuse {
			c.SetNote("length", "of what was not delivered")
			return errRefused
		}
	}
	for i, token := range c.Tokens {
		if c.Offsets[i] >= c.Known {
			r.text.Write(token)
		}
	}
	c.SetNote("length", fmt.Sprint(r.text.Len()))
	return nil
}

// run reads until its third poll has ended, or is stopped in a call.
func (r *reading) run(stopAt int, refuse bool) {
	r.calls, r.stopAt, r.refuse, r.reached = 0, stopAt, refuse, make(chan struct{})
	id := component.MustNewID("disk")
	tailer, err := New(&r.cfg, Settings{
		TelemetrySettings: componenttest.NewNopTelemetrySettings(), StorageID: &id, Meters: nopMeters(r.t), Now: time.Now, Handle: r.handle,
	})
	require.NoError(r.t, err)
	ended := r.polls.Load() + 3
	require.NoError(r.t, tailer.Start(r.t.Context(), storagetest.Host{id: r.disk}))
	if stopAt > 0 {
		<-r.reached
	} else {
		soon(r.t, func() bool { return r.polls.Load() >= ended }, "no polls")
	}
	require.NoError(r.t, tailer.Stop(r.t.Context()))
	require.NoError(r.t, tailer.Close(r.t.Context()))
}

// TestStoppedWhileAChunkIsHandled stops the reading of a long file within the
// nth call of the handler, which then delivers the chunk or not, and goes on after
// that: each line is delivered once, and every chunk comes with the right notes.
func TestStoppedWhileAChunkIsHandled(t *testing.T) {
	// More than short files have, and than three calls get.
	for encoding, lines := range map[string]int{"utf-8": 150_000, "utf-16le": 40_000} {
		for _, nth := range []int{1, 3} {
			for _, refuse := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, call %d, refuse=%v", encoding, nth, refuse), func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					text := header + lines1(0, lines)
					content := text
					if !IsUTF8(encoding) {
						enc, err := LookupEncoding(encoding)
						require.NoError(t, err)
						content, err = enc.NewEncoder().String(text)
						require.NoError(t, err)
					}
					write(t, filepath.Join(dir, "a.log"), content)
					r := &reading{t: t, cfg: DefaultConfig(), disk: storagetest.NewDisk()}
					r.cfg.Include, r.cfg.StartAt, r.cfg.Encoding = []string{filepath.Join(dir, "a.log")}, "beginning", encoding
					r.cfg.PollInterval, r.cfg.PollsToArchive, r.cfg.InitialBufferSize = time.Millisecond, 3, 16<<10
					r.disk.SetFault(func(ops []*storage.Operation) error {
						for _, op := range ops {
							if op.Type == storage.Set && op.Key == archiveKey {
								r.polls.Add(1)
							}
						}
						return nil
					})
					r.run(nth, refuse)
					before := r.text.Len()
					require.Equal(t, !refuse || nth > 1, before > 0)
					require.Less(t, before, len(text))
					r.run(0, false)
					r.run(0, false)
					require.Equal(t, len(text), r.text.Len(), "lines lost or twice, after %d bytes", before)
					require.True(t, r.text.String() == text, "other lines")
				})
			}
		}
	}
}

// TestUndelivered gives tokens again, in other pieces, together with what is kept
// about a place behind their offset.
func TestUndelivered(t *testing.T) {
	text := header + lines1(0, 30)
	for name, change := range map[string]func(f *fixture, attributes map[string]any){
		"the file as it was": func(*fixture, map[string]any) {},
		"the file was moved": func(_ *fixture, a map[string]any) {
			a[placeKey] = strings.Replace(a[placeKey].(string), "a.log", "away", 1)
		},
		"no end is kept":      func(_ *fixture, a map[string]any) { delete(a, endKey) },
		"the end is no place": func(_ *fixture, a map[string]any) { a[endKey] = "x" },
		"the file is another": func(f *fixture, _ map[string]any) { f.write("a.log", strings.ToUpper(text)) },
		"the file is shorter": func(f *fixture, _ map[string]any) { f.write("a.log", text[:len(text)/2]) },
		"the file is gone":    func(f *fixture, _ map[string]any) { require.NoError(f.t, os.Remove(f.path("a.log"))) },
	} {
		t.Run(name, func(t *testing.T) {
			for end := len(header); end <= len(text); end += 7 {
				f := newFixture(t, DefaultConfig())
				f.write("a.log", text)
				attributes := map[string]any{AttrFilePath: f.path("a.log")}
				require.NoError(t, f.tail.Emit(t.Context(), [][]byte{[]byte(text[:end])}, attributes, 0, []int64{0, int64(end)}))
				require.Equal(t, text[:end], f.text.String())
				f.tail.short = newShortFiles(0, 0, time.Now) // which knows short files anyway
				change(f, attributes)
				saved := maps.Clone(attributes)
				tokens, offsets := tokensAt(t, text, 0)
				got, at := f.tail.undelivered(f.tail.chunk(t.Context(), attributes), tokens, offsets)
				require.Equal(t, saved, attributes)
				want := text
				if name == "the file as it was" || name == "the file was moved" {
					want = text[end:]
				}
				var rest strings.Builder
				for i, token := range got {
					require.EqualValues(t, len(text)-len(want)+rest.Len(), at[i])
					rest.Write(token)
				}
				require.Equal(t, want, rest.String())
				require.Len(t, at, len(got)+1)
			}
		})
	}
}

// A file of which the offset is behind the notes, and which was written anew
// meanwhile, is read from its beginning, without them.
func TestUndeliveredInAFileThatWasWrittenAnew(t *testing.T) {
	f := newFixture(t, DefaultConfig())
	old, begin := header+lines1(0, 30), len(header+lines1(0, 10))
	f.write("a.log", old)
	attributes := map[string]any{AttrFilePath: f.path("a.log")}
	require.NoError(t, f.tail.Emit(t.Context(), [][]byte{[]byte(old)}, attributes, 0, []int64{0, int64(len(old))}))
	f.text.Reset()
	f.tail.short = newShortFiles(0, 0, time.Now)
	anew := header + lines1(100, 140)
	f.write("a.log", anew)
	tokens, offsets := tokensAt(t, anew[begin:], int64(begin))
	require.NoError(t, f.tail.Emit(t.Context(), tokens, attributes, 0, offsets))
	require.Equal(t, anew, f.text.String())
}

// What a handler notes of a chunk that it does not deliver is not kept.
func TestNotesOfAChunkThatWasNotDelivered(t *testing.T) {
	f := newFixture(t, DefaultConfig())
	f.write("a.log", header)
	f.tail.handle = func(c *Chunk) error {
		c.SetNote("length", "x")
		return errRefused
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	attributes := map[string]any{AttrFilePath: f.path("a.log"), notePrefix + "state": "y"}
	saved := maps.Clone(attributes)
	require.NoError(t, f.tail.Emit(ctx, [][]byte{[]byte(line1(1))}, attributes, 0, []int64{int64(len(header)), int64(len(header + line1(1)))}))
	require.Equal(t, saved, attributes)
}
