// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package iislogreceiver

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// With acquire_fs_lock a file is left alone while somebody else has it locked,
// and read once the lock is gone; other files are read meanwhile.
func TestLockedFileIsReadWhenTheLockIsGone(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.AcquireFSLock = true
	f.write("a.log", header+lines1(1, 3))
	f.write("b.log", header2+line2(0))
	file, err := os.Open(f.path("a.log"))
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(file.Fd()), syscall.LOCK_EX))
	f.start()
	f.polls()
	require.Equal(t, []string{"/p0.aspx"}, f.attrs("url.path"))
	require.NoError(t, syscall.Flock(int(file.Fd()), syscall.LOCK_UN))
	f.waitRecords(3)
	f.polls()
	requirePaths(t, f, 0, 3)
	require.NoError(t, file.Close())
}
