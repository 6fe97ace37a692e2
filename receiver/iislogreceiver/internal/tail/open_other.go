// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package tail

import (
	"os"
	"syscall"
)

// openFile opens a file for reading.
func openFile(path string) (*os.File, error) { return os.Open(path) }

// releasePipe writes nothing into a pipe, so that who waits for a writer goes on.
func releasePipe(path string) {
	if file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		_ = file.Close() // nothing was written
	}
}
