// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package statelog

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// version is in byte 0 of each value.
const version = 1

// metaKey is the key that says which of the others count.
const metaKey = "meta"

// errUnreadable is the error of a value that is torn, foreign or of another version.
var errUnreadable = errors.New("it is damaged, or of another version")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func seal(kind byte, key string, content []byte) []byte {
	b := make([]byte, 0, len(content)+6)
	b = append(append(b, version, kind), content...)
	return binary.LittleEndian.AppendUint32(b, checksum(key, b))
}

func unseal(kind byte, key string, b []byte) ([]byte, error) {
	n := len(b) - 4
	if n < 2 || b[0] != version || b[1] != kind || binary.LittleEndian.Uint32(b[n:]) != checksum(key, b[:n]) {
		return nil, errUnreadable
	}
	return b[2:n], nil
}

func checksum(key string, b []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, b)
}
