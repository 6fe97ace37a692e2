// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	samplelogs "github.com/iishunt/iishunt/internal/cmd/samplelogs"
	"github.com/iishunt/iishunt/internal/golden"
	"github.com/iishunt/iishunt/internal/oracle"
)

const sample = "../../../testdata/sample"

// TestCommittedLogsAreTheGenerators: the files in the repository are what the
// program writes, byte for byte, none more and none less.
func TestCommittedLogsAreTheGenerators(t *testing.T) {
	if golden.Updating() {
		require.NoError(t, samplelogs.Write(sample))
	}
	fresh := t.TempDir()
	require.NoError(t, samplelogs.Write(fresh))
	want, got := logNames(t, fresh), logNames(t, sample)
	require.Equal(t, want, got, "run this test with -update; delete files that are no longer written")
	for _, name := range want {
		// Archives are compared unpacked: packing may differ between Go releases.
		wantText, err := readLog(filepath.Join(fresh, name))
		require.NoError(t, err)
		gotText, err := readLog(filepath.Join(sample, name))
		require.NoError(t, err)
		require.True(t, wantText == gotText, "%s differs from what the generator writes: run this test with -update", name)
	}
}

func TestExpectedDetectionsAreRecomputed(t *testing.T) {
	found, err := oracle.Find(sample)
	require.NoError(t, err)
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(found))
	golden.Equal(t, filepath.Join(sample, "expected.json"), got.Bytes())
}

// TestReadmeExplainsEveryDetection: the story beside the logs has exactly one
// table row for each finding.
func TestReadmeExplainsEveryDetection(t *testing.T) {
	found, err := oracle.Find(sample)
	require.NoError(t, err)
	var want []string
	for _, d := range found {
		complete := "yes"
		if !d.Complete {
			complete = "no"
		}
		want = append(want, strings.Join([]string{d.WindowStart[:10], d.URLPath, d.Clients[0], strings.Join(d.Sites, " "), complete}, " | "))
	}
	readme, err := os.ReadFile(filepath.Join(sample, "README.md"))
	require.NoError(t, err)
	var got []string
	row := regexp.MustCompile(`(?m)^\| (2026-\d\d-\d\d \| [^|]+ \| [^|]+ \| [^|]+ \| (?:yes|no)) \|`)
	for _, match := range row.FindAllStringSubmatch(string(readme), -1) {
		got = append(got, strings.ReplaceAll(match[1], "`", ""))
	}
	assert.ElementsMatch(t, want, got)
}

// TestSampleShowsWhatItPromises: the oddities that other tests and the demo rely on.
func TestSampleShowsWhatItPromises(t *testing.T) {
	usable, unusable := 0, 0
	require.NoError(t, oracle.Lines(sample, func(l *oracle.Line) error {
		if l.Usable {
			usable++
			return nil
		}
		unusable++
		assert.Equal(t, "2026-03-04", l.At.Format(time.DateOnly))
		return nil
	}))
	assert.Greater(t, usable, 6000)
	assert.Equal(t, 3, unusable, "lines that break off")

	var bytesOnDisk, noFinalNewline, emptyLines, changes int
	for _, name := range logNames(t, sample) {
		info, err := os.Stat(filepath.Join(sample, name))
		require.NoError(t, err)
		bytesOnDisk += int(info.Size())
		text, err := readLog(filepath.Join(sample, name))
		require.NoError(t, err)
		assert.Equal(t, strings.Count(text, "\n"), strings.Count(text, "\r\n"), "%s: IIS ends its lines with CR LF", name)
		if !strings.HasSuffix(text, "\r\n") {
			noFinalNewline++
		}
		emptyLines += strings.Count(text, "\n\r\n")
		changes += headerChanges(text)
	}
	assert.Less(t, bytesOnDisk, 1_500_000)
	assert.Equal(t, 1, noFinalNewline, "files whose last line has no newline")
	assert.Equal(t, 1, emptyLines)
	assert.Equal(t, 1, changes, "changes of the columns in the middle of a file")
}

// TestSampleNamesNobody: only documentation, private and local addresses.
func TestSampleNamesNobody(t *testing.T) {
	var reserved []netip.Prefix
	for _, text := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		reserved = append(reserved, netip.MustParsePrefix(text))
	}
	require.NoError(t, oracle.Lines(sample, func(l *oracle.Line) error {
		for _, column := range []string{"c-ip", "s-ip"} {
			if !l.Usable || l.Value(column) == "" || oracle.Private(l.Value(column)) {
				continue
			}
			address := netip.MustParseAddr(l.Value(column))
			assert.True(t, slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(address) }), "%s %s", column, address)
		}
		return nil
	}))
}

// headerChanges counts the #Fields that differ from the one before them.
func headerChanges(text string) int {
	count, before := 0, ""
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#Fields:") {
			continue
		}
		if before != "" && line != before {
			count++
		}
		before = line
	}
	return count
}

// logNames returns the log files below a folder, sorted.
func logNames(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (strings.HasSuffix(path, ".log") || strings.HasSuffix(path, ".log.gz")) {
			name, relErr := filepath.Rel(folder, path)
			names = append(names, name)
			return relErr
		}
		return err
	})
	require.NoError(t, err)
	return names
}

// readLog returns the content of a log file, unpacked.
func readLog(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(path, ".gz") {
		return string(content), err
	}
	plain, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	content, err = io.ReadAll(plain)
	return string(content), err
}
