// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/w3c"
)

func TestSiteFromPath(t *testing.T) {
	for path, want := range map[string]string{
		`C:\inetpub\logs\LogFiles\W3SVC2\u_ex260302.log`:    "W3SVC2",
		`c:\inetpub\logs\logfiles\w3svc10\u_ex260302.log`:   "W3SVC10",
		`\\fileserver\logs$\WEB01\W3SVC3\u_ex260302.log`:    "W3SVC3",
		`\\?\UNC\fileserver\logs\FTPSVC4\u_ex260302.log`:    "FTPSVC4",
		`/var/log/iis/WEB01/W3SVC1/u_ex260302.log`:          "W3SVC1",
		`D:/logs/W3SVC1\archive/u_ex260301.log.gz`:          "W3SVC1",
		`/logs/W3SVC1/old/W3SVC7/u_ex260302.log`:            "W3SVC7",
		`C:\Windows\System32\LogFiles\HTTPERR\httperr1.log`: "",
		`/logs/W3SVC/u_ex.log`:                              "",
		`/logs/W3SVC1a/u_ex.log`:                            "",
		`/logs/xW3SVC1/u_ex.log`:                            "",
		`/logs/W3SVC1`:                                      "",
		``:                                                  "",
	} {
		require.Equal(t, want, SiteFromPath(path), path)
	}
}

func TestHostWithoutPort(t *testing.T) {
	for host, want := range map[string]string{
		"www.example.com":      "www.example.com",
		"www.example.com:8080": "www.example.com",
		"192.0.2.1:80":         "192.0.2.1",
		"[2001:db8::1]:443":    "2001:db8::1",
		"[2001:db8::1]":        "2001:db8::1",
		"2001:db8::1":          "2001:db8::1",
		"[broken":              "[broken",
		":80":                  ":80",
	} {
		require.Equal(t, want, HostWithoutPort(host), host)
	}
}

func TestExcludedColumnsLeaveTheBody(t *testing.T) {
	plan := newPlan(w3c.ParseSchema("a cs(Cookie) b cs(Authorization) cs(cookie)"),
		newColumnChoice(FieldsConfig{Exclude: []string{"CS(COOKIE)", "cs(Authorization)"}}), "")
	r := w3c.Reader{Schemas: &w3c.Cache{}}
	for line, want := range map[string]string{
		"1 x=secret 2 Basic+secret y=secret": "1 - 2 - -",
		"1  x=secret 2 secret y=secret":      "1 - 2 - -", // six values: two blanks are one separator
		"1 - 2 - -":                          "1 - 2 - -",
		"1 - 2 - - ":                         "1 - 2 - - ",
	} {
		r.Start(w3c.State{Fields: "a cs(Cookie) b cs(Authorization) cs(cookie)"})
		r.Feed(line, w3c.EndWhole)
		require.Equal(t, want, plan.Body(r.Next(), false), line)
	}
	for _, s := range plan.steps {
		require.Contains(t, []string{"a", "b"}, s.column)
	}
}

func TestLinesThatDoNotFitLoseWhatLooksLikeASecret(t *testing.T) {
	long := strings.Repeat("x", 300)
	require.Equal(t, "a - b", ErrorBody("a sid=1;+x=2 b", true))
	require.Equal(t, "a - b", ErrorBody("a "+long+" b", true))
	require.Equal(t, "a sid=1 "+long, ErrorBody("a sid=1 "+long, false))
}

func TestAgentCacheDecodesLikeDecodePlus(t *testing.T) {
	var c AgentCache
	for i := range 3 * agentSlots {
		for range 2 {
			v := fmt.Sprintf("Mozilla/5.0+(X11;+Linux)+Chrome/%d.0+Safari/%d", i, i%7)
			require.Equal(t, w3c.DecodePlus(v), c.Decode(v))
		}
	}
	for _, v := range []string{"a+b", strings.Repeat("a+", maxCachedAgent)} {
		require.Equal(t, w3c.DecodePlus(v), c.Decode(v))
	}
}
