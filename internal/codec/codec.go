// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package codec writes and reads the stored form of small values: integers are
// varints, texts and lists carry their length first. Whoever stores what it
// writes adds a version and a checksum; still, no bytes make a Decoder panic or
// take more memory than a small multiple of their number.
package codec

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed is the error of a Decoder that was given something else than
// what the Append functions write.
var ErrMalformed = errors.New("malformed state")

// Decoder reads what the Append functions wrote. After the first mistake every
// read gives zero, and Err tells.
type Decoder struct {
	Rest []byte // what was not read yet
	Err  error
}

// Fail makes every later read give zero.
func (d *Decoder) Fail() { d.Rest, d.Err = nil, ErrMalformed }

// Uint reads what AppendUint wrote.
func (d *Decoder) Uint() uint64 {
	v, n := binary.Uvarint(d.Rest)
	if n <= 0 {
		d.Fail()
		return 0
	}
	d.Rest = d.Rest[n:]
	return v
}

// Int reads what AppendInt wrote.
func (d *Decoder) Int() int64 {
	v, n := binary.Varint(d.Rest)
	if n <= 0 {
		d.Fail()
		return 0
	}
	d.Rest = d.Rest[n:]
	return v
}

// Count reads the length of a list whose elements take at least size bytes each.
func (d *Decoder) Count(size int) int {
	n := d.Uint()
	if n > uint64(len(d.Rest)/size) {
		d.Fail()
		return 0
	}
	return int(n)
}

// Bytes reads n bytes, which it does not copy; nil if there are not that many.
func (d *Decoder) Bytes(n int) []byte {
	if n > len(d.Rest) {
		d.Fail()
		return nil
	}
	b := d.Rest[:n]
	d.Rest = d.Rest[n:]
	return b
}

// Byte reads one byte.
func (d *Decoder) Byte() byte {
	if b := d.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Bool reads what AppendBool wrote.
func (d *Decoder) Bool() bool { return d.Byte() != 0 }

// Text reads what AppendText wrote.
func (d *Decoder) Text() string { return string(d.Bytes(d.Count(1))) }

// Fixed reads what AppendFixed wrote.
func (d *Decoder) Fixed() uint64 {
	if b := d.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// AppendInt appends a signed integer.
func AppendInt(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

// AppendUint appends an unsigned integer that is mostly small.
func AppendUint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// AppendFixed appends an integer that is mostly large, in eight bytes.
func AppendFixed(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }

// AppendBool appends a truth value.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendText appends a text with its length.
func AppendText(b []byte, s string) []byte { return append(AppendUint(b, uint64(len(s))), s...) }
