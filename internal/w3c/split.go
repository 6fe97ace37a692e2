// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unsafe"
)

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trimEnd takes the blanks off the end of a line, where they separate nothing.
func trimEnd(line string) string {
	for line != "" && isBlank(line[len(line)-1]) {
		line = line[:len(line)-1]
	}
	return line
}

// splitSingle cuts line at every blank into exactly len(values) values, and
// tells whether there were as many. Two blanks have an empty value between
// them. It looks at eight bytes at a time: values are short, and looking for
// the end of each by itself costs more.
func splitSingle(values []string, line string) bool {
	const (
		blanks = 0x2020202020202020
		low    = 0x7f7f7f7f7f7f7f7f
	)
	text := unsafe.Slice(unsafe.StringData(line), len(line)) //nolint:gosec // only read, and no longer than line is
	last := len(values) - 1
	found, begin, i := 0, 0, 0
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:]) ^ blanks
		// The high bit of each byte of x that is zero, and of no other.
		for hits := ^((x&low + low) | x | low); hits != 0; hits &= hits - 1 {
			end := i + bits.TrailingZeros64(hits)/8
			if found == last {
				return false
			}
			values[found] = line[begin:end]
			found++
			begin = end + 1
		}
	}
	for ; i < len(text); i++ {
		if text[i] == ' ' {
			if found == last {
				return false
			}
			values[found] = line[begin:i]
			found++
			begin = i + 1
		}
	}
	if found != last {
		return false
	}
	values[last] = line[begin:]
	return true
}

// splitRuns appends the values of line to values, where any number of blanks
// and TABs separate two of them.
func splitRuns(values []string, line string) []string {
	for {
		for line != "" && isBlank(line[0]) {
			line = line[1:]
		}
		if line == "" {
			return values
		}
		n := 0
		for n < len(line) && !isBlank(line[n]) {
			n++
		}
		values = append(values, line[:n])
		line = line[n:]
	}
}

// fitsRuns splits line on runs into exactly len(values) values, and tells
// whether there were as many. What is in values after a false is meaningless.
func fitsRuns(values []string, line string) bool {
	found := 0
	for {
		for line != "" && isBlank(line[0]) {
			line = line[1:]
		}
		if line == "" {
			return found == len(values)
		}
		if found == len(values) {
			return false
		}
		n := 0
		for n < len(line) && !isBlank(line[n]) {
			n++
		}
		values[found] = line[:n]
		found++
		line = line[n:]
	}
}

// splitQuoted splits a line of Advanced Logging, where a value may be put in
// double quotes and a quote inside is doubled. It returns how many values
// there are, of which at most len(values) are stored, and false if a quote is
// never closed or is followed by something else than a blank.
func splitQuoted(values []string, line string) (found int, ok bool) {
	for {
		for line != "" && isBlank(line[0]) {
			line = line[1:]
		}
		if line == "" {
			return found, true
		}
		var value string
		if line[0] == '"' {
			if value, line, ok = cutQuoted(line[1:]); !ok {
				return found, false
			}
		} else {
			n := 0
			for n < len(line) && !isBlank(line[n]) {
				n++
			}
			value, line = line[:n], line[n:]
		}
		if found < len(values) {
			values[found] = value
		}
		found++
	}
}

// cutQuoted takes the text up to the closing quote. Only a value that really
// has doubled quotes inside is copied.
func cutQuoted(s string) (value, rest string, ok bool) {
	doubled := false
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		if i+1 < len(s) && !isBlank(s[i+1]) {
			return "", "", false
		}
		value = s[:i]
		if doubled {
			value = strings.ReplaceAll(value, `""`, `"`)
		}
		return value, s[i+1:], true
	}
	return "", "", false
}
