// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/iishunt/iishunt/internal/report"
)

const (
	// The length of a line is estimated from the beginnings of some files.
	sampledFiles     = 50
	sampledBytes     = 64 << 10 // of each file, unpacked
	typicalLineBytes = 250      // if nothing can be sampled
)

// logs are the files of a hunt.
type logs struct {
	pattern string // for iis_log's include
	files   []string
	bytes   int64 // of the files as they are
	lines   int64 // estimated
	unread  []report.Unread
}

// find lists the files: all .log and .log.gz files below a folder, the file of
// this name, or the files that match the pattern.
func find(name string) (*logs, error) {
	l := &logs{pattern: name}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		l.pattern = filepath.Join(quoted(name), "**", "*.{log,log.gz}")
	case err == nil:
		l.pattern = quoted(name)
	case !errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, "*?[{"):
		return nil, err
	}
	found, err := doublestar.FilepathGlob(l.pattern, doublestar.WithFilesOnly())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(found) == 0 {
		if info != nil {
			return nil, fmt.Errorf("%s has no .log and no .log.gz file, at any depth; name a pattern for other files, such as LOGS='%s'",
				name, filepath.Join(name, "**", "*.txt"))
		}
		return nil, fmt.Errorf("no file is, or matches, %s", name)
	}
	l.files = found
	l.inspect()
	if len(l.unread) == len(l.files) {
		return nil, fmt.Errorf("%s: none of %d files can be read: %s", name, len(l.files), l.unread[0].Error)
	}
	return l, nil
}

// quoted is a pattern that matches this name alone. On Windows a backslash separates
// folders and cannot quote; few names there have a bracket.
func quoted(name string) string {
	if runtime.GOOS == "windows" {
		return name
	}
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "?", "\\?", "[", "\\[", "{", "\\{", "}", "\\}").Replace(name)
}

// inspect opens each file, sums their sizes, and estimates the lines in them.
func (l *logs) inspect() {
	step := max(1, len(l.files)/sampledFiles)
	var plain, sampled, lines int64
	for i, path := range l.files {
		n, compressed, sample, err := look(path, i%step == 0)
		if err != nil {
			l.unread = append(l.unread, report.Unread{Path: path, Error: reason(err)})
			continue
		}
		l.bytes += compressed
		plain += n
		sampled += int64(len(sample))
		lines += int64(bytes.Count(sample, []byte{'\n'}))
	}
	if lines == 0 {
		l.lines = plain / typicalLineBytes
		return
	}
	l.lines = int64(float64(plain) * float64(lines) / float64(sampled))
}

// look returns the size of the content, the size of the file, and the beginning
// of the content if it is asked for.
func look(path string, sample bool) (plain, onDisk int64, beginning []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, nil, err
	}
	plain, onDisk = info.Size(), info.Size()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		plain = unpacked(f, onDisk)
		z, err := gzip.NewReader(f)
		if err != nil {
			return 0, 0, nil, fmt.Errorf("not in gzip format: %w", err)
		}
		r = z
	}
	if sample {
		beginning, err = io.ReadAll(io.LimitReader(r, sampledBytes))
	}
	return plain, onDisk, beginning, err
}

// unpacked is the size of a gzip file's content. Its last four bytes say it, except
// in files of several members or of more than 4 GiB.
func unpacked(f *os.File, onDisk int64) int64 {
	var tail [4]byte
	if _, err := f.ReadAt(tail[:], max(0, onDisk-4)); err != nil {
		return onDisk
	}
	return max(int64(binary.LittleEndian.Uint32(tail[:])), onDisk)
}

// reason is the error without the path, which is shown beside it.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
