// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

func TestMissingColumnsAreNamedOnceForEachFolder(t *testing.T) {
	const lacking = "#Fields: date time cs-uri-stem cs-uri-query cs(User-Agent)\n2026-03-02 10:00:01 /a.aspx - Mozilla\n"
	f := newFixture(t)
	f.write("W3SVC1/a.log", "# a\n"+lacking)
	f.write("W3SVC1/b.log", "# b\n"+lacking)
	f.write("W3SVC2/a.log", "# c\n"+lacking)
	f.write("W3SVC3/a.log", header2+line2(0)) // no web log: neither user agent nor query
	f.write("HTTPERR/a.log", "#Fields: date time c-ip cs-method cs-uri sc-status s-reason\n2026-03-02 10:00:01 192.0.2.1 GET / 503 AppOffline\n")
	f.write("W3SVC4/a.log", "#Fields: date time c-ip cs-uri-stem cs-uri-query cs(User-Agent) sc-status\n2026-03-02 10:00:01 192.0.2.1 / - Mozilla 200\n")
	f.start()
	f.waitRecords(6)
	const metric = "otelcol_receiver_iis_log_missing_columns"
	f.eventually(func() bool { return f.metric(metric, "column")["sc-status"] == 3 }, "not counted for each file")
	warnings := f.logs.FilterLevelExact(zapcore.WarnLevel).All()
	require.Len(t, warnings, 4)
	fields := map[any]int{}
	for _, w := range warnings {
		require.Contains(t, w.Message, "Select Fields")
		fields[w.ContextMap()["field"]]++
	}
	require.Equal(t, map[any]int{"Client IP Address": 2, "Protocol Status": 2}, fields)

	// The same header again says nothing new, another one does.
	f.append("W3SVC2/a.log", lacking)
	f.append("W3SVC2/a.log", "#Fields: date time cs-uri-stem cs-uri-query c-ip\n2026-03-02 10:00:01 /a.aspx - 192.0.2.1\n")
	f.waitRecords(8)
	f.eventually(func() bool { return f.metric(metric, "column")["cs(User-Agent)"] == 1 }, "not counted for each header")
	require.Equal(t, map[string]int64{"c-ip": 3, "sc-status": 4, "cs(User-Agent)": 1}, f.metric(metric, "column"))

	// A new run counts anew what is still so.
	f.store()
	f.stop()
	f.start()
	f.waitRecords(16)
	f.stop()
	f.append("W3SVC1/a.log", "2026-03-02 10:00:01 /a.aspx - Mozilla\n2026-03-02 10:00:01 /b.aspx - Mozilla\n")
	f.start()
	f.waitRecords(18)
	f.polls()
	require.Equal(t, map[string]int64{"c-ip": 1, "sc-status": 1}, f.metric(metric, "column"))
}
