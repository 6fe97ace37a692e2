// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package page

import "unicode/utf8"

// lower folds one letter of ASCII.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func appendCase(dst []byte, s string, fold bool) []byte {
	if !fold {
		return append(dst, s...)
	}
	return AppendFold(dst, s)
}

// AppendFold appends a name with its letters in lower case, as far as the file
// system of Windows takes both cases for one. It never makes ASCII of what is not
// ASCII, as Unicode does with the Kelvin sign and the dotted I, and leaves bytes
// that are not UTF-8 as they are: different names stay different.
func AppendFold(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, s...)
	for i := start; i < len(dst); i++ {
		if dst[i] >= utf8.RuneSelf {
			return appendRunes(dst[:i], s[i-start:])
		}
		dst[i] = lower(dst[i])
	}
	return dst
}

func appendRunes(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			dst = append(dst, lower(s[i]))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError {
			dst = append(dst, s[i:i+n]...)
		} else {
			dst = utf8.AppendRune(dst, lowerRune(r))
		}
		i += n
	}
	return dst
}

// block is a range of capital letters.
type block struct {
	from, to rune
	// distance to the small letter. every 2: capital and small letters take turns.
	distance, every rune
}

// capitals are the letters that the tables of Windows (NTFS writes one, $UpCase,
// to each volume) and Unicode agree on since Windows XP. Letters that came to
// Unicode later, and those that have no partner of their own (the dotless i, the
// long s, the micro sign, the final sigma), are not here.
var capitals = [...]block{
	{0x00C0, 0x00D6, 32, 1},
	{0x00D8, 0x00DE, 32, 1}, // Latin
	{0x0100, 0x012E, 1, 2},
	{0x0132, 0x0136, 1, 2},
	{0x0139, 0x0147, 1, 2},
	{0x014A, 0x0176, 1, 2},
	{0x0178, 0x0178, 0x00FF - 0x0178, 1},
	{0x0179, 0x017D, 1, 2},
	{0x0386, 0x0386, 0x03AC - 0x0386, 1}, // Greek
	{0x0388, 0x038A, 37, 1},
	{0x038C, 0x038C, 64, 1},
	{0x038E, 0x038F, 63, 1},
	{0x0391, 0x03A1, 32, 1},
	{0x03A3, 0x03AB, 32, 1},
	{0x0401, 0x040C, 80, 1}, // Cyrillic
	{0x040E, 0x040F, 80, 1},
	{0x0410, 0x042F, 32, 1},
	{0x0460, 0x0480, 1, 2},
	{0x0490, 0x04BE, 1, 2},
	{0x0531, 0x0556, 48, 1}, // Armenian
	{0x1E00, 0x1E94, 1, 2},  // Latin, Vietnamese among it
	{0x1EA0, 0x1EF8, 1, 2},
	{0xFF21, 0xFF3A, 32, 1}, // Latin at full width
}

func lowerRune(r rune) rune {
	for i := range capitals {
		b := &capitals[i]
		if r < b.from {
			return r
		}
		if r <= b.to {
			if (r-b.from)%b.every == 0 {
				return r + b.distance
			}
			return r
		}
	}
	return r
}
