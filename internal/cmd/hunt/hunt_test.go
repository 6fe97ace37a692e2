// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.uber.org/goleak"

	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/report/reporttest"
	"github.com/iishunt/iishunt/internal/runner"
	"github.com/iishunt/iishunt/internal/runner/runnertest"
)

func TestMain(m *testing.M) {
	parts := map[string]runnertest.Part{
		"fails": func(<-chan os.Signal) error {
			return errors.New("Error: invalid configuration: include: must be specified")
		},
	}
	for _, how := range []string{"finds", "reads nothing"} {
		parts[how] = func(interrupted <-chan os.Signal) error { return hunts(how, interrupted) }
	}
	runnertest.Main(m, parts, func(m *testing.M) { goleak.VerifyTestMain(m) })
}

// hunts writes a report and pushes metrics as the collector does.
func hunts(how string, interrupted <-chan os.Signal) error {
	store := report.NewStore(100)
	if how == "finds" {
		for _, d := range append(reporttest.Story(), reporttest.Detection("/x\x1b[2J.aspx", "192.0.2.9", 0, 1)) {
			store.Add(d)
		}
	}
	doc := store.Document("Hunt in IIS logs", "v1", time.Now())
	if err := report.WriteFile(report.Disk{}, os.Getenv("IISHUNT_REPORT"), doc.WriteHTML); err != nil {
		return err
	}
	if err := report.WriteFile(report.Disk{}, os.Getenv("IISHUNT_NDJSON"), doc.WriteNDJSON); err != nil {
		return err
	}
	runnertest.Log("warn", "A file has no #Fields directive", `{"path": "`+os.Getenv("IISHUNT_LOGS")+`"}`)
	for i := 0; ; i++ {
		if i == 2 && how == "finds" {
			runnertest.Log("info", runner.Evaluated, "")
		}
		select {
		case <-interrupted:
			return nil
		default:
		}
		if err := runnertest.Export(runnertest.Endpoint(), push(how)); err != nil {
			return err
		}
	}
}

// push is an export of metrics.
func push(how string) []byte {
	req := pmetricotlp.NewExportRequest()
	metrics := req.Metrics().ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	each := func(name, key string, values map[string]int64) {
		m := metrics.AppendEmpty()
		m.SetName("otelcol_" + name)
		points := m.SetEmptySum().DataPoints()
		for value, n := range values {
			put(points.AppendEmpty(), key, value, n)
		}
	}
	if how == "reads nothing" {
		each("receiver_iis_log_lines", "kind", map[string]int64{"directive": 4})
	} else {
		each("receiver_iis_log_lines", "kind", map[string]int64{"record": 1000, "dropped": 2000, "error": 3, "directive": 4})
		each("receiver_iis_log_lines_dropped", "stage", map[string]int64{"extension": 1500, "status": 500})
		each("processor_rare_client_records", "outcome", map[string]int64{"extension": 100, "matched": 900})
		each("processor_rare_client_excluded", "exclusion", map[string]int64{"our scanners": 50})
		each("processor_rare_client_lost", "reason", map[string]int64{"parse_error": 3})
	}
	gauge := metrics.AppendEmpty()
	gauge.SetName("otelcol_receiver_iis_log_files_waiting")
	gauge.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(0)
	raw, err := req.MarshalProto()
	if err != nil {
		panic(err)
	}
	return raw
}

func put(p pmetric.NumberDataPoint, key, value string, n int64) {
	p.Attributes().PutStr(key, value)
	p.SetIntValue(n)
}

const header = "#Fields: date time c-ip cs-uri-stem\r\n"

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

func hunt(t *testing.T, how string, o options) (string, error) {
	t.Helper()
	o.collector, o.config, o.top = runnertest.Cast(t, how), "config/hunt.yaml", 3
	if o.report == "" {
		o.report = filepath.Join(t.TempDir(), "hunt.html")
	}
	var out bytes.Buffer
	err := run(t.Context(), o, &out)
	return out.String(), err
}

func TestHunt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "old logs")
	write(t, filepath.Join(dir, "W3SVC1", "u_ex260302.log"), header+strings.Repeat("2026-03-02 00:00:00 192.0.2.1 /a.aspx\r\n", 100))
	write(t, filepath.Join(dir, "u_ex260301.log.gz"), zipped(t, header))
	write(t, filepath.Join(dir, "broken.log.gz"), "this is not gzip")
	path := filepath.Join(t.TempDir(), "hunt.html")
	out, err := hunt(t, "finds", options{logs: dir, report: path})
	require.ErrorIs(t, err, runner.ErrIncomplete)
	require.ErrorContains(t, err, "1 files could not be read; 3 lines could not be read")

	out = strings.ReplaceAll(out, dir, "DIR")
	out = strings.ReplaceAll(out, filepath.Dir(path), "OUT")
	out = regexp.MustCompile(`in \d+\.\d s`).ReplaceAllString(out, "in 1.0 s")
	out = regexp.MustCompile(`(?m)^.* lines/s.*\n`).ReplaceAllString(out, "")
	out = filepath.ToSlash(out)
	require.Equal(t, `Hunting in 3 files, 4.0 kB, about 102 lines.

Rank  Level   Points  Site    Page                Clients         Requests  Days  First (UTC)       User agent                                                     Why
1     strong  140     W3SVC1  /uploads/logo.aspx  203.0.113.77    36        3     2026-03-02 01:00  Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36…  script in a data folder, command in query, sends data, nobody else, no link leads there, comes back, nothing else, used often, incomplete
2     weak    30      W3SVC1  /admin/orders.aspx  192.0.2.44      6         2     2026-03-02 01:00  Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36…  nobody else, nothing else, comes back
3     weak    25      W3SVC2  /search.aspx        198.51.100.202  4         1     2026-03-03 01:00  Mozilla/5.00 (Nikto/2.5.0)                                     no link leads there, tool
... and 3 less telling findings in the report.

6 findings: 1 strong, 0 moderate, 5 weak.

Read      3 files, 4.0 kB, in 1.0 s
Lines     3,000  requests
              3  could not be read
              4  directives (#Fields and so on)
Requests  1,600  no wanted extension
            500  no wanted status
             50  exclusion our scanners
            850  passed every stage
Lost      3  parse_error
Unread    DIR/broken.log.gz: not in gzip format: gzip: invalid header
Warning   A file has no #Fields directive; path: DIR/**/*.{log,log.gz}

Report    OUT/hunt.html
Findings  OUT/hunt.ndjson
`, out)

	doc, err := report.ReadFile(path)
	require.NoError(t, err)
	require.EqualValues(t, 3, doc.Run.Files)
	require.Equal(t, dir, doc.Run.Logs)
	require.Len(t, doc.Run.Unread, 1)
	require.Len(t, doc.Findings, 6, "the findings of the collector's report are still there")
	require.FileExists(t, strings.TrimSuffix(path, ".html")+".ndjson")
}

// Requests that iis_log drops are never seen by rare_client, which then has
// nothing to evaluate.
func TestLogsOfWhichNothingPassesEnd(t *testing.T) {
	f := figures{"receiver_iis_log_lines": {"dropped": 50_000}, "processor_rare_client_records": {"not_a_request": 3}}
	updates := make(chan figures)
	p := &progress{out: new(bytes.Buffer), expected: 50_000, begin: time.Now()}
	done := make(chan error, 1)
	go func() { done <- wait(t.Context(), nil, updates, p) }()
	for range quietPushesEmpty + 1 {
		updates <- f
	}
	require.NoError(t, <-done)
	require.False(t, p.unsure)
}

func TestColoursOnATerminalOnly(t *testing.T) {
	store := report.NewStore(100)
	for _, d := range reporttest.Story() {
		store.Add(d)
	}
	doc := store.Document("", "", time.Now())
	var plain, coloured bytes.Buffer
	printFindings(&plain, doc, 3, false)
	printFindings(&coloured, doc, 3, true)
	require.NotContains(t, plain.String(), "\x1b")
	require.Contains(t, coloured.String(), "\x1b[1;31mstrong\x1b[0m")
	require.Equal(t, plain.String(), regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(coloured.String(), ""))
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	store := report.NewStore(3)
	for _, d := range reporttest.Many(10) {
		store.Add(d)
	}
	doc := store.Document("", "", time.Now())
	var out bytes.Buffer
	printFindings(&out, doc, 2, false)
	require.Contains(t, out.String(), "7 detections had no room: the least telling were left out. Raise max_findings.")
	require.Equal(t, []string{"7 detections had no room in the report (raise max_findings)"}, doc.Missing())
	doc.LeftOut = 0
	doc.Add(&report.Run{Dropped: 2, Unsure: true, Lost: []report.Count{{Name: "late", Count: 4}, {Name: "sender_began", Count: 1}}})
	require.Equal(t, []string{"2 detections were dropped on their way", "4 lost: late", "it was ended before everything was known to be evaluated"}, doc.Missing())
}

// A log without a request never makes the collector say that it evaluated one.
func TestHuntThatReadsNothingEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.log")
	write(t, path, header)
	out, err := hunt(t, "reads nothing", options{logs: path})
	require.NoError(t, err)
	require.Contains(t, out, "Nothing was found.")
}

func TestCollectorsFailureIsShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	write(t, path, header)
	_, err := hunt(t, "fails", options{logs: path})
	require.ErrorContains(t, err, "include: must be specified")
}

func TestWithoutLogs(t *testing.T) {
	dir := t.TempDir()
	_, err := hunt(t, "finds", options{})
	require.ErrorContains(t, err, "make hunt LOGS=")
	_, err = hunt(t, "finds", options{logs: dir})
	require.ErrorContains(t, err, "has no .log and no .log.gz file")
	_, err = hunt(t, "finds", options{logs: filepath.Join(dir, "none", "*.log")})
	require.ErrorContains(t, err, "no file is, or matches")
	_, err = hunt(t, "finds", options{logs: filepath.Join(dir, "[")})
	require.Error(t, err)
	write(t, filepath.Join(dir, "a.log.gz"), "not gzip")
	_, err = hunt(t, "finds", options{logs: dir})
	require.ErrorContains(t, err, "none of 1 files can be read: not in gzip format")
}

func TestFind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs of web01 #2 {old} [x]")
	write(t, filepath.Join(dir, "a", "b", "one.log"), header+strings.Repeat("line\n", 99))
	write(t, filepath.Join(dir, "two.log.gz"), zipped(t, header+strings.Repeat("line\n", 899)))
	write(t, filepath.Join(dir, "notes.txt"), "x")
	l, err := find(dir)
	require.NoError(t, err)
	require.Len(t, l.files, 2)
	require.InDelta(t, 1000, l.lines, 20)

	l, err = find(filepath.Join(quoted(dir), "*.txt"))
	require.NoError(t, err)
	require.Len(t, l.files, 1)
	l, err = find(filepath.Join(dir, "a", "b", "one.log"))
	require.NoError(t, err)
	require.EqualValues(t, 100, l.lines)
}

func TestProgressLine(t *testing.T) {
	short := &progress{expected: 100, read: true} // the estimate was too high: 93 lines are all
	require.Equal(t, "93 lines, 93 lines/s; closing the last windows", short.line(93, time.Second))
	require.Contains(t, (&progress{expected: 100}).line(93, 100*time.Millisecond), "1s left", "not 0s")
	p := &progress{expected: 1_000_000}
	require.Equal(t, "400,000 of about 1,000,000 lines (40 %), 200,000 lines/s, 3s left", p.line(400_000, 2*time.Second))
	require.Equal(t, "0 of about 1,000,000 lines (0 %), 0 lines/s, ? left", p.line(0, 0))
	require.Equal(t, "1,200,000 lines, 600,000 lines/s; closing the last windows", p.line(1_200_000, 2*time.Second))
}

// The collector may say that all is evaluated while a slow disk still has more.
func TestMoreLinesAfterAllWasEvaluatedAreWaitedFor(t *testing.T) {
	evaluated, updates := make(chan struct{}), make(chan figures)
	p := &progress{out: new(bytes.Buffer), expected: 100, begin: time.Now()}
	done := make(chan error, 1)
	go func() { done <- wait(t.Context(), evaluated, updates, p) }()
	lines := func(n int64) { updates <- figures{"receiver_iis_log_lines": {"record": n}} }
	lines(10)
	evaluated <- struct{}{}
	lines(10)
	lines(20) // more came
	for range 5 {
		lines(20)
	}
	require.Empty(t, done)
	evaluated <- struct{}{}
	lines(20)
	lines(20)
	require.NoError(t, <-done)
}

func TestRequestsThatAreNeverEvaluatedAreSaid(t *testing.T) {
	updates := make(chan figures)
	p := &progress{out: new(bytes.Buffer), expected: 100, begin: time.Now()}
	done := make(chan error, 1)
	go func() { done <- wait(t.Context(), nil, updates, p) }()
	for range quietPushes + 1 {
		updates <- figures{"receiver_iis_log_lines": {"record": 10}, "processor_rare_client_records": {"matched": 1}}
	}
	require.NoError(t, <-done)
	require.True(t, p.unsure)
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	require.ErrorContains(t, wait(ctx, nil, nil, nil), "stopped")
}

func TestPushThatIsNoOTLPIsAnError(t *testing.T) {
	m, err := startMetrics()
	require.NoError(t, err)
	require.ErrorContains(t, runnertest.Export(m.url(), []byte("\xff")), "400")
	http.DefaultClient.CloseIdleConnections()
	_, err = m.stop()
	require.Error(t, err)
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1_234_567: "1,234,567", -1000: "-1,000"} {
		require.Equal(t, want, number(n))
	}
	require.Equal(t, "999 B", size(999))
	require.Equal(t, "281.7 MB", size(281_700_000))
}
