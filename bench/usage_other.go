// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main

import "os"

// peakMemory is not known here; the table says 0.
func peakMemory(*os.ProcessState) int64 { return 0 }
