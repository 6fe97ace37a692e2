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

// Repair returns v with every run of bytes that are not UTF-8 replaced by
// U+FFFD. Text that is valid comes back as it is, without a copy.
func Repair(v string) string {
	if utf8.ValidString(v) {
		return v
	}
	return strings.ToValidUTF8(v, "\uFFFD")
}
