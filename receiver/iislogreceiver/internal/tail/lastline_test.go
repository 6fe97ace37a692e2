// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLastLineIsDueAfterThePeriod(t *testing.T) {
	type ask struct {
		at   time.Duration
		data string
		want bool
	}
	const second, minute = time.Second, time.Minute
	// every asks each second, as polls do, and is told to wait.
	every := func(from, to time.Duration, data ...string) (out []ask) {
		for at := from; at < to; at += second {
			for _, d := range data {
				out = append(out, ask{at: at, data: d})
			}
		}
		return out
	}
	for _, c := range []struct {
		name string
		asks [][]ask
	}{
		{"after the period", [][]ask{every(0, 5*minute, "a"), {{5*minute + second, "a", true}}}},
		{"another content begins anew", [][]ask{every(0, 4*minute, "a"), every(4*minute, 9*minute, "ab"), {{9*minute + second, "ab", true}}}},
		{"files with the same last line are read together", [][]ask{
			every(0, 5*minute, "a", "a", "a"),
			{{5*minute + second, "a", true}, {5*minute + second, "a", true}, {5*minute + 2*second, "a", true}},
		}},
		{"the same line that comes after it was read begins anew", [][]ask{
			every(0, 5*minute, "a"),
			{{5*minute + second, "a", true}, {5*minute + 4*second, "a", false}},
		}},
		{"a line that was out of sight begins anew", [][]ask{
			every(0, 2*minute, "a"), {{8 * minute, "a", false}}, every(8*minute, 13*minute, "a"), {{13*minute + second, "a", true}},
		}},
		{"a poll that takes long is not out of sight", [][]ask{
			{{0, "a", false}, {2 * minute, "a", false}, {6 * minute, "a", true}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Unix(0, 0)
			l := newLastLines(5*minute, second, func() time.Time { return now })
			for _, asks := range c.asks {
				for _, a := range asks {
					now = time.Unix(0, 0).Add(a.at)
					require.Equal(t, a.want, l.due([]byte(a.data)), "%q at %v", a.data, a.at)
				}
			}
		})
	}
}

func TestLastLinesAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLastLines(5*time.Minute, time.Second, func() time.Time { return now })
	for i := range 2 * maxLastLines {
		l.due(fmt.Append(nil, i))
	}
	require.LessOrEqual(t, len(l.seen), maxLastLines)
	now = now.Add(6 * time.Minute)
	l.due([]byte("new"))
	require.Len(t, l.seen, 1, "what is out of sight makes room")
	require.False(t, newLastLines(0, time.Second, time.Now).due([]byte("x")), "0 is off")
}
