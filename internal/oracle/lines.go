// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Line is a line of a log file that is neither blank nor a directive.
type Line struct {
	Usable bool      // it has a value for each column
	At     time.Time // UTC; of an unusable line that of the last usable one before it
	Site   string    // as the line names it, or else the folder

	columns, values []string
}

// Value returns the text of a column, "" where the log has no such column.
func (l *Line) Value(column string) string {
	if n := slices.Index(l.columns, column); n >= 0 {
		return l.values[n]
	}
	return ""
}

// Lines calls each for every line of the .log and .log.gz files below a folder, in
// the order of their names.
func Lines(folder string, each func(*Line) error) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".log") && !strings.HasSuffix(path, ".log.gz") {
			return err
		}
		file, err := os.Open(path) //nolint:gosec // G122: nobody races with a test for its folder
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		var content io.Reader = file
		if strings.HasSuffix(path, ".gz") {
			if content, err = gzip.NewReader(file); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		if err := read(content, siteFolder.FindString(path), each); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

var siteFolder = regexp.MustCompile(`W3SVC[0-9]+`)

func read(content io.Reader, site string, each func(*Line) error) error {
	var columns []string
	var last time.Time
	scanner := bufio.NewScanner(content)
	for scanner.Scan() {
		text := scanner.Text()
		if fields, ok := strings.CutPrefix(text, "#Fields:"); ok {
			columns = strings.Fields(fields)
		}
		if text == "" || text[0] == '#' {
			continue
		}
		l := &Line{At: last, Site: site, columns: columns, values: strings.Fields(text)}
		if l.Usable = len(l.values) == len(columns); l.Usable {
			at, err := time.Parse(time.DateTime, l.Value("date")+" "+l.Value("time"))
			if err != nil {
				return err
			}
			l.At, last = at, at
			if name := l.Value("s-sitename"); name != "" && name != "-" {
				l.Site = name
			}
		}
		if err := each(l); err != nil {
			return err
		}
	}
	return scanner.Err()
}
