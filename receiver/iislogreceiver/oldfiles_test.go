// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// IIS deletes no logs. Years of them are read once, and with
// exclude_older_than not at all; the file of today is read either way.
func TestFolderWithTenThousandOldFiles(t *testing.T) {
	const files = 10_000
	f := newFixture(t)
	f.store()
	f.cfg.ExcludeOlderThan = 48 * time.Hour
	old := time.Now().AddDate(0, -1, 0)
	for i := range files {
		name := fmt.Sprintf("W3SVC1/u_ex%05d.log", i)
		f.write(name, header+line1(i))
		require.NoError(t, os.Chtimes(f.path(name), old, old))
	}
	f.write("W3SVC1/u_ex9.log", header2+line2(files))
	f.start()
	f.waitRecords(1)
	f.polls()
	requirePaths(t, f, files, files+1)
	f.append("W3SVC1/u_ex9.log", line2(files+1))
	f.waitRecords(2)
	f.polls()
	f.stop()

	// Without it, a thousand of them: the race detector makes the comparison of
	// each file's beginning with that of all others slow.
	f.cfg.ExcludeOlderThan = 0
	f.cfg.Include = []string{f.path("W3SVC1/u_ex00*.log"), f.path("W3SVC1/u_ex9.log")}
	f.start()
	f.waitRecords(1000 + 2)
	f.polls()
	f.append("W3SVC1/u_ex9.log", line2(files+2))
	f.waitRecords(1000 + 3)
	seen := map[string]int{}
	for _, p := range f.attrs("url.path") {
		seen[p]++
	}
	require.Len(t, seen, 1000+3)
}
