// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package tail

import "os"

// openFile opens a file for reading.
func openFile(path string) (*os.File, error) { return os.Open(path) }
