// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/report"
)

var errFull = errors.New("no space left on device")

// faulty is the disk, but for the step that fails.
type faulty struct {
	report.Disk
	fail string
	room int // bytes that can be written
}

func (d *faulty) Create(path string, mode fs.FileMode) (report.File, error) {
	if d.fail == "create" {
		return nil, errFull
	}
	f, err := d.Disk.Create(path, mode)
	return &faultyFile{f, d}, err
}

func (d *faulty) Rename(from, to string) error {
	if d.fail == "rename" {
		return errFull
	}
	return d.Disk.Rename(from, to)
}

type faultyFile struct {
	report.File
	disk *faulty
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if f.disk.fail != "write" {
		return f.File.Write(p)
	}
	n := min(len(p), f.disk.room)
	f.disk.room -= n
	if n, err := f.File.Write(p[:n]); err != nil {
		return n, err
	}
	return n, errFull
}

func (f *faultyFile) Sync() error {
	if f.disk.fail == "sync" {
		return errFull
	}
	return f.File.Sync()
}

func (f *faultyFile) Close() error {
	err := f.File.Close()
	if f.disk.fail == "close" {
		return errFull
	}
	return err
}

func content(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestFileIsReplacedWholeOrNotAtAll(t *testing.T) {
	for _, step := range []string{"create", "write", "sync", "close", "rename"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "report.html")
		disk := &faulty{room: 5}
		require.NoError(t, report.WriteFile(disk, path, content("the old report")))
		disk.fail = step
		require.ErrorIs(t, report.WriteFile(disk, path, content("the new report")), errFull, step)
		requireOnly(t, path, "the old report")
		disk.fail = ""
		require.NoError(t, report.WriteFile(disk, path, content("the new report")), step)
		requireOnly(t, path, "the new report")
	}
}

func requireOnly(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left beside the file")
}

func TestContentThatFailsLeavesTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, report.WriteFile(report.Disk{}, path, content("old")))
	err := report.WriteFile(report.Disk{}, path, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return errFull
	})
	require.ErrorIs(t, err, errFull)
	requireOnly(t, path, "old")
}

func TestUnfinishedFileOfACrashIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), ".report.html.tmp"), []byte("half of"), 0o600))
	require.NoError(t, report.WriteFile(report.Disk{}, path, content("new")))
	requireOnly(t, path, "new")
}
