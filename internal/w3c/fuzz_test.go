// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"slices"
	"strings"
	"testing"
)

var fuzzSeeds = []string{
	"#Fields: date time c-ip\n2026-03-02 10:00:00 192.0.2.1\n",
	"\xEF\xBB\xBF#Software: IIS Advanced Logging Module\r\n#Fields: a b\r\n\"x \"\"y\"\"\" z\r\n\"open z\r\n",
	"#Fields: a b\rx y\r\r\n#Fields: b\nq\n",
	"#Fields: a b\n\x00\x00\x00\nx\x00 y\n\x00#Fields: a\nx\n",
	"#Fields: a b c\nx  y z\nx  z\n\tx y z \n \t \n# note\n#Fields:\nx y z\n",
	"#Date: 2026-03-02 00:00:00\n#Fields: time a\n00:00:01 \xC0\xAF\n",
	"192.0.2.1, -, 6/10/2009, 10:00:00\n",
}

// FuzzLines gives any file to the Reader at once and in chunks, with the state
// in its text form between them, and compares both with the plain twin.
func FuzzLines(f *testing.F) {
	for i, s := range fuzzSeeds {
		f.Add(s, uint8(i*7))
	}
	f.Fuzz(func(t *testing.T, file string, every uint8) {
		want := twin(file)
		whole := readChunks(t, []string{file})
		compareTwin(t, file, whole, want)
		compareTwin(t, file, readChunks(t, cutAtLines(file, int(every))), want)
		compareLazy(t, file)
	})
}

type readLine struct {
	twinLine
	offset int
	text   string
}

func readChunks(t *testing.T, chunks []string) []readLine {
	t.Helper()
	r := Reader{Schemas: &Cache{}, Raw: true}
	var out []readLine
	state := State{}
	for _, chunk := range chunks {
		r.Start(state)
		r.Feed(chunk, EndWhole)
		for l := r.Next(); l != nil; l = r.Next() {
			if l.Offset < 0 || !strings.HasPrefix(chunk[l.Offset:], l.Text) {
				t.Fatalf("offset %d is not where %q begins", l.Offset, l.Text)
			}
			got := readLine{twinLine{l.Kind, l.Problem, slices.Clone(l.Values), l.Schema.Text()}, l.Offset, l.Text}
			if (l.Kind == Bad) != (l.Problem != NoProblem) || (l.Kind == Bad) != (l.Describe() != "") {
				t.Fatalf("kind %d has problem %d", l.Kind, l.Problem)
			}
			out = append(out, got)
		}
		var err error
		if state, err = DecodeState(r.State().Encode()); err != nil || state != r.State() {
			t.Fatalf("state %+v came back as %+v, %v", r.State(), state, err)
		}
	}
	return out
}

// cutAtLines cuts a file after newlines, into chunks of at least every bytes.
func cutAtLines(file string, every int) []string {
	var chunks []string
	for len(file) > every {
		n := strings.IndexByte(file[every:], '\n')
		if n < 0 {
			break
		}
		chunks = append(chunks, file[:every+n+1])
		file = file[every+n+1:]
	}
	return append(chunks, file)
}

func compareTwin(t *testing.T, file string, got []readLine, want []twinLine) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%q: %d lines, the twin has %d", file, len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.kind != w.kind || g.problem != w.problem || g.fields != w.fields || !slices.Equal(g.values, w.values) {
			t.Fatalf("%q: line %d is %+v, the twin has %+v", file, i, g.twinLine, w)
		}
	}
}

// compareLazy: a line that is cut later has the values that it would have had
// at once, and one that is left uncut has one blank between two values.
func compareLazy(t *testing.T, file string) {
	t.Helper()
	for _, raw := range []bool{false, true} {
		at := Reader{Schemas: &Cache{}, Raw: raw}
		lazy := Reader{Schemas: &Cache{}, Raw: raw, Lazy: true}
		at.Start(State{})
		lazy.Start(State{})
		at.Feed(file, EndWhole)
		lazy.Feed(file, EndWhole)
		for want := at.Next(); want != nil; want = at.Next() {
			got := lazy.Next()
			if got.Kind == Record {
				if n := strings.Count(strings.TrimRight(got.Text, " \t"), " ") + 1; got.Values == nil && n != len(want.Values) {
					t.Fatalf("%q: %d values are left uncut, not %d", file, n, len(want.Values))
				}
				lazy.Cut(got, lazy.State().Quoted)
			}
			if got.Kind != want.Kind || got.Problem != want.Problem || got.Text != want.Text || got.Offset != want.Offset ||
				!slices.Equal(got.Values, want.Values) {
				t.Fatalf("%q: %+v, cut later %+v", file, want, got)
			}
		}
		if lazy.Next() != nil || lazy.State() != at.State() {
			t.Fatalf("%q: the lazy reader ends elsewhere", file)
		}
	}
}

func FuzzDecodeState(f *testing.F) {
	for _, s := range []string{
		"", "1", "2 -- 0 - \"\"", `1 qd 2 2026-03-02 "date time\x00"`, `1 -- 0 2026-02-30 ""`,
		State{Fields: "a b\xff", Date: "2026-03-02", Quoted: true, Tail: TailLong}.Encode(),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := DecodeState(text)
		if err != nil {
			return
		}
		again, err := DecodeState(s.Encode())
		if err != nil || again != s {
			t.Fatalf("%+v came back as %+v, %v", s, again, err)
		}
		r := Reader{Schemas: &Cache{}}
		r.Start(s)
		r.Feed("x y\n", EndWhole)
		for l := r.Next(); l != nil; l = r.Next() {
			continue
		}
	})
}
