// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import "io"

// isCompressed tells whether a file is a gzip archive.
func isCompressed(file io.ReaderAt) bool {
	magic := make([]byte, 2)
	_, err := file.ReadAt(magic, 0)
	return err == nil && magic[0] == 0x1f && magic[1] == 0x8b
}

// endsUnused tells whether the last byte of a file is NUL: IIS has it open and
// will write there.
func endsUnused(path string) bool {
	file, err := openFile(path)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := []byte{1}
	_, err = file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] == 0
}
