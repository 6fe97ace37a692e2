// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory returns bytes. Linux and the BSDs count in KiB, macOS in bytes.
func peakMemory(p *os.ProcessState) int64 {
	r, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(r.Maxrss) //nolint:unconvert // it is int32 on some systems
	}
	return int64(r.Maxrss) << 10 //nolint:unconvert // the same
}
