// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/dchest/siphash"

	"github.com/iishunt/iishunt/internal/page"
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

// AppendFolded is AppendField of the name in the case in which paths are compared.
func AppendFolded(b []byte, v string) []byte {
	n := len(b)
	b = AppendField(b, v) // folding may change the length, but hardly ever does
	start := len(b) - len(v)
	if folded := page.AppendFold(b[:start], v); len(folded) == len(b) {
		return folded
	}
	return AppendField(b[:n], FoldName(v))
}

// FoldName is the spelling under which paths, and names of Windows, are compared without regard to case.
func FoldName(v string) string {
	var room [128]byte
	b := page.AppendFold(room[:0], v)
	if string(b) == v {
		return v
	}
	return string(b)
}
