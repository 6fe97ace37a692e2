// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dchest/siphash"
)

// Key stands for a group or a source: SipHash-2-4-128 under the engine's seed.
// The values hashed are chosen by whoever sends requests; without the seed
// nobody can aim at the key of a settled group. The key of a group whose
// group_by has url.path and more is two halves of such hashes (see Of): keys of
// two paths differ in 128 bits, those of one path in 64.
type Key [2]uint64

// Of makes the key of a group from that of its URI too: one half stands
// for the URI, the other for all values together.
func (k Key) Of(uri Key) Key { return Key{uri[0], k[1]} }

// URI stands for the group's url.path, where group_by has it.
func (k Key) URI() uint64 { return k[0] }

// Seed is the secret of the keys.
type Seed [2]uint64

// NewSeed returns a random seed.
func NewSeed() Seed {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts if the system has no randomness
	return Seed{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
}

// Key hashes what the append functions wrote.
func (s Seed) Key(b []byte) Key {
	h0, h1 := siphash.Hash128(s[0], s[1], b)
	return Key{h0, h1}
}

// AppendField appends a value with its length, so that no two lists of values
// have the same bytes.
func AppendField(b []byte, v string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

// AppendFolded is AppendField of foldPath(v), without the copy that the
// ASCII case would cost.
func AppendFolded(b []byte, v string) []byte {
	n := len(b)
	b = AppendField(b, v)
	start := len(b) - len(v)
	for i := start; i < len(b); i++ {
		if b[i] >= utf8.RuneSelf {
			return AppendField(b[:n], foldPath(v))
		}
		b[i] = lower(b[i])
	}
	return b
}

// foldPath is the spelling under which IIS paths are compared: every rune in
// lower case. Bytes that are not UTF-8 stay as they are, so that two different
// byte sequences never become one path.
func foldPath(v string) string {
	for i := range len(v) {
		if c := v[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return foldSlow(v)
		}
	}
	return v
}

func foldSlow(v string) string {
	var b strings.Builder
	b.Grow(len(v))
	for i := 0; i < len(v); {
		r, n := utf8.DecodeRuneInString(v[i:])
		if r == utf8.RuneError && n == 1 {
			b.WriteByte(v[i])
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
		i += n
	}
	return b.String()
}
