// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSpansAreASetOfBytes compares spans with a plain set.
func TestSpansAreASetOfBytes(t *testing.T) {
	const size = 40
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		var s spans
		var plain [size]bool
		for range 30 {
			from := r.Int64N(size)
			to := min(size, from+r.Int64N(12))
			in := r.IntN(3) > 0
			if in {
				s = s.add(from, to)
			} else {
				s = s.remove(from, to)
			}
			for x := from; x < to; x++ {
				plain[x] = in
			}
			for i := range s {
				require.Less(t, s[i].from, s[i].to)
				require.True(t, i == 0 || s[i-1].to < s[i].from, "%v", s)
			}
			for x := range int64(size) {
				require.Equal(t, plain[x], s.has(x), "seed %d: %d in %v", seed, x, s)
			}
			a := r.Int64N(size)
			b := a + r.Int64N(size-a+1)
			want, found := span{}, false
			for x := a; x < b; x++ {
				if !plain[x] {
					if !found {
						want, found = span{x, x + 1}, true
					} else if want.to == x {
						want.to++
					}
				}
			}
			got, ok := s.gap(a, b)
			require.Equal(t, found, ok)
			require.Equal(t, want, got, "seed %d: gap of [%d,%d) in %v", seed, a, b, s)
		}
	}
}
