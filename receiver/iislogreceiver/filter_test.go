// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/pushdown"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/record"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// FuzzFilter compares what the filter says of each line of any file with its
// plain twin: the record is built and given to the Matcher.
func FuzzFilter(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(newHuntLog(rand.New(rand.NewPCG(seed, 3)), 25).String(), uint8(seed*37))
	}
	f.Add("#Fields: date time cs-uri cs-uri-stem sc-status\n2026-03-02 10:00:01 /a.aspx?x /b.css 200\n", uint8(0))
	f.Add("#Fields: date time cs-uri-stem sc-status\n1970-01-01 00:00:00 /a.css 200\n2026-03-02 10:00:01 /a.css\t 2 \n", uint8(1))
	f.Fuzz(func(t *testing.T, file string, choice uint8) {
		c := newHuntCase(rand.New(rand.NewPCG(uint64(choice), 5)))
		cfg := createDefaultConfig().(*Config)
		c.receiver(cfg)
		cfg.Match = &c.match
		proxies := record.NewProxies(cfg.ClientAddress)
		plans := record.NewPlanCache(cfg.Fields, cfg.ClientAddress.Header, false)
		settings := rule.DefaultConfig()
		settings.Match = c.match
		s := pushdown.NewFilter(*cfg.Match, proxies, cfg.DecodePlus, tail.IsRaw(cfg.Encoding), nil)
		twin := filterTwin{mapper: record.NewMapper(cfg.DecodePlus, proxies, nil), matcher: rule.NewMatcher(&settings)}

		fast := w3c.Reader{Schemas: &w3c.Cache{}, Lazy: true}
		plain := w3c.Reader{Schemas: fast.Schemas}
		fast.Start(w3c.State{})
		plain.Start(w3c.State{})
		fast.Feed(file, w3c.EndWhole)
		plain.Feed(file, w3c.EndWhole)
		entered := false
		for want := plain.Next(); want != nil; want = plain.Next() {
			got := fast.Next()
			require.Equal(t, want.Kind, got.Kind)
			if want.Kind != w3c.Record {
				entered = entered && want.Kind != w3c.Directive
				continue
			}
			plan := plans.Get(want.Schema)
			if !entered {
				s.Begin(plan)
				entered = true
			}
			from, nanos, fate, stage := s.Line(got, "W3SVC1", fast.State().Date)
			require.Equal(t, record.OriginOf(want, plan, "W3SVC1"), from)
			twin.compare(t, want, plan, plain.State().Date, nanos, fate, stage)
		}
	})
}

type filterTwin struct {
	mapper  *record.Mapper
	matcher *rule.Matcher
}

func (w *filterTwin) compare(t *testing.T, l *w3c.Line, p *record.Plan, date string, nanos int64, f pushdown.Fate, stage rule.Stage) {
	t.Helper()
	lr := plog.NewLogRecord()
	w.mapper.Fill(lr, l, p, date)
	if _, ok := p.MatchColumns(); !ok {
		require.Equal(t, pushdown.Keep, f)
		return
	}
	require.Equal(t, int64(lr.Timestamp()), nanos)
	if nanos == 0 {
		require.Equal(t, pushdown.Keep, f)
		return
	}
	r := requestOf(lr.Attributes())
	switch v := w.matcher.Match(&r); {
	case v == rule.Foreign:
		require.Equal(t, pushdown.Foreign, f, "%q", l.Text)
	case v < 0:
		require.Equal(t, pushdown.Keep, f, "%q", l.Text)
	case v > rule.Verdict(rule.StageExtension) && r.Status == -1:
		require.Equal(t, pushdown.Keep, f, "%q", l.Text) // in doubt
	default:
		require.Equal(t, pushdown.Drop, f, "%q", l.Text)
		require.Equal(t, rule.Stage(v), stage, "%q", l.Text)
	}
}

// requestOf reads a record as rare_client does.
func requestOf(m pcommon.Map) (r rule.Request) {
	text := func(key string) string {
		v, _ := m.Get(key)
		return v.AsString()
	}
	has := func(key string) bool {
		_, ok := m.Get(key)
		return ok
	}
	for key, to := range map[string]*string{
		"url.path": &r.Path, "user_agent.original": &r.UserAgent, "client.address": &r.Client, "network.local.address": &r.Server,
		"http.request.method": &r.Method,
	} {
		if has(key) {
			*to = text(key)
		}
	}
	if has("http.request.method_original") {
		r.Method = text("http.request.method_original")
	}
	if v, ok := m.Get("http.response.status_code"); ok {
		if r.Status = int(v.Int()); v.Int() < 1 || v.Int() > 999 {
			r.Status = -1 // was an answer
		}
	}
	if r.Server == "" && has(attr.ServerAddress) {
		if _, err := netip.ParseAddr(text(attr.ServerAddress)); err == nil {
			r.Server = text(attr.ServerAddress)
		}
	}
	return r
}
