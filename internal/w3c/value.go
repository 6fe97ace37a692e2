// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Absent tells whether a value stands for no value: "-", or nothing at all.
func Absent(v string) bool { return v == "-" || v == "" }

// ParseInt reads a whole number; false if it is none, or beyond 64 bits. The
// plain digits that IIS writes take the short way.
func ParseInt(v string) (int64, bool) {
	digits := v
	if v != "" && v[0] == '-' {
		digits = v[1:]
	}
	if digits == "" || len(digits) > 19 {
		return 0, false
	}
	var n uint64
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d) // 19 digits always fit
	}
	if len(digits) != len(v) {
		return -int64(n), n <= math.MaxInt64
	}
	return int64(n), n <= math.MaxInt64
}

// ParseDecimal reads digits with a decimal point, such as the milliseconds of
// an ASP.NET Core log; false for anything else, also for exponents and NaN.
func ParseDecimal(v string) (float64, bool) {
	point := false
	for i := range len(v) {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && !point:
			point = true
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(v, 64)
	return f, err == nil
}

// DecodePlus undoes what IIS does to blanks inside a value: it writes a plus
// sign. A plus sign that was there before cannot be told apart.
func DecodePlus(v string) string { return strings.ReplaceAll(v, "+", " ") }

// What stands for a byte that is not UTF-8: U+EF80 to U+EFFF, of the private use
// area, for the bytes 80 to FF. (MirBSD reads and writes such bytes so.)
const (
	escapes    = 0xEF00
	firstByte  = 0x80
	escapeLead = 0xEE // first byte of the UTF-8 of all of them
)

// Repair returns v as valid UTF-8: each byte that is not UTF-8 becomes a character
// that stands for it, so that different texts stay different. A text that has such
// a character already gets three for its bytes. Else text that is valid comes back
// as it is, without a copy.
func Repair(v string) string {
	if !needsRepair(v) {
		return v
	}
	b := make([]byte, 0, len(v)+16)
	for i := 0; i < len(v); {
		r, n := utf8.DecodeRuneInString(v[i:])
		if r == utf8.RuneError && n == 1 || r >= escapes+firstByte && r <= escapes+0xFF {
			for _, c := range []byte(v[i : i+n]) {
				b = utf8.AppendRune(b, escapes+rune(c))
			}
		} else {
			b = append(b, v[i:i+n]...)
		}
		i += n
	}
	return string(b)
}

// needsRepair may be true of a text that Repair leaves as it is.
func needsRepair(v string) bool {
	return !utf8.ValidString(v) || strings.IndexByte(v, escapeLead) >= 0
}
