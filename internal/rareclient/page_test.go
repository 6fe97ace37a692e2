// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// visit is a request for a path by a client.
type visit struct{ path, client string }

// hunt returns the attributes of the findings about some visits, one a minute.
func hunt(t *testing.T, change func(*Config), visits []visit) []pcommon.Map {
	t.Helper()
	return huntRecords(t, change, func(ld plog.Logs) {
		for i, v := range visits {
			request(ld, time.Now().Add(time.Duration(i)*time.Minute), v.path, v.client)
		}
	})
}

func huntRecords(t *testing.T, change func(*Config), fill func(plog.Logs)) (found []pcommon.Map) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		cfg := DefaultConfig()
		if change != nil {
			change(&cfg)
		}
		require.NoError(t, cfg.Check())
		h := start(t, cfg, zap.NewNop(), nil, sink)
		ld := plog.NewLogs()
		fill(ld)
		time.Sleep(time.Hour)
		require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		require.NoError(t, h.Shutdown(t.Context()))
		for _, ld := range sink.AllLogs() {
			for _, rl := range ld.ResourceLogs().All() {
				for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
					found = append(found, lr.Attributes())
				}
			}
		}
	})
	return found
}

func attrText(m pcommon.Map, key string) string { return text(m, key) }

// One client that asks for a page in seven ways is one finding, which tells them.
func TestSpellingsOfAPageAreOneFinding(t *testing.T) {
	spellings := []string{
		"/Shop/x.aspx", "/shop/x.aspx", "//shop/x.aspx", "/shop/./x.aspx", "/(S(abc))/shop/x.aspx", "/shop/x.aspx/info", "/shop/x.aspx.",
	}
	var visits []visit
	for _, p := range spellings {
		visits = append(visits, visit{p, "203.0.113.7"})
	}
	found := hunt(t, nil, visits)
	require.Len(t, found, 1)
	require.Equal(t, "/shop/x.aspx", attrText(found[0], "iis.page"))
	require.Equal(t, "/Shop/x.aspx", attrText(found[0], "url.path"), "as first written")
	paths, _ := found[0].Get("detection.paths")
	require.ElementsMatch(t, spellings, paths.Slice().AsRaw())
	evidence, _ := found[0].Get("detection.evidence")
	require.Equal(t, "/Shop/x.aspx", attrText(evidence.Slice().At(0).Map(), "path"))
	require.Equal(t, "/shop/x.aspx", attrText(evidence.Slice().At(1).Map(), "path"))

	sentinel := hunt(t, func(c *Config) { c.Semantics = "sentinel" }, visits)
	require.Len(t, sentinel, len(spellings), "the query knows spellings only")
	_, ok := sentinel[0].Get("iis.page")
	require.False(t, ok)
	_, ok = sentinel[0].Get("detection.paths")
	require.False(t, ok)
}

// Fifty visitors whose sessions are in the path are fifty visitors of one page.
func TestVisitorsWithSessionsInThePathAreVisitorsOfOnePage(t *testing.T) {
	var visits []visit
	for i := range 50 {
		session := string(rune('a'+i%26)) + "it3py55t21z5v55vlm25s5" + string(rune('a'+i/26))
		visits = append(visits, visit{"/(S(" + session + "))/default.aspx", "203.0.113." + string(rune('0'+i%10)) + string(rune('0'+i/10))})
	}
	require.Empty(t, hunt(t, nil, visits))
}

// Nothing hides behind a busy page whose path only looks alike.
func TestNoPageHidesBehindAnother(t *testing.T) {
	for busy, shell := range map[string]string{
		"/index.aspx": "/İndex.aspx", "/in\u017f.aspx": "/ins.aspx", "/caf\xe9.aspx": "/caf\xe8.aspx",
		"/x.asp": "/x.asp;.jpg", "/x.aspx": "/x.aspx/y.aspx", "/a%2easpx/b.aspx": "/a.aspx/b.aspx",
	} {
		found := hunt(t, nil, []visit{{busy, "203.0.113.1"}, {busy, "203.0.113.2"}, {shell, "203.0.113.7"}})
		require.Len(t, found, 1, shell)
		require.Equal(t, "203.0.113.7", attrText(found[0], "client.address"))
	}
}

// A page is the path's, whichever way the record came: rows of the table have one
// too, and an attribute of that name, as a column of a log makes it, is another thing.
func TestAPageIsMadeOfThePathOfAnySource(t *testing.T) {
	found := huntRecords(t, nil, func(ld plog.Logs) {
		request(ld, time.Now(), "/A.aspx", "203.0.113.1").Attributes().PutStr("iis.page", "/other")
	})
	require.Len(t, found, 1)
	require.Equal(t, "/a.aspx", attrText(found[0], "iis.page"))

	found = huntRecords(t, func(c *Config) { c.Input = InputTable }, func(ld plog.Logs) {
		for _, path := range []string{"/A.aspx", "/a.aspx/info"} {
			row := request(ld, time.Now(), "", "").Attributes()
			row.Clear()
			for k, v := range map[string]string{colPath: path, colClient: "203.0.113.1", colServer: "198.51.100.5", colUserAgent: "Mozilla/5.0", colStatus: "200"} {
				row.PutStr(k, v)
			}
		}
	})
	require.Len(t, found, 1)
	require.Equal(t, "/a.aspx", attrText(found[0], "iis.page"))
}
