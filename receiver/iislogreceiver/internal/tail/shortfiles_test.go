// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestShortFiles(t *testing.T) {
	y := newShortFiles(100, time.Minute, time.Now)
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
	again := newShortFiles(100, time.Minute, time.Now)
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
	for i := range maxShortFiles + 10 {
		y.read(fmt.Sprint(i), b, o, 0)
	}
	require.LessOrEqual(t, len(y.files), maxShortFiles)
}
