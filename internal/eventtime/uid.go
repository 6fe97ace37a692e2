// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "strconv"

// ID names a sender, or a file of a sender. Zero names nothing.
type ID uint64

// File names a file of a sender: the same when the same sender reads the same
// file again, another for another file at the same path.
type File struct{ Sender, ID ID }

// Range is what a record answers for: the bytes of a file from the end of the
// line that was sent before it to the end of its own line, [From, To).
//
//	0 <= From < To < 2^62
type Range struct {
	File     File
	From, To int64
}

const (
	hexDigits = "0123456789abcdef"
	idDigits  = 16      // of an ID in text
	maxOffset = 1 << 62 // bytes
)

// AppendUID appends the text form of a range, which is a record's
// log.record.uid: sender, file, from and to, such as
//
//	9f86d081884c7d65-2c26b46b68ffc68f-1024-1381
func AppendUID(b []byte, r Range) []byte {
	b = append(appendID(b, r.File.Sender), '-')
	b = append(appendID(b, r.File.ID), '-')
	b = append(strconv.AppendInt(b, r.From, 10), '-')
	return strconv.AppendInt(b, r.To, 10)
}

func appendID(b []byte, id ID) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, hexDigits[id>>shift&15])
	}
	return b
}

// String returns the 16 hexadecimal digits of an ID.
func (id ID) String() string { return string(appendID(nil, id)) }

// ParseID reads what ID.String writes; ok is false for anything else and for 0.
func ParseID(s string) (id ID, ok bool) {
	if len(s) != idDigits {
		return 0, false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			id = id<<4 | ID(c-'0')
		case 'a' <= c && c <= 'f':
			id = id<<4 | ID(c-'a'+10)
		default:
			return 0, false
		}
	}
	return id, id != 0
}

// ParseUID reads what AppendUID writes; ok is false for any other text, such as
// the ULIDs that other sources write into log.record.uid.
func ParseUID(s string) (r Range, ok bool) {
	const ids = 2 * (idDigits + 1)
	if len(s) < ids+3 || s[idDigits] != '-' || s[ids-1] != '-' {
		return Range{}, false
	}
	var okSender, okFile, okFrom, okTo bool
	r.File.Sender, okSender = ParseID(s[:idDigits])
	r.File.ID, okFile = ParseID(s[idDigits+1 : ids-1])
	s = s[ids:]
	var n int
	r.From, n, okFrom = parseOffset(s)
	if !okFrom || n == len(s) || s[n] != '-' {
		return Range{}, false
	}
	s = s[n+1:]
	r.To, n, okTo = parseOffset(s)
	if !okSender || !okFile || !okTo || n != len(s) || r.From >= r.To {
		return Range{}, false
	}
	return r, true
}

// parseOffset reads the decimal number that s begins with, in its only form.
func parseOffset(s string) (v int64, n int, ok bool) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		v = v*10 + int64(s[n]-'0')
		if n++; v >= maxOffset {
			return 0, 0, false
		}
	}
	return v, n, n == 1 || n > 1 && s[0] != '0'
}
