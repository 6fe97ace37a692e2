// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadatatest"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

const matchFields = "#Fields: date time s-sitename s-ip cs-method cs-uri-stem c-ip cs(User-Agent) sc-status\n"

// matchLine is a line that matches, or is dropped by the stage that is named.
func matchLine(clock, what string) string {
	site, server, method, path, client, agent, status := "W3SVC1", "198.51.100.5", "GET", "/a.aspx", "203.0.113.7", "Mozilla/5.0", "200"
	for _, w := range strings.Fields(what) {
		switch w {
		case "extension":
			path = "/a.css"
		case "status":
			status = "404"
		case "private_client":
			client = "10.0.0.7"
		case "private_server":
			server = "10.0.0.5"
		case "user_agent":
			agent = "curl/8.9.1"
		case "method":
			method = "HEAD"
		case "path_prefix":
			path = "/b/a.aspx"
		case "other-site":
			site = "W3SVC2"
		case "no-client":
			client = "-"
		case "no-status":
			status = "-"
		case "no-request":
			path, status = "-", "-"
		}
	}
	return fmt.Sprintf("2026-03-02 %s %s %s %s %s %s %s %s\n", clock, site, server, method, path, client, agent, status)
}

// Which lines of a batch are sent, by their numbers. A line is a time and what
// is the matter with it.
func TestWhatMatchSends(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		sent  []int
	}{
		"a match between others": {
			[]string{"10:00:01 extension", "10:00:02 extension", "10:00:03", "10:00:04 extension", "10:00:05 extension"},
			[]int{0, 2, 4},
		},
		"nothing matches: time goes on, and the stage that stops all is seen": {
			[]string{"10:00:01 extension", "10:00:02 extension", "10:00:03 user_agent", "10:00:04 status", "10:00:05 extension"},
			[]int{0, 2, 4},
		},
		"out of order: the oldest and the newest": {
			[]string{"10:00:03 status", "10:00:01 extension", "10:00:02 extension", "10:00:09 extension", "10:00:04 extension"},
			[]int{0, 1, 3, 4},
		},
		"each minute has a line": {
			[]string{"10:00:01 extension", "10:01:01 extension", "10:01:02 status", "10:01:03 extension", "10:02:01 extension", "10:02:02 extension"},
			[]int{0, 2, 4, 5},
		},
		"the neighbours of a line that cannot be read": {
			[]string{"10:00:01 status", "10:00:02 extension", "10:00:03 extension", "bad", "10:00:04 extension", "10:00:05 extension", "10:00:06 extension"},
			[]int{0, 2, 3, 4, 6},
		},
		"and of one that has no time": {
			[]string{"10:00:01 status", "10:00:02 extension", "10:00:03 extension", "25:61:61 extension", "10:00:04 extension", "10:00:05 extension", "10:00:06 extension"},
			[]int{0, 2, 3, 4, 6},
		},
		"each source has a time of its own": {
			[]string{"10:00:01 status", "10:00:02 extension other-site", "10:00:03 extension", "10:00:04 extension other-site", "10:00:05 extension", "10:00:06 extension other-site"},
			[]int{0, 1, 4, 5},
		},
		"what is in doubt": {
			[]string{"10:00:01 extension", "10:00:02 no-client", "10:00:03 no-status", "10:00:04 no-request", "10:00:05 no-client extension", "10:00:06 extension"},
			[]int{0, 1, 2, 3, 5},
		},
		"the future": {
			[]string{"10:00:01 status", "10:00:02 extension", "11:30:00 extension", "12:30:00 extension", "13:30:00 extension", "10:00:03 extension"},
			[]int{0, 2, 3, 4, 5},
		},
		"a quiet file": {[]string{"10:00:01 extension"}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			f := emitMatch(t, c.lines)
			var sent []string
			for _, n := range c.sent {
				sent = append(sent, huntLine(c.lines[n]))
			}
			var got []string
			for _, lr := range f.records() {
				got = append(got, lr.Body().Str()+"\n")
			}
			require.ElementsMatch(t, sent, got)
			require.EqualValues(t, len(c.lines)-len(c.sent), f.metric("otelcol_receiver_iis_log_lines", "kind")["dropped"])
			assertEquation(t, f, int64(len(c.lines))+1)
		})
	}
}

func huntLine(text string) string {
	clock, what, _ := strings.Cut(text, " ")
	if clock == "bad" {
		return "not a line\n"
	}
	return matchLine(clock, what)
}

func TestMatchCountsEachStage(t *testing.T) {
	lines := []string{"10:00:01"}
	for i := range rule.NumStages {
		for range i + 1 {
			lines = append(lines, "10:00:02 "+i.String())
		}
	}
	lines = append(lines, "10:00:03")
	f := emitMatch(t, lines)
	require.Equal(t, 2, f.sink.LogRecordCount())
	require.Equal(t, map[string]int64{"extension": 1, "status": 2, "private_client": 3, "private_server": 4, "user_agent": 5, "method": 6, "path_prefix": 7},
		f.metric("otelcol_receiver_iis_log_lines_dropped", "stage"))
}

// emitMatch gives lines to a receiver with match, at eleven o'clock.
func emitMatch(t *testing.T, lines []string) *fixture {
	f := &fixture{t: t, cfg: createDefaultConfig().(*Config), sink: new(consumertest.LogsSink), tel: componenttest.NewTelemetry()}
	f.cfg.Progress.Enabled = false
	rule := rule.DefaultConfig()
	rule.Match.Methods, rule.Match.PathPrefixes = []string{"GET"}, []string{"/a.aspx"}
	f.cfg.Match = &rule.Match
	set := metadatatest.NewSettings(f.tel)
	set.ID = component.NewID(metadata.Type)
	r, err := newReceiver(set, f.cfg, f.sink, func() time.Time { return huntDay.Add(11 * time.Hour) })
	require.NoError(t, err)
	text := matchFields
	for _, l := range lines {
		text += huntLine(l)
	}
	require.NoError(t, r.tail.Emit(t.Context(), [][]byte{[]byte(text)}, map[string]any{tail.AttrFilePath: "/u_ex.log"}, 0, []int64{0, int64(len(text))}))
	require.NoError(t, r.Shutdown(context.Background()))
	t.Cleanup(func() { require.NoError(t, f.tel.Shutdown(context.Background())) })
	return f
}
