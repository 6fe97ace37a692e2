// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// difference lists at most ten keys whose numbers differ.
func difference(want, got map[string]int) []string {
	var out []string
	for k, n := range want {
		if got[k] != n {
			out = append(out, fmt.Sprintf("%q: %d instead of %d", k, got[k], n))
		}
	}
	for k, n := range got {
		if _, ok := want[k]; !ok {
			out = append(out, fmt.Sprintf("%q: %d instead of none", k, n))
		}
	}
	return out[:min(len(out), 10)]
}

// TestSitesWhoseFilesBeginAlike: headers of sites that are rolled in the same
// second are the same bytes, and so may be the first lines, such as those of a
// health check. Files are told apart as soon as they differ.
func TestSitesWhoseFilesBeginAlike(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"utf-8":                  func(*Config) {},
		"ANSI code page":         func(c *Config) { c.Encoding = "windows-1252" },
		"two bytes a character":  func(c *Config) { c.Encoding = "utf-16le" },
		"among compressed files": func(c *Config) { c.Compression = "auto" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.store()
			change(f.cfg)
			encode := encoder(t, f.cfg.Encoding)
			f.cfg.PollInterval = time.Millisecond
			f.cfg.IncludeFilePath = true
			const sites = 40
			name := func(i int) string { return fmt.Sprintf("W3SVC%d/u_ex260302.log", i) }
			for i := range sites {
				f.write(name(i), encode(header))
			}
			f.start()
			f.polls()
			for i := range sites {
				f.append(name(i), encode(line1(0))) // the same everywhere
			}
			f.polls()
			for i := range sites {
				f.append(name(i), encode(line1(1+i)))
			}
			f.waitRecords(2 * sites)
			f.polls()
			f.stop()
			for i := range sites {
				f.append(name(i), encode(line1(100+i)))
			}
			f.start()
			f.waitRecords(3 * sites)
			f.polls()
			want, got := map[string]int{}, map[string]int{}
			for i := range sites {
				for _, n := range []int{0, 1 + i, 100 + i} {
					want[fmt.Sprintf("%s /p%d.aspx", f.path(name(i)), n)]++
				}
			}
			for _, lr := range f.records() {
				got[attrOf(lr, tail.AttrFilePath)+" "+attrOf(lr, "url.path")]++
			}
			require.Empty(t, difference(want, got))
		})
	}
}
