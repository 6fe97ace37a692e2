// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
)

func tableConfig() Config {
	cfg := hourly()
	cfg.Input = InputTable
	return cfg
}

func TestTableTime(t *testing.T) {
	at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-01-05T10:00:00Z":         at,
		"2026-01-05T10:00:00.0000000Z": at,
		"2026-01-05T10:00:00.1234567Z": at.Add(123456700),
		"2026-01-05T12:00:00+02:00":    at,
		"1/5/2026, 10:00:00.000 AM":    at,
		"1/5/2026, 10:00:00 PM":        at.Add(12 * time.Hour),
		"12/31/2025, 12:00:00.500 AM":  time.Date(2025, 12, 31, 0, 0, 0, 5e8, time.UTC),
	} {
		require.Equal(t, want.UnixNano(), tableTime(text), text)
	}
	for _, text := range []string{"", "-", "2026-01-05", "5.1.2026 10:00", "13/5/2026, 10:00:00 AM"} {
		require.Zero(t, tableTime(text), text)
	}
}

func TestReadRow(t *testing.T) {
	cfg := tableConfig()
	cfg.GroupBy = []string{"url.path", "http.request.method", "host.name", "TenantId"}
	x := newExtractor(engine.New(cfg.Config, "", rule.NewSeed()), &cfg)
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("TenantId", "t1")
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	body := lr.Body().SetEmptyMap()
	for k, v := range map[string]string{
		"csUriStem": "/A.aspx", "csUserAgent": "-", "cIP": "203.0.113.1", "sIP": "198.51.100.5", "scStatus": "200",
		"csMethod": "POST", "csUriQuery": "-", "csReferer": "-", "csUserName": `SHOP\web`, "csHost": "shop.example.com:8443",
		"sSiteName": "body", "Computer": "web01",
	} {
		body.PutStr(k, v)
	}
	body.PutDouble("scBytes", 5120) // as parsers of JSON give numbers
	lr.Attributes().PutStr("sSiteName", "W3SVC1")

	x.setResource(rl.Resource().Attributes())
	var r rule.Request
	require.False(t, x.readRow(lr, &r))
	require.Equal(t, rule.Request{
		Path: "/A.aspx", UserAgent: "-", Client: "203.0.113.1", Server: "198.51.100.5", Status: 200, Method: "POST",
		User: `SHOP\web`, Host: "shop.example.com", Site: "W3SVC1", Bytes: 5120,
	}, r, "no value stays - where it is a key; an attribute goes before the body")
	require.Equal(t, []string{"/A.aspx", "POST", "web01", "t1"}, x.values)
}

// A row whose time cannot be read could be a second client at any time between
// its neighbours.
func TestARowWithoutReadableTimeIsALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		h := start(t, tableConfig(), zap.NewNop(), nil, sink)
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for i, at := range []string{time.Now().UTC().Format(time.RFC3339), "yesterday"} {
			a := records.AppendEmpty().Attributes()
			a.PutStr("TimeGenerated", at)
			a.PutStr("csUriStem", "/a.aspx")
			a.PutStr("csUserAgent", "Mozilla/5.0")
			a.PutStr("cIP", []string{"203.0.113.1", "203.0.113.2"}[i])
			a.PutInt("scStatus", 200)
		}
		require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		require.EqualValues(t, 1, h.engine.Stats().Lost[engine.ReasonParseError])
		time.Sleep(2 * time.Hour)
		lr := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		reasons, _ := lr.Attributes().Get("detection.incomplete_reasons")
		require.Contains(t, reasons.AsString(), "parse_error")
		require.NoError(t, h.Shutdown(t.Context()))
	})
}

// iis_log puts site and host name into the resource; group_by finds them there.
func TestGroupByAnAttributeOfTheResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := hourly()
		cfg.GroupBy = []string{"url.path", "iis.site"}
		sink := new(consumertest.LogsSink)
		h := start(t, cfg, zap.NewNop(), nil, sink)
		for _, site := range []string{"W3SVC1", "W3SVC2"} {
			ld := logs(time.Now(), "/a.aspx", "203.0.113."+site[5:])
			ld.ResourceLogs().At(0).Resource().Attributes().PutStr("iis.site", site)
			require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		}
		require.NoError(t, h.Shutdown(t.Context()))
		require.Len(t, bodies(sink), 2, "one client on each site")
	})
}

// A uint64 of nanoseconds goes further than an int64: what does not fit is far in
// the future, not in the past; nor is a text of the table ever wrapped around.
func TestTimesThatDoNotFit(t *testing.T) {
	for in, want := range map[pcommon.Timestamp]int64{
		0: 0, 1: 1, math.MaxInt64: math.MaxInt64, math.MaxInt64 + 1: math.MaxInt64, math.MaxUint64: math.MaxInt64,
	} {
		require.Equal(t, want, nanoseconds(in))
	}
	for in, want := range map[string]int64{
		"2026-03-02T10:00:00Z": time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).UnixNano(),
		"2262-01-01T00:00:00Z": math.MaxInt64, "2489-01-01T00:00:00Z": math.MaxInt64, "9999-12-31T23:59:59Z": math.MaxInt64,
		"1969-12-31T23:59:59Z": 0, "0001-01-01T00:00:00Z": 0, "1601-01-01T00:00:00Z": 0, "yesterday": 0,
	} {
		require.Equal(t, want, tableTime(in), in)
	}
}

// Such a record counts as one of the future, wherever its time stands.
func TestRecordsOfADistantFuture(t *testing.T) {
	cfg := DefaultConfig()
	for name, set := range map[string]func(plog.LogRecord){
		"timestamp": func(lr plog.LogRecord) { lr.SetTimestamp(17_000_000_000_000_000_000) },
		"observed": func(lr plog.LogRecord) {
			lr.SetTimestamp(0)
			lr.SetObservedTimestamp(17_000_000_000_000_000_000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine.New(cfg.Config, cfg.Rule.ID, rule.NewSeed())
			x := newExtractor(e, &cfg)
			now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
			ld := logs(now, "/a.aspx", "203.0.113.1")
			set(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
			x.extract(ld, now.UnixNano())
			e.Commit(x.batch, now.UnixNano())
			require.EqualValues(t, 1, e.Stats().Future)
		})
	}
}
