// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

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
		require.Equal(t, want, siteFromPath(path), path)
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
		require.Equal(t, want, hostWithoutPort(host), host)
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
		require.Equal(t, want, plan.body(r.Next(), false), line)
	}
	for _, s := range plan.steps {
		require.Contains(t, []string{"a", "b"}, s.column)
	}
}

func TestLinesThatDoNotFitLoseWhatLooksLikeASecret(t *testing.T) {
	long := strings.Repeat("x", 300)
	require.Equal(t, "a - b", errorBody("a sid=1;+x=2 b", true))
	require.Equal(t, "a - b", errorBody("a "+long+" b", true))
	require.Equal(t, "a sid=1 "+long, errorBody("a sid=1 "+long, false))
}

func TestAgentCacheDecodesLikeDecodePlus(t *testing.T) {
	var c agentCache
	for i := range 3 * agentSlots {
		for range 2 {
			v := fmt.Sprintf("Mozilla/5.0+(X11;+Linux)+Chrome/%d.0+Safari/%d", i, i%7)
			require.Equal(t, w3c.DecodePlus(v), c.decode(v))
		}
	}
	for _, v := range []string{"a+b", strings.Repeat("a+", maxCachedAgent)} {
		require.Equal(t, w3c.DecodePlus(v), c.decode(v))
	}
}

func TestSayOnce(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	logger := sayOnce(zap.New(core), 0)
	for range 3 {
		logger.Error("Failed to open file", zap.String("original_path", "a"), zap.Error(errors.New("gone")))
		logger.Error("Failed to open file", zap.String("original_path", "b"), zap.Error(errors.New("gone")))
		logger.With(zap.String("path", "c")).Warn("failed during scan")
		logger.With(zap.String("path", "d")).Warn("failed during scan")
		logger.Info("Started watching file")
		logger.Debug("not enabled")
	}
	logger.Error("Failed to open file", zap.String("original_path", "a"), zap.Error(errors.New("locked")))
	require.Equal(t, 4+3+1, logs.Len())
}

func TestSaidForgets(t *testing.T) {
	var s said
	at := time.Unix(0, 0)
	require.True(t, s.first("a", at, time.Minute))
	for range 100 {
		at = at.Add(59 * time.Second)
		require.False(t, s.first("a", at, time.Minute), "said at every poll is said once")
	}
	require.True(t, s.first("a", at.Add(time.Minute), time.Minute))
	for i := range 2 * maxSaid {
		s.first(fmt.Sprint(i), at, 0)
	}
	require.LessOrEqual(t, len(s.things), maxSaid)
}

func TestYoungFiles(t *testing.T) {
	y := newYoungFiles(100, time.Minute, time.Now)
	tokens := func(texts ...string) (out [][]byte, offsets []int64) {
		offsets = []int64{0}
		for _, s := range texts {
			out = append(out, []byte(s))
			offsets = append(offsets, offsets[len(offsets)-1]+int64(len(s)))
		}
		return out, offsets
	}
	known := func(path string, texts ...string) int64 {
		b, o := tokens(texts...)
		return y.known(path, b, o)
	}
	b, o := tokens("one\n", "two\n")
	y.read("a", b, o, 0)
	require.EqualValues(t, 8, known("a", "one\ntwo\nthree\n"))
	require.EqualValues(t, 8, known("a", "one\n", "two\n", "three\n"))
	require.Zero(t, known("a", "one\ntoo\nthree\n"), "another content")
	require.Zero(t, known("a", "one\n"), "shorter than what was read")
	require.Zero(t, known("b", "one\ntwo\n"), "another path")

	// It is read on, and the saved form knows the same.
	y.read("a", [][]byte{[]byte("three\n")}, []int64{8, 14}, 0)
	again := newYoungFiles(100, time.Minute, time.Now)
	again.load(y.save())
	y = again
	require.Nil(t, y.save(), "nothing new")
	require.EqualValues(t, 14, known("a", "one\ntwo\nthree\nfour\n"))

	// A gap, or growing up, ends it.
	y.read("a", [][]byte{[]byte("x\n")}, []int64{20, 22}, 0)
	require.Zero(t, known("a", "one\ntwo\nthree\nfour\n"))
	b, o = tokens("one\n")
	y.read("a", b, o, 0)
	y.read("a", [][]byte{make([]byte, 100)}, []int64{4, 104}, 0)
	require.Zero(t, known("a", "one\ntwo\nthree\nfour\n"))

	y.load([]byte("not json"))
	for i := range maxYoungFiles + 10 {
		y.read(fmt.Sprint(i), b, o, 0)
	}
	require.LessOrEqual(t, len(y.files), maxYoungFiles)
}
