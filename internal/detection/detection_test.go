// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/detection/detectiontest"
	"github.com/iishunt/iishunt/internal/golden"
	"github.com/iishunt/iishunt/internal/report"
)

// The golden detections of rare_client, as the report sees them: an attribute
// that changes there changes here.
func TestDetectionsOfRareClient(t *testing.T) {
	store := report.NewStore(100)
	for _, name := range []string{"detection.json", "several_clients.json"} {
		raw, err := os.ReadFile(filepath.Join("..", "rareclient", "testdata", name))
		require.NoError(t, err)
		ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs(raw)
		require.NoError(t, err)
		d, ok := Read(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
		require.True(t, ok, name)
		require.Equal(t, report.Added, store.Add(d))
	}
	doc := store.Document("Hunt report", "v1", time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC))
	doc.Signals = nil // they have a table of their own
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(doc))
	golden.Equal(t, filepath.Join("testdata", "detections.json"), got.Bytes())
}

// record is a detection of a page with what every detection has.
func record(path string) plog.LogRecord {
	lr := plog.NewLogRecord()
	detectiontest.Fill(lr, path)
	return lr
}

func TestWhatIsNoDetection(t *testing.T) {
	for why, change := range map[string]func(plog.LogRecord){
		"a log record":                  func(lr plog.LogRecord) { lr.SetEventName("") },
		"another event":                 func(lr plog.LogRecord) { lr.SetEventName("iishunt.other") },
		"no window":                     func(lr plog.LogRecord) { lr.Attributes().Remove("detection.window.start") },
		"a time that is none":           func(lr plog.LogRecord) { lr.Attributes().PutStr("detection.last_seen", "yesterday") },
		"a time that is no text at all": func(lr plog.LogRecord) { lr.Attributes().PutEmptyMap("detection.first_seen") },
	} {
		lr := record("/a.aspx")
		_, ok := Read(lr)
		require.True(t, ok)
		change(lr)
		_, ok = Read(lr)
		require.False(t, ok, why)
	}
}

// What is counted: networks and the addresses that are in none, or the values of an
// attribute.
func TestWhatIsCounted(t *testing.T) {
	with := func(key string, values ...any) []string {
		lr := record("/a.aspx")
		require.NoError(t, lr.Attributes().PutEmptySlice("detection.clients").FromRaw([]any{"203.0.113.7", "2001:db8::1", "fe80::1%4", "x"}))
		if key != "" {
			require.NoError(t, lr.Attributes().PutEmptySlice(key).FromRaw(values))
		}
		d, ok := Read(lr)
		require.True(t, ok)
		return d.Counted
	}
	require.Nil(t, with(""))
	require.Equal(t, []string{"2001:db8::/64", "?", "203.0.113.7", "fe80::1%4", "x"}, with("detection.client_prefixes", "2001:db8::/64", "?"))
	require.Equal(t, []string{"bob"}, with("detection.counted.values", "bob"))
}

func TestAttributesOfAnotherType(t *testing.T) {
	lr := record("/a.aspx")
	m := lr.Attributes()
	m.PutInt("url.path", 5)
	m.PutDouble("detection.request_count", 7)
	m.PutStr("detection.clients", "not a list")
	m.PutStr("detection.complete", "true")
	m.PutInt("user.name", 3)
	evidence := m.PutEmptySlice("detection.evidence")
	evidence.AppendEmpty().SetStr("not a map")
	evidence.AppendEmpty().SetEmptyMap().PutStr("time", "never")
	m.PutEmptySlice("threat.tactic.id").AppendEmpty().SetStr("TA0001")
	d, ok := Read(lr)
	require.True(t, ok)
	require.Equal(t, "5", d.Path)
	require.EqualValues(t, 7, d.Requests)
	require.Empty(t, d.Clients)
	require.False(t, d.Complete, "only what says so is complete")
	require.Equal(t, map[string]string{"user.name": "3"}, d.Group)
	require.Empty(t, d.Samples)
	require.Equal(t, []report.Threat{{ID: "TA0001"}}, d.Rule.Tactics)
}

func FuzzDetection(f *testing.F) {
	f.Add("detection.id", "x", "2026-03-02T00:00:00Z", int64(3))
	f.Add("detection.evidence", "</script>", "9999-12-31T23:59:59.9+14:00", int64(-1))
	f.Fuzz(func(t *testing.T, key, value, at string, n int64) {
		lr := record("/" + value)
		m := lr.Attributes()
		m.PutStr("detection.last_seen", at)
		m.PutInt("detection.request_count", n)
		fill(m, key, value, at)
		d, ok := Read(lr)
		if !ok {
			return
		}
		store := report.NewStore(10)
		store.Add(d)
		doc := store.Document(value, "", time.Unix(0, 0))
		var page bytes.Buffer
		require.NoError(t, doc.WriteHTML(&page))
		require.Equal(t, 2, bytes.Count(page.Bytes(), []byte("<script")), "the data and the program")
		require.NoError(t, doc.WriteNDJSON(&page))
	})
}

func fill(m pcommon.Map, key, value, at string) {
	m.PutStr(key, value)
	e := m.PutEmptySlice("detection.evidence").AppendEmpty().SetEmptyMap()
	e.PutStr("time", at)
	e.PutStr(key, value)
}
