// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package account

import (
	"os"
	"syscall"
)

// NumberOf returns device and inode.
func NumberOf(info os.FileInfo) Number {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Number{}
	}
	return Number{uint64(s.Dev), s.Ino} //nolint:unconvert // it is of another type on other systems
}

// NumberOfFile returns the same of an open file.
func NumberOfFile(file *os.File) Number {
	info, err := file.Stat()
	if err != nil {
		return Number{}
	}
	return NumberOf(info)
}
