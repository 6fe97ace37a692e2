// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package iislogreceiver

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pipe among the files holds nobody up, whenever it came: what is there is read
// and told, and the receiver can be stopped.
func TestPipes(t *testing.T) {
	for name, before := range map[string]bool{"at the start": true, "later": false} {
		t.Run(name, func(t *testing.T) {
			f, j := newTold(t)
			f.write("b.log", toldHeader+toldLine("/1"))
			pipe := func() { require.NoError(t, syscall.Mkfifo(f.path("a [1].log"), 0o600)) }
			if before {
				pipe()
			}
			f.start()
			f.settled(j)
			require.Equal(t, []string{"/1"}, j.seen())
			if before {
				f.append("b.log", toldLine("/2"))
				f.settled(j)
				require.Equal(t, []string{"/1", "/2"}, j.seen())
				require.Len(t, f.logs.FilterMessageSnippet("What is no regular file is left out").All(), 1)
				return
			}
			pipe()
			f.stop()
		})
	}
}
