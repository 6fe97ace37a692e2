// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/golden"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

const casesDir = "../../testdata/iis"

// TestCases reads each folder of testdata/iis: in/ is what IIS wrote, want.txt
// the records, why.txt the reason for the case, and config.yaml, if there is
// one, changes the configuration.
func TestCases(t *testing.T) {
	folders, err := os.ReadDir(casesDir)
	require.NoError(t, err)
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		t.Run(folder.Name(), func(t *testing.T) {
			dir := filepath.Join(casesDir, folder.Name())
			require.FileExists(t, filepath.Join(dir, "why.txt"))
			f := newFixture(t)
			f.dir = filepath.Join(dir, "in")
			f.cfg.Include = []string{filepath.Join(f.dir, "**", "*.*")}
			f.cfg.FlushPeriod = time.Millisecond
			f.store()
			if conf, err := confmaptest.LoadConf(filepath.Join(dir, "config.yaml")); err == nil {
				require.NoError(t, conf.Unmarshal(f.cfg, confmap.WithIgnoreUnused()))
			}
			f.start()
			lines := int64(countLines(t, f))
			f.eventually(func() bool { return f.lines() >= lines }, "not all lines were read")
			f.polls()
			f.stop()
			assertEquation(t, f, lines)
			golden.Equal(t, filepath.Join(dir, "want.txt"), []byte(render(f)))
		})
	}
}

// assertEquation: each line is counted as exactly one kind, and each record
// and, unless dropped, each error became one log record.
func assertEquation(t *testing.T, f *fixture, lines int64) {
	t.Helper()
	kinds := f.metric("otelcol_receiver_iis_log_lines", "kind")
	require.Equal(t, lines, f.lines(), "lines = records + dropped + errors + directives + blanks: %v", kinds)
	want := kinds["record"]
	if f.cfg.OnError == OnErrorSend {
		want += kinds["error"]
	}
	require.EqualValues(t, want, f.sink.LogRecordCount())
	var dropped int64
	for _, n := range f.metric("otelcol_receiver_iis_log_lines_dropped", "stage") {
		dropped += n
	}
	require.Equal(t, kinds["dropped"], dropped)
	problems := f.metric("otelcol_receiver_iis_log_parse_errors", "reason")
	var errors int64
	for reason, n := range problems {
		if reason != "bad_value" {
			errors += n
		}
	}
	require.Equal(t, kinds["error"], errors, "%v", problems)
}

var anyEnding = regexp.MustCompile("\r\n|\n|\r")

// countLines counts the lines of the fixture's files without using any of the
// code under test. The unused end of a file that is still open is no line.
func countLines(t *testing.T, f *fixture) int {
	t.Helper()
	n := 0
	require.NoError(t, filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		var in io.Reader = file
		if strings.HasSuffix(path, ".gz") {
			if in, err = gzip.NewReader(file); err != nil {
				return err
			}
		}
		text, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		if !tail.IsUTF8(f.cfg.Encoding) {
			enc, err := tail.LookupEncoding(f.cfg.Encoding)
			require.NoError(t, err)
			text, err = enc.NewDecoder().Bytes(text)
			require.NoError(t, err)
		}
		rest := text
		if all := anyEnding.FindAllIndex(text, -1); all != nil {
			n += len(all)
			begin := 0
			for _, ending := range all {
				n += (ending[1] - begin - 1) / int(f.cfg.MaxLogSize) // further pieces
				begin = ending[1]
			}
			rest = text[all[len(all)-1][1]:]
		}
		if len(rest) > 0 && !strings.Contains(string(rest), "\x00") {
			n++
		}
		return nil
	}))
	return n
}

// render writes records as text: under each resource the time, severity and
// body of each record, and its attributes by name.
func render(f *fixture) string {
	var b strings.Builder
	last := ""
	for _, logs := range f.sink.AllLogs() {
		for _, rl := range logs.ResourceLogs().All() {
			if r := "resource" + renderMap(rl.Resource().Attributes(), " "); r != last {
				fmt.Fprintln(&b, r)
				last = r
			}
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				renderRecord(&b, lr)
			}
		}
	}
	return b.String()
}

func renderRecord(b *strings.Builder, lr plog.LogRecord) {
	at := "no timestamp"
	if lr.Timestamp() != 0 {
		at = lr.Timestamp().AsTime().Format(time.RFC3339Nano)
	}
	fmt.Fprintf(b, "%s %s(%d) %s%s\n", at, lr.SeverityText(), lr.SeverityNumber(),
		renderValue(lr.Body()), renderMap(lr.Attributes(), "\n  "))
}

func renderMap(m pcommon.Map, before string) string {
	var lines []string
	for k, v := range m.All() {
		lines = append(lines, before+k+" = "+renderValue(v))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func renderValue(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return strconv.Quote(v.Str())
	case pcommon.ValueTypeEmpty:
		return "none"
	default:
		return v.AsString()
	}
}
