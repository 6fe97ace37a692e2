// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import "strconv"

// Kind says what a line is. Each line is exactly one.
type Kind uint8

const (
	// Record: a line whose values fit the schema in force.
	Record Kind = iota
	// Bad: a line that is data but cannot be given its columns, see Problem.
	Bad
	// Directive: a line that begins with #, also one that means nothing to us.
	Directive
	// Blank: nothing but blanks; the NUL bytes of unused file space also count
	// as that.
	Blank
)

// Problem says why a line is Bad.
type Problem uint8

const (
	// NoProblem is that of every line that is not Bad.
	NoProblem Problem = iota
	// NoFields: no #Fields is in force.
	NoFields
	// ValueCount: more or fewer values than the schema has columns.
	ValueCount
	// TooLong: a piece of a line that is longer than the reader's limit.
	TooLong
	// NULBytes: NUL bytes within the line.
	NULBytes
	// BadQuotes: a quote that is not closed, where quotes quote.
	BadQuotes
	// Continued: the rest of a line that was read before it was complete.
	Continued
)

// Line is one line of a chunk. Everything in it is valid until the next call
// of Next; strings may be kept, they keep the chunk in memory.
type Line struct {
	Kind    Kind
	Problem Problem
	// Text is the line without its line ending and without a byte order mark.
	Text string
	// Offset is where Text begins in the chunk, in bytes, and End where the next
	// line does.
	Offset, End int
	// Schema is what Values belong to; nil unless the line is a Record or its
	// Problem is ValueCount or BadQuotes.
	Schema *Schema
	// Values of a Record, one for each column of Schema; nil where Lazy left it
	// uncut.
	Values []string
	// Found is the number of values, where Problem is ValueCount.
	Found int
}

// Describe says in words what is wrong with a Bad line.
func (l *Line) Describe() string {
	switch l.Problem {
	case NoFields:
		return "no #Fields directive in force"
	case ValueCount:
		return count(l.Found, "value") + " for " + count(len(l.Schema.Fields), "column")
	case TooLong:
		return "line longer than max_log_size"
	case NULBytes:
		return "NUL bytes in the line"
	case BadQuotes:
		return "unbalanced quotes"
	case Continued:
		return "rest of a line that was read before it was complete"
	default:
		return ""
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
