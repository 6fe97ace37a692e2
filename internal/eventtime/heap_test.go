// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "runtime"

// heap returns the bytes in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
