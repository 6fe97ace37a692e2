// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package printable makes texts that somebody else chose harmless to show.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes a text from a log line harmless for terminals, log files and
// backends: invalid UTF-8 becomes U+FFFD, and what is not printable (control
// characters, direction marks, letters without ink, stacked marks) becomes its
// escape.
func Text(s string) string {
	for i, r := range s {
		if r == utf8.RuneError || !visible(r) || unicode.Is(unicode.Mn, r) {
			return textFrom(s, i)
		}
	}
	return s
}

// maxMarks is how many marks one letter may carry: more of them cover the lines
// around it.
const maxMarks = 2

// visible leaves out letters and symbols that Unicode has without any ink.
func visible(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800: // Hangul fillers, a Braille blank
		return false
	}
	return unicode.IsPrint(r)
}

func textFrom(s string, start int) string {
	var b strings.Builder
	b.WriteString(s[:start])
	marks := 0 // in a row
	for _, r := range s[start:] {
		if unicode.Is(unicode.Mn, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case visible(r) && marks <= maxMarks:
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// Cut returns s, or its first limit bytes at most (whole characters) and an
// ellipsis.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}
