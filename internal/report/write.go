// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// FS is what WriteFile needs of a file system, so that tests can let it fail.
type FS interface {
	Create(path string, mode fs.FileMode) (File, error)
	Rename(from, to string) error
	Remove(path string) error
}

// File is a new file.
type File interface {
	io.WriteCloser
	Sync() error
}

// Disk is the real file system.
type Disk struct{}

// Create makes a file that must not be there yet.
func (Disk) Create(path string, mode fs.FileMode) (File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS == "windows" {
		return f, nil
	}
	if err := f.Chmod(mode); err != nil { // the umask may have taken rights away
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

// Rename replaces the file that is there.
func (Disk) Rename(from, to string) error { return os.Rename(from, to) }

// Remove removes a file.
func (Disk) Remove(path string) error { return os.Remove(path) }

// WriteFile replaces a file whole or not at all: the new content is written
// beside it, made durable, and renamed. A new file is the owner's alone (the
// report has what attackers sent, and perhaps users' names); one that is there
// keeps its mode.
func WriteFile(disk FS, path string, write func(io.Writer) error) (err error) {
	mode := fs.FileMode(0o600)
	if info, statErr := os.Stat(path); statErr == nil {
		mode = info.Mode().Perm()
	}
	dir, base := filepath.Split(path)
	temporary := filepath.Join(dir, "."+base+".tmp")
	if err := disk.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("an earlier unfinished file is in the way: %w", err)
	}
	f, err := disk.Create(temporary, mode)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(f, 1<<16)
	err = write(b)
	err = errors.Join(err, b.Flush())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = disk.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, disk.Remove(temporary))
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// syncFolder makes the rename durable, where a folder can be opened for that.
// The content is safe without: a lost rename leaves the old file.
func syncFolder(dir string) {
	if runtime.GOOS == "windows" {
		return
	}
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
