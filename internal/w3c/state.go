// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Tail says how the last chunk ended, if not at the end of a line.
type Tail uint8

const (
	// TailNone: the next chunk begins with a new line.
	TailNone Tail = iota
	// TailLong: the next chunk goes on inside a line that is too long.
	TailLong
	// TailFlushed: the last line was read before its newline was there.
	TailFlushed

	numTails
)

// State is all that must be known to read on in the middle of a file. The zero
// State is that of a file's beginning. States can be compared with ==.
type State struct {
	// Fields is the text of the schema in force; empty if there is none.
	Fields string
	// Date is the day of the last #Date (YYYY-MM-DD), for logs whose lines
	// carry a time only; empty if unknown.
	Date string
	// Quoted: the file comes from Advanced Logging, whose quotes quote.
	Quoted bool
	// Directives: at least one directive was seen, so the file is a W3C log.
	Directives bool
	// Tail says how the data before this point ended.
	Tail Tail
}

// ErrState is what DecodeState wraps when a text is no encoded state.
var ErrState = errors.New("not an encoded W3C state")

const stateVersion = "1"

// Encode returns the state as printable ASCII text, for DecodeState.
func (s State) Encode() string {
	flags := []byte{'-', '-'}
	if s.Quoted {
		flags[0] = 'q'
	}
	if s.Directives {
		flags[1] = 'd'
	}
	date := s.Date
	if date == "" {
		date = "-"
	}
	// Names may hold any byte; quoted, they survive every kind of storage.
	return stateVersion + " " + string(flags) + " " + strconv.Itoa(int(s.Tail)) +
		" " + date + " " + strconv.QuoteToASCII(s.Fields)
}

// DecodeState is the inverse of Encode. A text that is not from Encode, or
// from a version that this one does not know, gives an error that wraps
// ErrState.
func DecodeState(text string) (State, error) {
	parts := strings.SplitN(text, " ", 5)
	if len(parts) != 5 {
		return State{}, fmt.Errorf("%w: %d parts instead of 5", ErrState, len(parts))
	}
	if parts[0] != stateVersion {
		return State{}, fmt.Errorf("%w: version %q instead of %s", ErrState, parts[0], stateVersion)
	}
	var s State
	flags := parts[1]
	if len(flags) != 2 || strings.Trim(flags[:1], "-q") != "" || strings.Trim(flags[1:], "-d") != "" {
		return State{}, fmt.Errorf("%w: flags %q", ErrState, flags)
	}
	s.Quoted, s.Directives = flags[0] == 'q', flags[1] == 'd'
	tail, err := strconv.ParseUint(parts[2], 10, 8)
	if err != nil || Tail(tail) >= numTails {
		return State{}, fmt.Errorf("%w: tail %q", ErrState, parts[2])
	}
	s.Tail = Tail(tail)
	if parts[3] != "-" {
		if _, ok := parseDate(parts[3]); !ok {
			return State{}, fmt.Errorf("%w: date %q", ErrState, parts[3])
		}
		s.Date = parts[3]
	}
	if s.Fields, err = strconv.Unquote(parts[4]); err != nil {
		return State{}, fmt.Errorf("%w: fields %q", ErrState, parts[4])
	}
	return s, nil
}
