// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/rule"
)

// corrector is an engine whose state can be taken through a crash.
type corrector struct {
	*Engine
	t      *testing.T
	cfg    rule.Config
	stored [][]byte
	now    int64
}

func newCorrector(t *testing.T, cfg rule.Config) *corrector {
	c := &corrector{t: t, cfg: cfg, now: day.UnixNano()}
	c.crash(false)
	return c
}

// crash begins anew with what is stored; as a snapshot where that is asked for.
func (c *corrector) crash(snapshot bool) {
	if snapshot {
		c.store()
		c.stored = nil
		require.NoError(c.t, c.Snapshot(1<<20, func(encode func() []byte) error {
			c.stored = append(c.stored, encode())
			return nil
		}))
	}
	c.Engine = New(c.cfg, "rule", rule.Seed{1, 2})
	for _, b := range c.stored {
		require.NoError(c.t, c.Apply(b))
	}
	c.Restored(c.now)
	c.Follow(func(b []byte) { c.stored = append(c.stored, b) })
}

func (c *corrector) store() { c.stored = append(c.stored, c.TakeChanges()) }

// request comes from a source of its own, at a time of the day.
func (c *corrector) request(at time.Duration, client string) {
	r := rule.Request{Time: day.Add(at).UnixNano(), Path: "/page.aspx", UserAgent: ua, Client: client, Status: 200}
	commitLines(c.Engine, c.now, lines(1, &r))
	c.store()
}

// until moves the wall clock and evaluates; it returns the windows' findings.
func (c *corrector) until(at time.Duration) []string {
	c.now = day.Add(at).UnixNano()
	c.Tick(c.now)
	return c.evaluate()
}

func (c *corrector) evaluate() []string {
	var out []string
	for {
		w, ok := c.Next()
		if !ok {
			c.store()
			return out
		}
		findings, _ := c.Evaluate(&w)
		for _, f := range findings {
			out = append(out, f.ID)
		}
		c.store()
	}
}

func (c *corrector) corrections() []string {
	var out []string
	for _, w := range c.Corrections(100) {
		out = append(out, fmt.Sprintf("%.4s %s %d withdrawn=%v", w.ID, w.Client, w.ClientCount, w.Withdrawn))
	}
	return out
}

// deliver takes the corrections.
func (c *corrector) deliver() {
	c.Corrected(len(c.Corrections(100)))
	c.store()
}

func correctable() rule.Config {
	cfg := rule.DefaultConfig()
	cfg.GroupBy, cfg.Window = []string{"url.path"}, time.Hour
	return cfg
}

func TestALateClientWithdraws(t *testing.T) {
	for _, how := range []string{"no crash", "crash", "crash after a snapshot"} {
		t.Run(how, func(t *testing.T) {
			crash := func(c *corrector) {
				if how != "no crash" {
					c.crash(how != "crash")
				}
			}
			c := newCorrector(t, correctable())
			c.request(10*time.Minute, "203.0.113.7")
			ids := c.until(3 * time.Hour)
			require.Len(t, ids, 1)
			crash(c)
			c.request(20*time.Minute, "203.0.113.7")
			require.Empty(t, c.corrections(), "the same client: the finding holds")
			c.request(70*time.Minute, "203.0.113.8")
			require.Empty(t, c.corrections(), "of another window")
			c.request(20*time.Minute, "203.0.113.8")
			want := []string{ids[0][:4] + " 203.0.113.8 2 withdrawn=true"}
			require.Equal(t, want, c.corrections())
			crash(c)
			require.Equal(t, want, c.corrections(), "once found, it is not forgotten")
			c.request(30*time.Minute, "203.0.113.9")
			require.Equal(t, want, c.corrections(), "what is withdrawn cannot be withdrawn again")
			c.deliver()
			crash(c)
			require.Empty(t, c.corrections(), "delivered once")
			c.request(40*time.Minute, "203.0.113.10")
			require.Empty(t, c.corrections())
		})
	}
}

// Who was wrongly told is news again when it comes true.
func TestAWithdrawalLiftsTheSuppression(t *testing.T) {
	for _, late := range []bool{false, true} {
		c := newCorrector(t, correctable())
		c.request(-2*time.Hour, "203.0.113.1") // the first window is never whole
		c.request(10*time.Minute, "203.0.113.7")
		require.Len(t, c.until(2*time.Hour), 2)
		if late {
			c.request(20*time.Minute, "203.0.113.8")
			c.deliver()
		}
		c.request(130*time.Minute, "203.0.113.7")
		c.crash(false)
		require.Equal(t, late, len(c.until(5*time.Hour)) == 1, "it is suppressed unless it was withdrawn")
	}
}

// With lte 2 a second client changes a finding, a third withdraws it.
func TestALateClientChanges(t *testing.T) {
	cfg := correctable()
	cfg.ClientThreshold, cfg.Comparison = 2, rule.LessOrEqual
	c := newCorrector(t, cfg)
	c.request(10*time.Minute, "203.0.113.7")
	id := c.until(2 * time.Hour)[0][:4]
	c.request(20*time.Minute, "203.0.113.8")
	c.request(20*time.Minute, "203.0.113.8")
	c.request(20*time.Minute, "203.0.113.9")
	require.Equal(t, []string{id + " 203.0.113.8 2 withdrawn=false", id + " 203.0.113.9 3 withdrawn=true"}, c.corrections())
}

// It comes late for a window that waits for its evaluation: the finding is given
// out as it was counted, and corrected.
func TestALateClientOfAWindowThatWaits(t *testing.T) {
	c := newCorrector(t, correctable())
	c.request(10*time.Minute, "203.0.113.7")
	c.now = day.Add(2 * time.Hour).UnixNano()
	require.True(t, c.Tick(c.now))
	c.request(20*time.Minute, "203.0.113.8")
	require.Empty(t, c.corrections())
	require.Len(t, c.evaluate(), 1)
	require.Len(t, c.corrections(), 1)
}

func TestCorrectFor(t *testing.T) {
	for _, period := range []time.Duration{0, 2 * time.Hour, 100 * time.Hour} {
		cfg := correctable()
		cfg.CorrectFor = period
		c := newCorrector(t, cfg)
		c.request(10*time.Minute, "203.0.113.7")
		c.until(2 * time.Hour)
		c.request(10*time.Hour, "203.0.113.5")
		c.until(12 * time.Hour)
		c.request(20*time.Minute, "203.0.113.8")
		require.Equal(t, period > 9*time.Hour, len(c.corrections()) == 1, "%s", period)
	}
}
