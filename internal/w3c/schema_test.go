// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSchemaNames(t *testing.T) {
	for _, c := range []struct {
		value string
		keys  []string
		why   string
	}{
		{"date time 0 date", []string{"date", "time", "0", "date.2"}, "the first of two equal names wins"},
		{"a A a", []string{"a", "a.2", "a.3"}, "case makes no other name"},
		{"a a a.2", []string{"a", "a.2", "a.2.2"}, "a made-up name may exist already"},
		{"a.2 a a", []string{"a.2", "a", "a.3"}, "also before"},
		{"cs-host cs(Host)", []string{"cs-host", "cs(host)"}, "two spellings of one column stay apart"},
	} {
		s := ParseSchema(c.value)
		var keys []string
		for _, f := range s.Fields {
			keys = append(keys, f.Key)
		}
		if !slices.Equal(keys, c.keys) {
			t.Errorf("%s: %q gives %q, want %q", c.why, c.value, keys, c.keys)
		}
	}
	s := ParseSchema("CS-HOST cs(Host) Date date")
	if s.Index(Host) != 0 || s.Index(Date) != 2 || s.Index(Time) != -1 || s.Index(Other) != -1 {
		t.Errorf("columns are found at %v", s.index)
	}
	if s.Fields[1].Column != Other || s.Fields[3].Column != Other {
		t.Error("a column has its meaning twice")
	}
	if ParseSchema(" \t") != nil {
		t.Error("a schema without columns")
	}
}

func TestEveryColumnIsKnownByName(t *testing.T) {
	seen := map[Column]bool{}
	for name, c := range columnNames {
		if name != strings.ToLower(name) {
			t.Errorf("%q is never found", name)
		}
		seen[c] = true
	}
	for c := Other + 1; c < numColumns; c++ {
		if !seen[c] {
			t.Errorf("column %d has no name", c)
		}
	}
}

func TestCacheSharesAndIsBounded(t *testing.T) {
	var c Cache
	a := c.Get("date  time")
	if a != c.Get("date time") || a != c.Get("date  time") {
		t.Error("equal headers have two schemas")
	}
	if c.Get(" ") != nil {
		t.Error("a schema without columns")
	}
	for i := range 3 * maxSchemas {
		c.Get(fmt.Sprintf("a  b%d", i))
	}
	if len(c.schemas) > maxSchemas+1 {
		t.Errorf("%d schemas are kept", len(c.schemas))
	}
}

func TestStateSurvivesItsTextForm(t *testing.T) {
	for _, s := range []State{
		{},
		{Fields: "date time cs(User-Agent)", Date: "2026-03-02", Quoted: true, Directives: true, Tail: TailLong},
		{Fields: "a \"b\" \xff\x00 \u00e9", Tail: TailFlushed},
	} {
		text := s.Encode()
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is not printable ASCII", text)
		}
		if got, err := DecodeState(text); err != nil || got != s {
			t.Errorf("%+v came back as %+v, %v", s, got, err)
		}
	}
	for _, text := range []string{
		"", "1", "0 -- 0 - \"\"", "1 -- 3 - \"\"", "1 -- 0 2026-13-01 \"\"", "1 xx 0 - \"\"",
		"1 - 0 - \"\"", "1 -- -1 - \"\"", "1 -- 0 - fields", "1 -- 0 - \"open",
	} {
		if _, err := DecodeState(text); !errors.Is(err, ErrState) {
			t.Errorf("%q gives %v", text, err)
		}
	}
}

func TestScanFindsWhatIsInForce(t *testing.T) {
	for _, c := range []struct {
		file string
		want State
	}{
		{"", State{}},
		{"\xEF\xBB\xBF#Date: 2026-03-02\r\n#Fields: a b\r\n1 2\r\n", State{Fields: "a b", Date: "2026-03-02", Directives: true}},
		{"#Fields: a\n1\n\x00\x00#Fields: b\n1\n", State{Fields: "b", Directives: true}},
		{"#Fields: a\n1\n2", State{Fields: "a", Directives: true, Tail: TailFlushed}},
		{"#Fields: a\n" + strings.Repeat("x", 3*maxDirective) + "#Fields: b\n", State{Fields: "a", Directives: true}},
		{"#Fields: a\n" + strings.Repeat("x", maxDirective-3) + "\n#Fields: b\n", State{Fields: "b", Directives: true}},
		{"#Fields: a\n" + strings.Repeat("x", maxDirective) + "\n#Fields: b\n", State{Fields: "b", Directives: true}},
	} {
		got, err := Scan(strings.NewReader(c.file), &Cache{})
		if err != nil || got != c.want {
			t.Errorf("%.40q gives %+v, %v, want %+v", c.file, got, err, c.want)
		}
	}
}
