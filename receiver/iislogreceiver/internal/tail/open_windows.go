// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build windows

package tail

import (
	"os"
	"syscall"
)

// openFile opens a file for reading. Unlike os.Open it lets others rename and
// delete the file meanwhile, as fileconsumer does: rotation scripts must not
// fail because a log is looked at.
func openFile(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ,
		syscall.FILE_SHARE_READ|syscall.FILE_SHARE_WRITE|syscall.FILE_SHARE_DELETE,
		nil, syscall.OPEN_EXISTING, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}

// releasePipe does nothing: there are no pipes among files here.
func releasePipe(string) {}
