// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Files of many sites can end in the same line, such as that of one health
// check; none waits for another.
func TestEqualLastLinesOfManyFiles(t *testing.T) {
	f := newFixture(t)
	f.store()
	f.cfg.FlushPeriod = 500 * time.Millisecond
	const files = 40
	for i := range files {
		f.write(fmt.Sprintf("%d.log", i), header+fmt.Sprintf("# %d\n", i)+strings.TrimSuffix(line1(0), "\n"))
	}
	f.start()
	f.waitRecords(files) // 20 s, if each took a period of its own
	f.polls()
	require.Equal(t, files, f.sink.LogRecordCount())
}
