// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

func TestEachProblemIsSaidOnce(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.write("none.log", "a b c\nd e f\n")
	f.write("nofields.log", software+"a b c\nd e f\n")
	f.write("native.log", "192.0.2.1, -, 3/2/2026, 10:00:01, W3SVC1, WEB01\n192.0.2.1, -, 3/2/2026, 10:00:02, W3SVC1, WEB01\n")
	require.NoError(t, os.Symlink(f.path("gone"), f.path("dangling.log")))
	f.start()
	f.waitRecords(6)
	f.append("none.log", "g h i\n")
	f.append("nofields.log", "g h i\n")
	f.waitRecords(8)
	f.polls()
	f.polls()
	warnings := f.messages(zapcore.WarnLevel)
	require.Len(t, warnings, 3)
	all := strings.Join(warnings, "\n")
	require.Contains(t, all, "A file has no #Fields directive")
	require.Contains(t, all, "no #Fields among them")
	require.Contains(t, all, "not in the W3C format")
	for _, w := range warnings {
		require.Equal(t, 1, strings.Count(all, w))
	}
	require.Equal(t, []string{"Failed to open file"}, f.messages(zapcore.ErrorLevel))
}

func TestNoMatchIsSaidOnce(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.Include = []string{filepath.Join(f.dir, "W3SVC*", "*.log")}
	f.start()
	f.polls()
	require.Equal(t, []string{"No file matches include yet; check the pattern, and that the Collector's account may read the folder"}, f.messages(zapcore.WarnLevel))
	require.Empty(t, f.messages(zapcore.ErrorLevel))
	f.write("W3SVC1/a.log", header+line1(0))
	f.waitRecords(1)
}

func TestStartAtEndBehindUnusedSpaceIsSaid(t *testing.T) {
	f := newFixture(t)
	f.cfg.StartAt = "end"
	f.write("closed.log", header+line1(0))
	f.write("open.log", header+line1(0)+"\x00\x00")
	f.start()
	warnings := f.logs.FilterLevelExact(zapcore.WarnLevel).All()
	require.Len(t, warnings, 1)
	require.Contains(t, warnings[0].Message, "set start_at: beginning")
	require.Equal(t, f.path("open.log"), warnings[0].ContextMap()["path"])
}

func TestEveryKindAndReasonIsCounted(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.FlushPeriod = 30 * time.Millisecond
	f.cfg.MaxLogSize, f.cfg.InitialBufferSize = 1024, 1024
	f.write("a.log", "a b\n"+ // no_fields
		header+"a b\n\n"+ // value_count, blank
		strings.Repeat("x", 1500)+"\n"+ // line_too_long, in two pieces
		"2026-03-02 \x00 192.0.2.1 GET /a 200\n"+ // nul_bytes
		"25:61:61 x 192.0.2.1 GET /a 200\n"+ // bad_value
		"#Software: IIS Advanced Logging Module\n"+
		"2026-03-02 10:00:00 192.0.2.1 GET \"/a 200\n"+ // bad_quotes
		"2026-03-02 10:00:00 192.0.2.1 GET /a 2") // read before it is complete
	f.start()
	f.waitRecords(8)
	f.append("a.log", "00\n") // continued
	f.waitRecords(9)
	f.polls()
	require.Equal(t, map[string]int64{"record": 2, "error": 7, "directive": 5, "blank": 1},
		f.metric("otelcol_receiver_iis_log_lines", "kind"))
	require.Equal(t, map[string]int64{
		"no_fields": 1, "value_count": 1, "line_too_long": 2, "nul_bytes": 1, "bad_quotes": 1, "continued": 1, "bad_value": 1,
	}, f.metric("otelcol_receiver_iis_log_parse_errors", "reason"))
}

func TestSchemaChangesAreCounted(t *testing.T) {
	f := newFixture(t)
	f.write("a.log", header+line1(0)+header+line1(1)+header2+line2(2)+header+line1(3))
	f.start()
	f.waitRecords(4)
	f.eventually(func() bool { return f.lines() == 20 }, "not all lines were read")
	// The first header counts, one that says nothing new does not.
	require.Equal(t, map[string]int64{"": 3}, f.metric("otelcol_receiver_iis_log_schema_changes", ""))
	require.Equal(t, map[string]int64{"": 4}, f.metric("otelcol_receiver_iis_log_header_blocks", ""))
}

func TestRecordsAreGroupedByWhereTheyComeFrom(t *testing.T) {
	f := newFixture(t)
	var b strings.Builder
	b.WriteString("#Fields: date time s-sitename s-computername c-ip\n")
	for i := range 100 {
		fmt.Fprintf(&b, "2026-03-02 10:00:01 W3SVC%d WEB%02d 192.0.2.1\n", i%3, i%2)
	}
	b.WriteString("2026-03-02 10:00:01 - - 192.0.2.1\n")
	f.write("FTPSVC9/a.log", b.String())
	f.start()
	f.waitRecords(101)
	got := map[string]int{}
	for _, rl := range f.sink.AllLogs()[0].ResourceLogs().All() {
		got[renderMap(rl.Resource().Attributes(), " ")] += rl.ScopeLogs().At(0).LogRecords().Len()
		require.Equal(t, 1, rl.ScopeLogs().Len())
		require.Equal(t, "github.com/iishunt/iishunt/receiver/iislogreceiver", rl.ScopeLogs().At(0).Scope().Name())
	}
	require.Equal(t, map[string]int{
		` host.name = "WEB00" iis.site = "W3SVC0"`: 17, ` host.name = "WEB00" iis.site = "W3SVC1"`: 16, ` host.name = "WEB00" iis.site = "W3SVC2"`: 17,
		` host.name = "WEB01" iis.site = "W3SVC0"`: 17, ` host.name = "WEB01" iis.site = "W3SVC1"`: 17, ` host.name = "WEB01" iis.site = "W3SVC2"`: 16,
		` iis.site = "FTPSVC9"`: 1,
	}, got)
}
