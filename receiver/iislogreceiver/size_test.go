// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/rule"
)

// No message is over 900 kB, which every backend takes, unless one line alone makes
// one: texts that are long, that are not UTF-8 (a byte becomes three), and lines
// that cannot be read.
func TestMessagesAreBounded(t *testing.T) {
	const all = "#Fields: date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\r\n"
	line := func(query, agent string) string {
		return "2026-03-02 01:10:00 W3SVC1 WEB01 198.51.100.5 GET /a.aspx " + query + " 443 - 203.0.113.7 HTTP/1.1 " + agent + " - - shop.example.com 200 0 0 1234 567 15\r\n"
	}
	for name, text := range map[string]func(r *rand.Rand) string{
		"every column":       func(*rand.Rand) string { return line("id=1", "Mozilla/5.0") },
		"long queries":       func(*rand.Rand) string { return line(strings.Repeat("q", 16_000), "Mozilla/5.0") },
		"not UTF-8":          func(*rand.Rand) string { return line(strings.Repeat("\xe4", 3000), "\xfc") },
		"lines without end":  func(*rand.Rand) string { return strings.Repeat("x", 5000) + "\r\n" },
		"of every length":    func(r *rand.Rand) string { return line(strings.Repeat("q", r.IntN(60_000)), "Mozilla/5.0") },
		"one alone is large": func(r *rand.Rand) string { return line(strings.Repeat("q", r.IntN(2)*900_000), "Mozilla/5.0") },
	} {
		for _, match := range []*rule.MatchConfig{nil, {PrivateClients: rule.Include, PrivateServers: rule.Include}} {
			t.Run(fmt.Sprint(name, ", match ", match != nil), func(t *testing.T) {
				f := newFixture(t)
				f.cfg.Match, f.cfg.Progress.Enabled = match, true
				f.cfg.IncludeFilePath, f.cfg.IncludeFileRecordOffset = true, true
				var b strings.Builder
				b.WriteString(all)
				r := rand.New(rand.NewPCG(1, 2))
				n := 0
				for ; b.Len() < 4_000_000; n++ {
					b.WriteString(text(r))
				}
				f.write("a.log", b.String())
				f.next = &noProgress{f.sink}
				f.start()
				f.waitRecords(n)
				f.stop()
				for _, ld := range f.sink.AllLogs() {
					if size := new(plog.ProtoMarshaler).LogsSize(ld); ld.LogRecordCount() > 1 {
						require.Less(t, size, 900_000)
					}
				}
				require.Less(t, len(f.sink.AllLogs()), n+1)
			})
		}
	}
}

func TestTimeZone(t *testing.T) {
	const utc, local = "#Fields: date time cs-uri-stem\r\n", "#Fields: date-local time-local cs-uri-stem\r\n"
	for _, c := range []struct {
		name, zone, text, want string
	}{
		{"UTC, as IIS logs", "", utc + "2026-07-01 12:00:00 /a\r\n", "2026-07-01T12:00:00Z"},
		{"another writer, in summer", "Europe/Berlin", utc + "2026-07-01 12:00:00 /a\r\n", "2026-07-01T10:00:00Z"},
		{"and in winter", "Europe/Berlin", utc + "2026-01-01 00:30:00 /a\r\n", "2025-12-31T23:30:00Z"},
		{"half hours", "Asia/Kolkata", local + "2026-07-01 12:00:00 /a\r\n", "2026-07-01T06:30:00Z"},
		{"the hour that is there twice is the first", "Europe/Berlin", local + "2026-10-25 02:30:00 /a\r\n", "2026-10-25T00:30:00Z"},
		{"local time, and nobody says where", "", local + "2026-07-01 12:00:00 /a\r\n", ""},
		{"no time at all: no line of now", "", "#Fields: time-taken cs-uri-stem\r\n15 /a\r\n", ""},
		{"a day alone", "", "#Fields: date cs-uri-stem\r\n2026-07-01 /a\r\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			if c.zone != "" {
				f.cfg.TimeZone = c.zone
			}
			f.write("a.log", c.text)
			f.start()
			f.waitRecords(1)
			lr := f.records()[0]
			if c.want == "" {
				require.Zero(t, lr.Timestamp())
				require.NotEmpty(t, attrOf(lr, "iis.parse_error"), "it is a loss")
				require.Len(t, f.logs.FilterMessageSnippet("so its lines are errors").All(), 1)
				return
			}
			require.Equal(t, c.want, lr.Timestamp().AsTime().Format(time.RFC3339))
		})
	}
	cfg := createDefaultConfig().(*Config)
	cfg.Include = []string{"x"}
	for _, zone := range []string{"CET+1", "Local", "Mars/Olympus"} {
		cfg.TimeZone = zone
		require.ErrorContains(t, cfg.Validate(), fmt.Sprintf("timezone is %q: it must be an IANA name", zone))
	}
}
