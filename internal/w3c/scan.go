// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"bufio"
	"errors"
	"io"
)

// maxDirective bounds the line that Scan looks at, in bytes. No #Fields comes
// near it.
const maxDirective = 64 << 10

// Scan reads in to its end and returns the State that is in force there. It is
// for files whose state was not kept: in must give the file from its first
// byte up to the place where reading goes on.
func Scan(in io.Reader, schemas *Cache) (State, error) {
	r := Reader{Schemas: schemas}
	r.Start(State{})
	buf := bufio.NewReaderSize(in, maxDirective)
	begins, partial := true, false
	for {
		piece, err := buf.ReadSlice('\n')
		if begins && isDirective(piece) && !errors.Is(err, bufio.ErrBufferFull) {
			r.Feed(string(piece), EndWhole)
			for l := r.Next(); l != nil; l = r.Next() {
				continue
			}
		}
		if len(piece) > 0 {
			begins = piece[len(piece)-1] == '\n'
			partial = !begins
		}
		switch {
		case err == nil, errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			st := r.State()
			st.Tail = TailNone
			if partial {
				st.Tail = TailFlushed
			}
			return st, nil
		default:
			return r.State(), err
		}
	}
}

// isDirective tells whether a line can be one, seeing past a byte order mark
// and the NUL bytes of a hole.
func isDirective(line []byte) bool {
	if len(line) >= 3 && string(line[:3]) == byteOrderMark {
		line = line[3:]
	}
	for len(line) > 0 && line[0] == 0 {
		line = line[1:]
	}
	return len(line) > 0 && line[0] == '#'
}
