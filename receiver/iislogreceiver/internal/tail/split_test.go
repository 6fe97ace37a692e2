// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// always takes NUL bytes in front of a line for settled, and no last line for due.
var always = tails{due: func([]byte) bool { return false }, settled: func([]byte) bool { return true }}

func TestSplitFunctions(t *testing.T) {
	const limit = 16
	chunks := splitChunks(limit, always)
	bytewise := splitLines([]byte("\n"), limit, always)
	wide := splitLines([]byte("\n\x00"), limit+1, always) // an odd limit is no place to cut
	for _, c := range []struct {
		name  string
		split bufio.SplitFunc
		data  string
		eof   bool
		want  string
		err   error
	}{
		{"all whole lines", chunks, "ab\ncd\nef", false, "ab\ncd\n", nil},
		{"one line", bytewise, "ab\ncd\nef", false, "ab\n", nil},
		{"nothing", chunks, "", true, "", nil},
		{"no line yet", chunks, "abc", false, "", nil},
		{"no line at the end", chunks, "abc", true, "", nil},
		{"CR alone", chunks, "ab\rcd\ref", false, "ab\rcd\r", nil},
		{"half of CR LF", chunks, "ab\r", false, "", nil},
		{"CR before a half line", chunks, "ab\rcd\r", true, "ab\r", nil},
		{"a line too long", chunks, "0123456789abcdefgh", false, "0123456789abcdef", nil},
		{"lines beyond the limit", chunks, "0123456789\nabcdefgh\n", false, "0123456789\n", nil},
		{"unused space", chunks, "ab\x00\x00", true, "", bufio.ErrFinalToken},
		{"lines before unused space", chunks, "ab\n\x00\x00", true, "ab\n", nil},
		{"unused space, or a hole", chunks, "ab\x00\x00", false, "", nil},
		{"much unused space", chunks, strings.Repeat("\x00", limit), false, "", bufio.ErrFinalToken},
		{"a hole", chunks, "\x00\x00ab\ncd", false, "\x00\x00ab\n", nil},
		{"unused space, one line at a time", bytewise, "ab\x00\x00", true, "", bufio.ErrFinalToken},
		{"code units", wide, "a\x00\n\x00b\x00", false, "a\x00\n\x00", nil},
		{"bytes of a newline in two code units", wide, "a\n\x00b\n\x00c\x00", false, "a\n\x00b\n\x00", nil},
		{"bytes of NUL in two code units", wide, "\x01\x00\x00\x02", true, "", nil},
		{"unused code units", wide, "a\x00\x00\x00", true, "", bufio.ErrFinalToken},
		{"a line too long, whole code units", wide, strings.Repeat("a\x00", limit), false, strings.Repeat("a\x00", limit/2), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, token, err := c.split([]byte(c.data), c.eof)
			require.Equal(t, c.err, err)
			require.Equal(t, c.want, string(token))
			require.Len(t, token, n)
		})
	}
}

func TestLastLineIsATokenWhenDue(t *testing.T) {
	split := splitChunks(100, tails{due: func(data []byte) bool { return string(data) == "abc" }})
	_, token, _ := split([]byte("abc"), true)
	require.Equal(t, "abc", string(token))
	_, token, _ = split([]byte("abc"), false)
	require.Nil(t, token)
	_, token, _ = split([]byte("abc\x00"), true)
	require.Nil(t, token)
}

// FuzzSplitChunks: the tokens of a file are the file, up to its last line or
// its unused end, and every token but a cut one ends a line.
func FuzzSplitChunks(f *testing.F) {
	f.Add("ab\ncd\r\nef\rgh\x00\x00", uint8(20))
	f.Add(strings.Repeat("x", 100)+"\n", uint8(17))
	f.Fuzz(func(t *testing.T, file string, limit uint8) {
		most := 16 + int(limit)
		scanner := bufio.NewScanner(strings.NewReader(file))
		scanner.Buffer(make([]byte, 0, 8), most)
		scanner.Split(splitChunks(most, always))
		var all bytes.Buffer
		for scanner.Scan() {
			token := scanner.Bytes()
			all.Write(token)
			if len(token) == 0 || len(token) > most {
				t.Fatalf("a token of %d bytes", len(token))
			}
			if last := token[len(token)-1]; last != '\n' && last != '\r' && len(token) != most {
				t.Fatalf("%q ends within a line", token)
			}
		}
		if err := scanner.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(file, all.String()) {
			t.Fatalf("%q was read as %q", file, all.String())
		}
		rest := file[all.Len():]
		if n := strings.IndexByte(rest, '\n'); n >= 0 && !strings.Contains(rest[:n], "\x00") {
			t.Fatalf("%q was left", rest)
		}
	})
}

func TestNULBytesBeforeALineWaitUntilTheyAreSettled(t *testing.T) {
	settled := false
	ends := tails{due: func([]byte) bool { return false }, settled: func(data []byte) bool {
		require.Equal(t, "x\x00\x00y\n", string(data))
		return settled
	}}
	split := splitChunks(100, ends)
	data := []byte("a\nb\nx\x00\x00y\nc\n")
	n, token, err := split(data, false)
	require.NoError(t, err)
	require.Equal(t, "a\nb\n", string(token), "the lines before")
	_, _, err = split(data[n:], false)
	require.ErrorIs(t, err, bufio.ErrFinalToken, "somebody may be writing there")
	settled = true
	m, token, err := split(data[n:], false)
	require.NoError(t, err)
	require.Equal(t, "x\x00\x00y\n", string(token), "a hole")
	_, token, err = split(data[n+m:], false)
	require.NoError(t, err)
	require.Equal(t, "c\n", string(token), "the lines behind")
}
