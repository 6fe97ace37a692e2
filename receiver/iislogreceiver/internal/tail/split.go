// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bufio"
	"bytes"
	"time"
)

// maxHoleAge is how long NUL bytes with lines behind them are taken for a write
// that was seen half done, before they are read as what a crash left.
const maxHoleAge = 10 * time.Second

// tails decides about data that may not be complete yet.
type tails struct {
	// due tells whether a last line without a newline is old enough to be read.
	due func(data []byte) bool
	// settled tells whether NUL bytes in front of a line are old enough to stay.
	settled func(data []byte) bool
}

// splitChunks returns a split function whose tokens are all complete lines
// that the buffer holds, with their endings. A token without a line ending is
// a piece of a line that is longer than limit, in which case it is limit bytes
// long, or a last line that was due.
//
// The end of a file that IIS has open can be NUL bytes, which are overwritten
// later. Reading stops before them: with an error, because only then neither a
// flush nor a length limit further up can emit them, and with ErrFinalToken,
// because that one ends the scan without a complaint.
func splitChunks(limit int, ends tails) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (int, []byte, error) {
		if len(data) == 0 {
			return 0, nil, nil
		}
		window := data[:min(len(data), limit)]
		if n := bytes.LastIndexByte(window, '\n'); n >= 0 {
			return whole(data[:n+1], ends)
		}
		// A CR alone ends a line too, unless it may be half of a CR LF.
		if n := bytes.LastIndexByte(window[:len(window)-1], '\r'); n >= 0 {
			return n + 1, data[:n+1], nil
		}
		return incomplete(data, window, limit, bytes.IndexByte(window, 0) >= 0, atEOF, ends.due)
	}
}

// whole returns complete lines. Where NUL bytes stand among them, somebody may
// be writing there just now: the lines before are returned, and the one with the
// NUL bytes once it is settled.
func whole(lines []byte, ends tails) (int, []byte, error) {
	hole := bytes.IndexByte(lines, 0)
	if hole < 0 {
		return len(lines), lines, nil
	}
	if n := bytes.LastIndexByte(lines[:hole], '\n'); n >= 0 {
		return n + 1, lines[:n+1], nil
	}
	n := hole + bytes.IndexByte(lines[hole:], '\n') + 1
	if !ends.settled(lines[:n]) {
		return 0, nil, bufio.ErrFinalToken
	}
	return n, lines[:n], nil
}

// splitLines is splitChunks for encodings that have to be decoded: a token is
// one line. Lines end with newline, whose length is also the size of the
// encoding's code units.
func splitLines(newline []byte, limit int, ends tails) bufio.SplitFunc {
	unit := len(newline)
	limit -= limit % unit
	nul := make([]byte, unit)
	return func(data []byte, atEOF bool) (int, []byte, error) {
		if len(data) == 0 {
			return 0, nil, nil
		}
		window := data[:min(len(data), limit)]
		if n := indexUnit(window, newline); n >= 0 {
			if indexUnit(data[:n], nul) >= 0 && !ends.settled(data[:n]) {
				return 0, nil, bufio.ErrFinalToken
			}
			return n + unit, data[:n+unit], nil
		}
		return incomplete(data, window, limit, indexUnit(window, nul) >= 0, atEOF, ends.due)
	}
}

// indexUnit is bytes.Index for whole code units.
func indexUnit(data, unit []byte) int {
	from := 0
	for {
		n := bytes.Index(data[from:], unit)
		if n < 0 {
			return -1
		}
		if (from+n)%len(unit) == 0 {
			return from + n
		}
		from += n + 1
	}
}

// incomplete decides what becomes of a window without a line ending.
func incomplete(data, window []byte, limit int, hasNUL, atEOF bool, due func([]byte) bool) (int, []byte, error) {
	full := len(data) >= limit
	switch {
	case hasNUL && (full || atEOF):
		return 0, nil, bufio.ErrFinalToken
	case full:
		return len(window), window, nil
	case atEOF && due(data):
		return len(data), data, nil
	default:
		// With NUL bytes too: behind a hole that a crash left, lines go on.
		return 0, nil, nil
	}
}
