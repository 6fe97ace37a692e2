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

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
)

// FuzzSieve compares what the sieve says of each line of any file with its
// plain twin: the record is built and given to the Matcher.
func FuzzSieve(f *testing.F) {
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
		proxies := newProxies(cfg.ClientAddress)
		plans := planCache{choice: newColumnChoice(cfg.Fields), header: cfg.ClientAddress.Header}
		s := newSieve(cfg, proxies)
		twin := sieveTwin{mapper: mapper{decodePlus: cfg.DecodePlus, proxies: proxies}, matcher: s.matcher}

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
			plan := plans.get(want.Schema)
			if !entered {
				s.begin(plan)
				entered = true
			}
			from, nanos, fate, stage := s.line(got, "W3SVC1", fast.State().Date)
			require.Equal(t, originOf(want, plan, "W3SVC1"), from)
			twin.compare(t, want, plan, plain.State().Date, nanos, fate, stage)
		}
	})
}

type sieveTwin struct {
	mapper  mapper
	matcher *rule.Matcher
}

func (w *sieveTwin) compare(t *testing.T, l *w3c.Line, p *plan, date string, nanos int64, f fate, stage rule.Stage) {
	t.Helper()
	lr := plog.NewLogRecord()
	w.mapper.fill(lr, l, p, date)
	if p.sieve == nil {
		require.Equal(t, keep, f)
		return
	}
	require.Equal(t, int64(lr.Timestamp()), nanos)
	if nanos == 0 {
		require.Equal(t, keep, f)
		return
	}
	r := requestOf(lr.Attributes())
	switch v := w.matcher.Match(&r); {
	case v == rule.Foreign:
		require.Equal(t, foreign, f, "%q", l.Text)
	case v < 0:
		require.Equal(t, keep, f, "%q", l.Text)
	case v > rule.Verdict(rule.StageExtension) && r.Status == -1:
		require.Equal(t, keep, f, "%q", l.Text) // in doubt
	default:
		require.Equal(t, drop, f, "%q", l.Text)
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
	} {
		if has(key) {
			*to = text(key)
		}
	}
	if v, ok := m.Get("http.response.status_code"); ok {
		if r.Status = int(v.Int()); v.Int() < 1 || v.Int() > 999 {
			r.Status = -1 // was an answer
		}
	}
	if r.Server == "" && has(attrServer) {
		if _, err := netip.ParseAddr(text(attrServer)); err == nil {
			r.Server = text(attrServer)
		}
	}
	return r
}
