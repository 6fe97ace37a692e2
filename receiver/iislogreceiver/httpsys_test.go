// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

const (
	httpSysBuffer = 64 << 10
	rollBySize    = 300_000
)

// httpSys writes the log of one site as HTTP.sys does: through a buffer of
// 64 KB, so that a burst can end in the middle of a line, into a file that is
// extended with NUL bytes first, and that is cut to its length when it is
// closed. Time is that of the lines; the test decides what happens when.
type httpSys struct {
	f      *fixture
	rnd    *rand.Rand
	folder string
	bySize bool

	clock  time.Time
	file   *os.File
	name   string
	rolls  int
	buf    []byte
	at     int64 // up to where the file is filled
	size   int64 // up to where it is extended
	second bool  // header2 is in force
	lines  int
	// want counts the requests by file and path.
	want map[string]int
}

func (h *httpSys) open() {
	name := fmt.Sprintf("u_ex%s.log", h.clock.Format("060102"))
	if h.bySize {
		name = fmt.Sprintf("u_extend%d.log", h.rolls)
	}
	h.rolls++
	h.name = h.f.path(h.folder + "/" + name)
	require.NoError(h.f.t, os.MkdirAll(filepath.Dir(h.name), 0o750))
	file, err := os.Create(h.name)
	require.NoError(h.f.t, err)
	h.file, h.at, h.size = file, 0, 0
	h.header()
}

// header writes a block of directives, as at the start, after 15 idle minutes
// and after a change of the configuration.
func (h *httpSys) header() {
	block := header
	if h.second {
		block = header2
	}
	h.buf = append(h.buf, block...)
}

func (h *httpSys) request(path string) {
	form := "%s 192.0.2.1 GET %s 200\n"
	if h.second {
		form = "%s %[2]s GET 192.0.2.1 200\n"
	}
	h.buf = fmt.Appendf(h.buf, form, h.clock.Format("2006-01-02 15:04:05"), path)
	h.want[h.name+" "+path]++
	for len(h.buf) >= httpSysBuffer {
		h.flush(httpSysBuffer)
	}
}

// flush writes the first n bytes of the buffer to the file.
func (h *httpSys) flush(n int) {
	for h.at+int64(n) > h.size {
		h.size += httpSysBuffer
		require.NoError(h.f.t, h.file.Truncate(h.size))
	}
	_, err := h.file.WriteAt(h.buf[:n], h.at)
	require.NoError(h.f.t, err)
	h.at += int64(n)
	h.buf = append(h.buf[:0], h.buf[n:]...)
}

func (h *httpSys) close() {
	h.flush(len(h.buf))
	require.NoError(h.f.t, h.file.Truncate(h.at))
	require.NoError(h.f.t, h.file.Close())
}

// step lets something happen to the site.
func (h *httpSys) step() {
	switch n := h.rnd.IntN(20); {
	case n < 10: // a burst of requests
		for range h.rnd.IntN(400) {
			h.lines++
			h.request(fmt.Sprintf("/%s/%d/%s", h.folder, h.lines, strings.Repeat("x", h.rnd.IntN(200))))
		}
	case n < 14: // the buffer is flushed about once a minute
		h.clock = h.clock.Add(time.Minute)
		h.flush(len(h.buf))
	case n < 16: // nothing for long
		h.clock = h.clock.Add(16 * time.Minute)
		h.flush(len(h.buf))
		h.header()
	case n < 18: // somebody changes the columns
		h.second = !h.second
		h.header()
	case n < 19 && !h.bySize, h.bySize && h.at > rollBySize:
		day := h.clock.AddDate(0, 0, 1)
		h.clock = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 1, 0, time.UTC)
		h.close()
		h.open()
	}
}

// TestFilesAsHTTPSysWritesThem: of all that several sites log at the same time
// no line is lost, none comes twice, and none is broken, whenever the receiver
// looks, and also if it is restarted.
func TestFilesAsHTTPSysWritesThem(t *testing.T) {
	for seed := range uint64(8) {
		// UTF-8, and what sites have that do not use it
		encoding := []string{"utf-8", "windows-1252"}[seed%2]
		t.Run(fmt.Sprintf("%d, %s", seed, encoding), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.store()
			f.cfg.PollInterval = time.Millisecond
			f.cfg.IncludeFilePath, f.cfg.Encoding = true, encoding
			rnd := rand.New(rand.NewPCG(seed, 0))
			var sites []*httpSys
			for i := range 8 {
				h := &httpSys{
					f: f, rnd: rnd, folder: fmt.Sprintf("W3SVC%d", i+1), bySize: i%2 == 1,
					clock: time.Date(2026, 3, 2, 10, 0, 1, 0, time.UTC), want: map[string]int{},
				}
				h.open()
				sites = append(sites, h)
			}
			f.start()
			for range 250 {
				switch n := rnd.IntN(100); {
				case n < 90:
					sites[rnd.IntN(len(sites))].step()
				case n < 99:
					f.polls()
				default:
					f.stop()
					f.start()
				}
			}
			want, got := map[string]int{}, map[string]int{}
			total := 0
			for _, h := range sites {
				h.close()
				for line, n := range h.want {
					want[line] += n
					total += n
				}
			}
			f.eventually(func() bool { return f.sink.LogRecordCount() >= total }, "not all lines were read")
			f.polls()
			for _, lr := range f.records() {
				require.Empty(t, attrOf(lr, attr.IISParseError))
				require.Equal(t, "192.0.2.1", attrOf(lr, "client.address"))
				got[attrOf(lr, tail.AttrFilePath)+" "+attrOf(lr, "url.path")]++
			}
			require.Empty(t, difference(want, got), "lines lost or read twice")
			require.Empty(t, f.messages(zapcore.ErrorLevel))
		})
	}
}
