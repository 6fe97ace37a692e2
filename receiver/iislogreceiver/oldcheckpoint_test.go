// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/attr"
)

// TestCheckpointsOfOlderVersionsAreContinued begins with what earlier versions
// stored when they had read both files up to the line of /p3, and sees the rest
// only, under the #Fields in force. One file is longer than the fingerprint, of
// the other its place is also in iishunt.young.
func TestCheckpointsOfOlderVersionsAreContinued(t *testing.T) {
	saved, err := filepath.Glob("testdata/checkpoints/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, saved)
	for _, name := range saved {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f := newFixture(t)
			f.store()
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, &f.mem.values))
			dir, err := json.Marshal(f.dir)
			require.NoError(t, err)
			f.mem.values[shortKey] = bytes.ReplaceAll(f.mem.values[shortKey], []byte("DIR"), dir[1:len(dir)-1])
			f.write("W3SVC1/long.log", strings.Repeat("#Software: Internet Information Services\n", 150)+twoChanges)
			f.write("W3SVC2/short.log", twoChanges)
			f.start()
			f.waitRecords(6)
			f.polls()
			f.stop()
			require.ElementsMatch(t, []string{"/p3", "/p4", "/p5", "/p3", "/p4", "/p5"}, f.attrs("url.path"))
			require.Equal(t, []string{"", "", "", "", "", ""}, f.attrs(attr.IISParseError))
		})
	}
}
