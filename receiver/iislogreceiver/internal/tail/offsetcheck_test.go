// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
)

const header = "#Fields: date time c-ip cs-uri-stem\n"

func line1(n int) string { return fmt.Sprintf("2026-03-02 10:00:00 192.0.2.1 /p%d.aspx\n", n) }

func lines1(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		b.WriteString(line1(n))
	}
	return b.String()
}

// fixture is a Tailer on a folder of its own that is not started, and what its
// handler was given.
type fixture struct {
	t    *testing.T
	dir  string
	tail *Tailer
	text strings.Builder // behind the known places
}

func newFixture(t *testing.T, cfg Config) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir()}
	cfg.Include = []string{"*.log"}
	tail, err := New(&cfg, Settings{
		TelemetrySettings: componenttest.NewNopTelemetrySettings(), Meters: nopMeters(t), Now: time.Now, Handle: f.handle,
	})
	require.NoError(t, err)
	f.tail = tail
	return f
}

// handle keeps the text, and how much it was as a note.
func (f *fixture) handle(c *Chunk) error {
	for i, token := range c.Tokens {
		if c.Offsets[i] >= c.Known {
			f.text.Write(token)
		}
	}
	_, _ = c.Note("length")
	c.SetNote("length", fmt.Sprint(f.text.Len()))
	return nil
}

func (f *fixture) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fixture) write(name, text string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(f.path(name), []byte(text), 0o600))
}

// An offset is a wrong one only where the file shows it.
func TestMisplaced(t *testing.T) {
	old := header + lines1(1000, 1300)
	twin := header + lines1(2000, 2300)
	next := line1(301)
	for _, c := range []struct {
		name   string
		file   string // under the path, at the time of the callback
		other  bool   // the offset was made under another path
		stands string // what stands under that
		saved  string
		old    string // what was read before
		want   bool
	}{
		{name: "read on", file: old + next},
		{name: "renamed", file: old + next, other: true},
		{name: "cut off and written on", file: header + lines1(1000, 1200) + lines1(5000, 5100) + next, want: true},
		{name: "of another file", file: twin + next, other: true, stands: old, want: true},
		{name: "short, of a file that begins alike", file: header + line1(1) + next, old: header + line1(1), other: true, stands: header + line1(1), want: true},
		{name: "short, renamed", file: header + line1(1) + next, old: header + line1(1), other: true},
		{name: "moved while it was read, another one is there", file: twin + line1(302)},
		{name: "moved while it was read, a short one is there", file: header},
		{name: "moved while it was read, none is there"},
		{name: "place is no text", file: twin + next, saved: "x"},
		{name: "place is longer than the file", file: twin + next, saved: "99999 00000000 /x"},
		{name: "place is negative", file: twin + next, saved: "-5 00000000 /x"},
		{name: "place is too long", file: twin + next, saved: "9999999999 00000000 /x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, DefaultConfig())
			if c.old == "" {
				c.old = old
			}
			path := f.path("a.log")
			if c.other {
				path = f.path("b.log")
				if c.stands != "" {
					f.write("b.log", c.stands)
				}
			}
			begin := int64(len(c.old))
			place := f.tail.place(path, [][]byte{[]byte(c.old)}, []int64{0, begin})
			if c.saved != "" {
				place = c.saved
			}
			if c.file != "" {
				f.write("a.log", c.file)
			}
			file, _ := f.tail.misplaced(&Chunk{Path: f.path("a.log"), attributes: map[string]any{placeKey: place}}, [][]byte{[]byte(next)}, []int64{begin, begin + int64(len(next))})
			require.Equal(t, c.want, file != nil)
			if file != nil {
				require.NoError(t, file.Close())
			}
		})
	}
}

// Offsets in a compressed file are those of its content.
func TestCompressedFileIsNotMisplaced(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Compression = "auto"
	f := newFixture(t, cfg)
	old, next := header+lines1(1000, 1300), line1(301)
	begin := int64(len(old))
	place := f.tail.place(f.path("b.log"), [][]byte{[]byte(old)}, []int64{0, begin})
	f.write("a.log", header+lines1(2000, 2300)+next)
	misplaced := func() bool {
		file, _ := f.tail.misplaced(&Chunk{Path: f.path("a.log"), attributes: map[string]any{placeKey: place}}, [][]byte{[]byte(next)}, []int64{begin, begin + int64(len(next))})
		if file != nil {
			require.NoError(t, file.Close())
		}
		return file != nil
	}
	require.True(t, misplaced(), "not compressed")
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	require.NoError(t, err)
	_, err = z.Write([]byte(strings.Repeat(next, 1000)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	f.write("a.log", b.String())
	require.False(t, misplaced())
}

// breaks is a file of which the end cannot be read.
type breaks struct {
	io.ReaderAt
	at int64
}

var errDisk = errors.New("input/output error")

func (b breaks) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.at {
		n, _ := b.ReaderAt.ReadAt(p[:max(0, b.at-off)], off)
		return n, errDisk
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestFileIsReadFromItsBeginningInParts(t *testing.T) {
	text := header + lines1(0, 60_000) // three parts
	for _, encoding := range []string{"utf-8", "utf-16le"} {
		t.Run(encoding, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Encoding = encoding
			f := newFixture(t, cfg)
			in := text
			if f.tail.encoding != nil {
				var err error
				in, err = f.tail.encoding.NewEncoder().String(text)
				require.NoError(t, err)
			}
			c := f.tail.chunk(t.Context(), map[string]any{AttrFilePath: f.path("a.log")})
			require.NoError(t, f.tail.readWhole(c, strings.NewReader(in), int64(len(in))))
			require.Equal(t, text, f.text.String())
		})
	}
}

// What can be read of a file with a bad place is delivered.
func TestFileWithAnUnreadablePart(t *testing.T) {
	f := newFixture(t, DefaultConfig())
	text := header + lines1(0, 5000)
	c := f.tail.chunk(t.Context(), map[string]any{AttrFilePath: f.path("a.log")})
	err := f.tail.readWhole(c, breaks{strings.NewReader(text), int64(len(header + lines1(0, 4000)))}, int64(len(text)))
	require.ErrorIs(t, err, errUnreadable)
	require.ErrorIs(t, err, errDisk)
	require.Greater(t, f.text.Len(), len(header))
	require.True(t, strings.HasPrefix(text, f.text.String()))
	require.True(t, strings.HasSuffix(f.text.String(), "\n"))
	note, ok := c.Note("length")
	require.True(t, ok, "what was noted of the part that was seen holds for what follows")
	require.Equal(t, fmt.Sprint(f.text.Len()), note)
}
