// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/w3c"
)

const sample = "../../testdata/sample"

// logLine is a line of a log file as a plain reading of the file gives it.
type logLine struct {
	text    string
	columns map[string]string // nil if it does not fit its header
}

// readPlainly returns every line that is neither directive nor blank, by file
// and offset. It is written from the format's description, not from our code.
func readPlainly(t *testing.T, root string) map[string]logLine {
	out := map[string]logLine{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".log") {
			return err
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		if strings.HasSuffix(path, ".gz") {
			z, err := gzip.NewReader(bytes.NewReader(raw))
			require.NoError(t, err)
			raw, err = io.ReadAll(z)
			require.NoError(t, err)
		}
		var fields []string
		for at := 0; at < len(raw); {
			end := len(raw)
			if n := bytes.IndexByte(raw[at:], '\n'); n >= 0 {
				end = at + n + 1
			}
			text := strings.TrimRight(string(raw[at:end]), "\r\n")
			switch {
			case strings.HasPrefix(text, "#Fields: "):
				fields = strings.Fields(text[len("#Fields: "):])
			case text != "" && text[0] != '#':
				line := logLine{text: w3c.Repair(text)}
				if values := strings.Split(text, " "); len(values) == len(fields) {
					line.columns = map[string]string{}
					for i, f := range fields {
						line.columns[f] = values[i]
					}
				}
				out[fmt.Sprintf("%s:%d", path, at)] = line
			}
			at = end
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, out)
	return out
}

// requireLines compares what a sink got with the files: every line is there,
// under the header that governs it. It returns how many lines came twice.
func requireLines(t *testing.T, root string, got []record) (duplicates int) {
	t.Helper()
	want := readPlainly(t, root)
	seen := map[string]bool{}
	for _, r := range got {
		a := r.Attributes().AsRaw()
		key := fmt.Sprintf("%s:%d", a["log.file.path"], a["log.file.record_offset"])
		line, ok := want[key]
		require.True(t, ok, "no line begins at %s", key)
		if seen[key] {
			duplicates++
		}
		seen[key] = true
		if line.columns == nil {
			require.Contains(t, a, "iis.parse_error", key)
			continue
		}
		require.NotContains(t, a, "iis.parse_error", key)
		if utf8.ValidString(line.columns["cs-uri-stem"]) {
			require.Equal(t, line.columns["cs-uri-stem"], a["url.path"], key)
		}
		require.Equal(t, line.columns["c-ip"], a["client.address"], key)
		require.Equal(t, line.columns["sc-status"], fmt.Sprint(a["http.response.status_code"]), key)
		require.Equal(t, line.columns["date"]+" "+line.columns["time"], r.Timestamp().AsTime().Format("2006-01-02 15:04:05"), key)
		if line.columns["cs(Cookie)"] == "" {
			require.Equal(t, line.text, r.Body().Str(), key)
		}
	}
	for key, line := range want {
		require.True(t, seen[key], "lost: %s %s", key, line.text)
	}
	return duplicates
}

// reading is a collector's configuration that reads all logs below root into
// sink/records, and keeps its offsets in storage; more is a line of iis_log's.
func reading(root, storage, more string) string {
	return `
extensions:
  file_storage: {directory: '` + storage + `', create_directory: true}
receivers:
  iis_log:
    include: ['` + root + `/**/*.log', '` + root + `/**/*.log.gz']
    start_at: beginning
    poll_interval: 20ms
    ` + more + `
    include_file_path: true
    include_file_record_offset: true
    retry_on_failure: {initial_interval: 5ms, max_interval: 20ms}
    storage: file_storage
exporters:
  sink/records: {}
service:
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [iis_log], exporters: [sink/records]}
`
}

// flushed reads a last line without a newline soon.
const flushed = "force_flush_period: 100ms"

func copySample(t *testing.T, root string) {
	require.NoError(t, os.CopyFS(root, os.DirFS(sample)))
}

// waitForRecords returns when the sink has at least n records.
func waitForRecords(t *testing.T, s *sink, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return s.count() >= n }, patience, glance, "waiting for %d records", n)
}

// A collector that is stopped while the next consumer refuses, somewhere in the
// middle of the files, reads what it could not deliver after its next start.
func TestStoppedInTheMiddleNothingIsLost(t *testing.T) {
	root, storage := t.TempDir(), t.TempDir()
	copySample(t, root)
	total := len(readPlainly(t, root))
	s := newSinks()
	records := s.get("sink/records")
	for _, part := range []int{1, 3, 2} { // stopped three times
		records.refuseAfter(records.count()+total*part/10, errors.New("backend is busy"))
		c := startCollector(t, s, reading(root, storage, flushed+"\n    compression: auto"))
		c.waitForLog("Records are refused; reading waits and they are offered again")
		c.shutdown()
	}
	records.refuseAfter(1<<30, nil)
	c := startCollector(t, s, reading(root, storage, flushed+"\n    compression: auto"))
	waitForRecords(t, records, total)
	require.Eventually(t, func() bool { return distinctLines(records) == total }, patience, glance)
	c.shutdown()
	t.Logf("%d lines, %d came twice", total, requireLines(t, root, records.records()))
}

func distinctLines(s *sink) int {
	lines := map[string]bool{}
	for _, r := range s.records() {
		a := r.Attributes().AsRaw()
		lines[fmt.Sprint(a["log.file.path"], a["log.file.record_offset"])] = true
	}
	return len(lines)
}

// Files that grow while the collector is stopped and started, cut anywhere, also
// within a line or a header: every line comes once.
func TestGrowingFilesOverRestarts(t *testing.T) {
	root, storage := t.TempDir(), t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	s := newSinks()
	for stage := range 4 {
		growSample(t, root, stage, random)
		more := ""
		if stage == 3 {
			more = flushed // the last line of one file has no newline
		}
		c := startCollector(t, s, reading(root, storage, more))
		waitForRecords(t, s.get("sink/records"), wholeLines(t, root, stage == 3))
		c.shutdown()
	}
	require.Zero(t, requireLines(t, root, s.get("sink/records").records()), "lines that came twice")
}

// growSample writes the plain sample files up to a random place; the last stage
// completes them.
func growSample(t *testing.T, root string, stage int, random *rand.Rand) {
	err := filepath.WalkDir(sample, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".log" {
			return err
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		to := filepath.Join(root, strings.TrimPrefix(path, sample))
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
		f, err := os.OpenFile(to, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		info, err := f.Stat()
		require.NoError(t, err)
		rest := raw[info.Size():]
		if stage < 3 {
			rest = rest[:random.IntN(len(rest)/2)]
		}
		_, err = f.Write(rest)
		require.NoError(t, err)
		return f.Close()
	})
	require.NoError(t, err)
}

// wholeLines counts the data lines that are there with their newline; with all
// set also those without one.
func wholeLines(t *testing.T, root string, all bool) int {
	lastLine := map[string]string{} // by file, the offset at which what has no newline begins
	n := 0
	for key := range readPlainly(t, root) {
		path, at, _ := strings.Cut(key, ".log:")
		if _, ok := lastLine[path]; !ok {
			raw, err := os.ReadFile(path + ".log")
			require.NoError(t, err)
			lastLine[path] = strconv.Itoa(bytes.LastIndexByte(raw, '\n') + 1)
		}
		if all || at != lastLine[path] {
			n++
		}
	}
	return n
}
