// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSaved reads on in the middle of a file with anything saved beside its
// offset: no panic, no line of the tokens is left out unless shortFiles says,
// with the right hash, that it was delivered before.
func FuzzSaved(f *testing.F) {
	file := header + line1(0) + line1(1) + line1(2)
	half := uint16(len(header + line1(0)))
	f.Add(file, half, "1 -d 0 2026-03-02 \"date time\"", "60 00000000 /other.log", `{"length":10,"hash":1}`)
	f.Add(file, half+3, "", "-5 0 /", `{"length":-1}`)
	f.Add(file, uint16(0), "9", "9223372036854775807 ffffffff a.log", `{"length":9223372036854775807}`)
	f.Add(strings.Repeat(line1(7), 100), uint16(4990), "1 -d 0 - \"\"", "4096 00000000 b.log", `[]`)
	f.Add("", uint16(0), "\x00", "\x00", "\x00")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file string, at uint16, state, place, young string) {
		begin := min(int64(at), int64(len(file)))
		fix := newFixture(t, DefaultConfig())
		fix.dir = dir
		fix.write("a.log", file)
		path, err := json.Marshal(fix.path("a.log"))
		require.NoError(t, err)
		fix.tail.short.load([]byte("{" + string(path) + ":" + young + "}"))
		tokens, offsets := tokensAt(t, file[begin:], begin)
		if len(tokens) == 0 {
			return
		}
		known := fix.tail.short.known(fix.path("a.log"), tokens, offsets)
		require.NoError(t, fix.tail.Emit(t.Context(), tokens, map[string]any{
			AttrFileName: "a.log", AttrFilePath: fix.path("a.log"), notePrefix + "state": state, placeKey: place,
		}, 0, offsets))
		if known == 0 {
			require.True(t, strings.HasSuffix(fix.text.String(), string(bytes.Join(tokens, nil))))
		}
	})
}

// tokensAt are the tokens of a part of a file.
func tokensAt(t *testing.T, part string, at int64) (tokens [][]byte, offsets []int64) {
	t.Helper()
	scanner := bufio.NewScanner(strings.NewReader(part))
	scanner.Buffer(nil, 1<<20)
	scanner.Split(splitChunks(1<<20, tails{due: func([]byte) bool { return true }, settled: func([]byte) bool { return true }}))
	offsets = []int64{at}
	for scanner.Scan() {
		token := bytes.Clone(scanner.Bytes())
		at += int64(len(token))
		tokens, offsets = append(tokens, token), append(offsets, at)
	}
	require.NoError(t, scanner.Err())
	return tokens, offsets
}
