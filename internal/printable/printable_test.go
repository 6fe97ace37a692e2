// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package printable

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"/plain.aspx":               "/plain.aspx",
		"/größe.aspx":               "/größe.aspx",
		"a\x1b[31mred":              `a\x1b[31mred`,
		"line\r\nbreak":             `line\x0d\x0abreak`,
		"nul\x00":                   `nul\x00`,
		"\x9b31m":                   "\uFFFD31m",
		"\u009b31m":                 `\u009b31m`,
		"abc\u202edcb":              `abc\u202edcb`,
		"bad\xc0\xafutf8":           "bad\uFFFD\uFFFDutf8",
		"tag\U000e0041":             `tag\U000e0041`,
		"zero\u200bwidth":           `zero\u200bwidth`,
		"fill\u3164er\u115f\u2800":  `fill\u3164er\u115f\u2800`,
		"e\u0301\u0323 is a letter": "e\u0301\u0323 is a letter",
		"z\u0301\u0301\u0301\u0301": "z\u0301\u0301" + `\u0301\u0301`,
		"kept \uFFFD as is":         "kept \uFFFD as is",
	} {
		require.Equal(t, want, Text(in), "%q", in)
	}
}

func TestCut(t *testing.T) {
	require.Equal(t, "abc", Cut("abc", 3))
	require.Equal(t, "ab…", Cut("abc", 2))
	require.Equal(t, "a…", Cut("aßc", 2), "no half character")
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b[2J\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if strings.ContainsFunc(got, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e }) || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%q became %q", s, got)
		}
		if n := len(Cut(got, 200)); n > 200+len("…") {
			t.Errorf("%d bytes", n)
		}
	})
}
