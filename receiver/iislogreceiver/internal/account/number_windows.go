// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"os"
	"syscall"
)

// NumberOf returns nothing: here a file must be open for that.
func NumberOf(os.FileInfo) Number { return Number{} }

// NumberOfFile returns the serial number of the volume and the index of an open
// file.
func NumberOfFile(file *os.File) Number {
	var d syscall.ByHandleFileInformation
	if err := syscall.GetFileInformationByHandle(syscall.Handle(file.Fd()), &d); err != nil {
		return Number{}
	}
	return Number{uint64(d.VolumeSerialNumber), uint64(d.FileIndexHigh)<<32 | uint64(d.FileIndexLow)}
}
