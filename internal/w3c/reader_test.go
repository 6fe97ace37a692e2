// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// show writes a line as the tables of this file have it: the kind's letter,
// then the values or what is wrong.
func show(l *Line) string {
	switch l.Kind {
	case Record:
		return "R " + strings.Join(l.Values, "|")
	case Bad:
		return "! " + l.Describe()
	case Directive:
		return "#"
	default:
		return "_"
	}
}

func showAll(r *Reader, chunk string, end End) []string {
	r.Feed(chunk, end)
	var out []string
	for l := r.Next(); l != nil; l = r.Next() {
		out = append(out, show(l))
	}
	return out
}

func TestReaderReadsEachOddity(t *testing.T) {
	for _, c := range []struct {
		name, why string
		file      string
		want      []string
	}{
		{
			"fields change in mid-file", "more, fewer and re-ordered columns hold from the next line",
			"#Fields: a b\n1 2\n#Fields: b a c\n3 4 5\n#Fields: c\n6\n",
			[]string{"#", "R 1|2", "#", "R 3|4|5", "#", "R 6"},
		},
		{
			"too few and too many", "never mislabelled, and the next line is read again",
			"#Fields: a b c\n1 2\n1 2 3 4\n1 2 3\n",
			[]string{"#", "! 2 values for 3 columns", "! 4 values for 3 columns", "R 1|2|3"},
		},
		{
			"no header", "comma-separated IIS native files lie in the same folder",
			"192.0.2.1, -, 3/2/2026, 10:00:00\n",
			[]string{"! no #Fields directive in force"},
		},
		{
			"directives but no fields", "the same as no header",
			"#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n1 2\n",
			[]string{"#", "#", "! no #Fields directive in force"},
		},
		{
			"empty fields", "names nothing, so the lines below cannot be read",
			"#Fields: a\n#Fields:  \n1\n",
			[]string{"#", "#", "! no #Fields directive in force"},
		},
		{
			"runs in fields", "trailing blanks, repeated blanks and TABs separate names",
			"#Fields:  a \t b  c \n1 2 3\n",
			[]string{"#", "R 1|2|3"},
		},
		{
			"empty value", "two blanks have an empty value between them where that fits",
			"#Fields: a b c\n1  3\n",
			[]string{"#", "R 1||3"},
		},
		{
			"two blanks as one separator", "single blanks give too many values and runs fit",
			"#Fields: a b c\n1 DOM\\user  ::1\n",
			[]string{"#", "R 1|DOM\\user|::1"},
		},
		{
			"TABs between values", "converters write them",
			"#Fields: a b c\n1\t2\t3\n",
			[]string{"#", "R 1|2|3"},
		},
		{
			"trailing blank", "Exchange and old IIS end every line with one",
			"#Fields: a b \n1 2 \n1 \n",
			[]string{"#", "R 1|2", "! 1 value for 2 columns"},
		},
		{
			"quotes are data", "plain IIS never quotes",
			"#Fields: a b\n1 \"Mozilla/5.0+(X11)\"\n",
			[]string{"#", "R 1|\"Mozilla/5.0+(X11)\""},
		},
		{
			"quotes quote in Advanced Logging", "and doubled ones are undone",
			"#Software: IIS Advanced Logging Module\n#Fields: a b\n1 \"a b \"\"c\"\"\"\n\"\" 2\n",
			[]string{"#", "#", "R 1|a b \"c\"", "R |2"},
		},
		{
			"quote never closed", "the values cannot be told apart",
			"#Software: IIS Advanced Logging Module\n#Fields: a b\n1 \"2 3\n\"1\"2 3\n1 2 3\n",
			[]string{"#", "#", "! unbalanced quotes", "! unbalanced quotes", "! 3 values for 2 columns"},
		},
		{
			"other software goes on", "then quotes are data again",
			"#Software: IIS Advanced Logging Module\n#Software: Microsoft Internet Information Services 10.0\n#Fields: a\n\"1\"\n",
			[]string{"#", "#", "#", "R \"1\""},
		},
		{
			"BOM, CRLF, empty and blank-only lines, no last newline", "none of it is data",
			"\xEF\xBB\xBF#Fields: a b\r\n\r\n1 2\r\n \t \n3 4",
			[]string{"#", "_", "R 1|2", "_", "R 3|4"},
		},
		{
			"CR alone", "old converters",
			"#Fields: a b\r1 2\r\r3 4\r",
			[]string{"#", "R 1|2", "_", "R 3|4"},
		},
		{
			"unknown directives and comments", "skipped",
			"#Fields: a\n# note\n#\n#Filter: x\n#GMT-Offset: +0100\n1\n",
			[]string{"#", "#", "#", "#", "#", "R 1"},
		},
		{
			"# within a line", "only at the start of a line is it a directive",
			"#Fields: a b\n1 sqlmap/1.8.3#stable\nx#Fields: a\n",
			[]string{"#", "R 1|sqlmap/1.8.3#stable", "R x#Fields:|a"},
		},
		{
			"directive names in any case", "RFC-style headers are case-insensitive",
			"#FIELDS: a\n1\n#fields: a b\n1 2\n",
			[]string{"#", "R 1", "#", "R 1|2"},
		},
		{
			"NUL bytes", "unused file space is blank, within a line it is damage, before a directive a hole",
			"#Fields: a b\n\x00\x00\n1 \x002\n\x00\x00#Fields: a\n1\n\x00\x00",
			[]string{"#", "_", "! NUL bytes in the line", "#", "R 1", "_"},
		},
		{
			"bytes that are not UTF-8", "repaired, and the line is still a record",
			"#Fields: a b\n1 /\xC0\xAFx\n1 ok\n",
			[]string{"#", "R 1|/\uefc0\uefafx", "R 1|ok"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Reader{Schemas: &Cache{}}
			r.Start(State{})
			if got := showAll(r, c.file, EndWhole); !slices.Equal(got, c.want) {
				t.Errorf("%s\n got %q\nwant %q", c.why, got, c.want)
			}
		})
	}
}

func TestReaderKnowsHowAChunkEnded(t *testing.T) {
	type feed struct {
		chunk string
		end   End
		want  []string
	}
	for _, c := range []struct {
		name, why string
		feeds     []feed
	}{
		{"line too long", "every piece is bad until the newline, then it goes on", []feed{
			{"1 22222", EndCut, []string{"! line longer than max_log_size"}},
			{"22222222", EndCut, []string{"! line longer than max_log_size"}},
			{"2 2\n1 2\n", EndWhole, []string{"! line longer than max_log_size", "R 1|2"}},
		}},
		{"rest of a flushed line", "must not be read as a line of its own", []feed{
			{"1 2", EndFlushed, []string{"R 1|2"}},
			{"7 8\n1 2\n", EndWhole, []string{"! rest of a line that was read before it was complete", "R 1|2"}},
		}},
		{"newline of a flushed line", "nothing is left of the line", []feed{
			{"1 2", EndFlushed, []string{"R 1|2"}},
			{"\r\n3 4\n", EndWhole, []string{"_", "R 3|4"}},
		}},
		{"block after a flushed line", "a crash cut the line, the restarted server wrote directives", []feed{
			{"1 2", EndFlushed, []string{"R 1|2"}},
			{"#Fields: a\n3\n", EndWhole, []string{"#", "R 3"}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := State{Fields: "a b"}
			for _, f := range c.feeds {
				r := &Reader{Schemas: &Cache{}}
				r.Start(state)
				if got := showAll(r, f.chunk, f.end); !slices.Equal(got, f.want) {
					t.Errorf("%s\n got %q\nwant %q", c.why, got, f.want)
				}
				state = r.State()
			}
		})
	}
}

func TestDefaultSchemaHoldsUntilFieldsAreSeen(t *testing.T) {
	r := &Reader{Schemas: &Cache{}, Default: ParseSchema("x y")}
	r.Start(State{})
	got := showAll(r, "1 2\n#Fields: a\n3\n", EndWhole)
	if want := []string{"R 1|2", "#", "R 3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRawPassesBytesThrough(t *testing.T) {
	r := &Reader{Schemas: &Cache{}, Raw: true}
	r.Start(State{Fields: "a"})
	if got := showAll(r, "\xC0\xAF\n", EndWhole); got[0] != "R \xC0\xAF" {
		t.Errorf("got %q", got)
	}
}

func TestDirectivesSetTheState(t *testing.T) {
	for _, c := range []struct {
		file string
		want State
	}{
		{"", State{}},
		{"1 2\n", State{}},
		{"# note\n", State{Directives: true}},
		{"#Date: 2026-03-02 07:28:59\n", State{Directives: true, Date: "2026-03-02"}},
		{"#Date: 2026-03-02\n", State{Directives: true, Date: "2026-03-02"}},
		// Another day began, but which one cannot be read: none is better than the wrong one.
		{"#Date: 2026-03-02 07:28:59\n#Date: 28/Jun/2026 07:28:59\n", State{Directives: true}},
		{"#Date: 2026-03-0207:28\n", State{Directives: true}},
		{"#Fields:  date \t TIME \n", State{Directives: true, Fields: "date TIME"}},
		{"#software: iis ADVANCED logging module\n", State{Directives: true, Quoted: true}},
	} {
		r := &Reader{Schemas: &Cache{}}
		r.Start(State{})
		showAll(r, c.file, EndWhole)
		if r.State() != c.want {
			t.Errorf("%q leaves %+v, want %+v", c.file, r.State(), c.want)
		}
	}
}

func TestValuesAreNotCopied(t *testing.T) {
	chunk := "#Fields: a b\nfirst second\n"
	r := &Reader{Schemas: &Cache{}}
	r.Start(State{})
	r.Feed(chunk, EndWhole)
	r.Next()
	l := r.Next()
	at := strings.Index(chunk, "second")
	if unsafe.StringData(l.Values[1]) != unsafe.StringData(chunk[at:]) {
		t.Error("a value is a copy")
	}
	r.Start(State{Fields: "a b"})
	lines := strings.Repeat("first second\n", 100)
	if n := testing.AllocsPerRun(10, func() {
		r.Feed(lines, EndWhole)
		for l := r.Next(); l != nil; l = r.Next() {
			continue
		}
	}); n != 0 {
		t.Errorf("%v allocations for 100 lines", n)
	}
}
