// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"strconv"
	"testing"
	"time"
	"unicode/utf8"
)

func TestClock(t *testing.T) {
	for _, c := range []struct {
		date, clock, want string
	}{
		{"2026-03-02", "10:00:01", "2026-03-02T10:00:01Z"},
		{"2026-03-02", "17:00:00.363", "2026-03-02T17:00:00.363Z"},
		{"2026-03-02", "17:00:00.1234567891", "2026-03-02T17:00:00.123456789Z"},
		{"2026-03-02", "08:35", "2026-03-02T08:35:00Z"},
		{"2024-02-29", "23:59:59", "2024-02-29T23:59:59Z"},
		{"2025-02-29", "23:59:59", ""},
		{"2026-03-02", "25:61:61", ""},
		{"2026-03-02", "10:00:60", ""},
		{"2026-03-02", "10:00:0", ""},
		{"2026-03-02", "10:00:00.", ""},
		{"2026-03-02", "10:00:00,5", ""},
		{"2026-03-02", "-", ""},
		{"2026-03-02", "", ""},
		{"-", "10:00:00", ""},
		{"", "10:00:00", ""},
		{"2026/03/02", "10:00:00", ""},
		{"2026-3-2", "10:00:00", ""},
		{"1969-12-31", "10:00:00", ""},
		{"9999-01-01", "10:00:00", ""}, // does not fit into 64 bits of nanoseconds
	} {
		var clock Clock
		for range 2 { // the second time from memory
			nanos, ok := clock.Parse(c.date, c.clock)
			got := ""
			if ok {
				got = time.Unix(0, nanos).UTC().Format(time.RFC3339Nano)
			}
			if got != c.want {
				t.Errorf("%q %q is %q, want %q", c.date, c.clock, got, c.want)
			}
		}
	}
}

func TestClockDoesNotMixWhatItRemembers(t *testing.T) {
	var c Clock
	for _, s := range []struct {
		date, clock string
		ok          bool
	}{
		{"2026-03-02", "10:00:00", true},
		{"2026-03-03", "10:00:00", true},
		{"2026-03-03", "bad", false},
		{"bad", "10:00:00", false},
		{"2026-03-02", "10:00:00", true},
		{"2026-03-02", "10:00:01", true},
	} {
		got, ok := c.Parse(s.date, s.clock)
		want, err := time.Parse(time.DateTime, s.date+" "+s.clock)
		if ok != s.ok || ok && (err != nil || got != want.UnixNano()) {
			t.Errorf("%v: %d %v", s, got, ok)
		}
	}
}

func TestParseInt(t *testing.T) {
	for _, v := range []string{
		"0", "200", "-1", "2148074254", "9223372036854775807", "9223372036854775808", "-9223372036854775807",
		"99999999999999999999", "", "-", "1X405", "+1", "1.5", " 1", "١",
	} {
		got, ok := ParseInt(v)
		want, err := strconv.ParseInt(v, 10, 64)
		if v == "+1" {
			err = strconv.ErrSyntax // a plus sign is a blank to IIS
		}
		if ok != (err == nil) || ok && got != want {
			t.Errorf("%q is %d %v, want %d %v", v, got, ok, want, err)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for v, want := range map[string]float64{"0.363": 0.363, "12": 12, ".5": 0.5, "1.": 1} {
		if got, ok := ParseDecimal(v); !ok || got != want {
			t.Errorf("%q is %v %v", v, got, ok)
		}
	}
	for _, v := range []string{"", ".", "-1.5", "1e5", "NaN", "Inf", "0x1p2", "1_0", "1.2.3"} {
		if got, ok := ParseDecimal(v); ok {
			t.Errorf("%q is %v", v, got)
		}
	}
}

func TestSmallHelpers(t *testing.T) {
	if DecodePlus("a+b++c") != "a b  c" || DecodePlus("abc") != "abc" {
		t.Error("DecodePlus")
	}
	if !Absent("-") || !Absent("") || Absent("--") {
		t.Error("Absent")
	}
	seen := map[string]string{}
	for in, want := range map[string]string{
		"": "", "ä": "ä", "a\xffb": "a\uefffb", "\xc0\xaf": "\uefc0\uefaf", "caf\xe9": "caf\uefe9", "caf\xe8": "caf\uefe8",
		"\uFFFD": "\uFFFD", "\uefe9": "\uefee\uefbf\uefa9", "\ue000": "\ue000", "\ueeff\uf000": "\ueeff\uf000",
	} {
		got := Repair(in)
		if got != want || !utf8.ValidString(got) {
			t.Errorf("Repair(%q) = %q, want %q", in, got, want)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q become one", in, other)
		}
		seen[got] = in
	}
}
