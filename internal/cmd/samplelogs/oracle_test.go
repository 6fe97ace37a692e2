// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// This file recomputes what a hunt over a folder of logs must find, in the
// plainest way: everything in memory, a map for each line, one pass for each
// question. It imports nothing from the project, so that a mistake in a
// component cannot be repeated here.
//
// The rule: 24 hour windows aligned to the epoch, which are the days in UTC;
// group by (url path without regard to case, user agent); exactly one client.

// detection is one entry of expected.json.
type detection struct {
	WindowStart  string   `json:"window_start"`
	WindowEnd    string   `json:"window_end"`
	URLPath      string   `json:"url_path"` // as the earliest request wrote it
	UserAgent    string   `json:"user_agent"`
	Clients      []string `json:"clients"`
	Sites        []string `json:"sites"`
	RequestCount int      `json:"request_count"`
	FirstSeen    string   `json:"first_seen"`
	LastSeen     string   `json:"last_seen"`
	Complete     bool     `json:"complete"`
}

// record is one usable line.
type record struct {
	at     time.Time
	site   string
	column map[string]string
}

// logs is everything that is in a folder.
type logs struct {
	records []record
	// unusable holds, for each line that does not fit its header, the time of
	// the nearest good line before it in its file.
	unusable []time.Time
}

// recompute returns the findings in the logs, sorted by window, path and agent.
func recompute(folder string) ([]detection, error) {
	all, err := readFolder(folder)
	if err != nil {
		return nil, err
	}
	groups := make(map[[3]string][]record)
	for _, r := range all.records {
		if looksInteresting(r) {
			key := [3]string{day(r.at), strings.ToLower(r.column["cs-uri-stem"]), r.column["cs(User-Agent)"]}
			groups[key] = append(groups[key], r)
		}
	}
	found := []detection{}
	for key, records := range groups {
		clients := distinct(records, func(r record) string { return r.column["c-ip"] })
		if len(clients) != 1 {
			continue
		}
		start, err := time.Parse(time.DateOnly, key[0])
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(records, func(a, b record) int { return a.at.Compare(b.at) })
		found = append(found, detection{
			WindowStart:  start.Format(time.RFC3339),
			WindowEnd:    start.AddDate(0, 0, 1).Format(time.RFC3339),
			URLPath:      records[0].column["cs-uri-stem"],
			UserAgent:    strings.ReplaceAll(key[2], "+", " "),
			Clients:      clients,
			Sites:        distinct(records, func(r record) string { return r.site }),
			RequestCount: len(records),
			FirstSeen:    records[0].at.Format(time.RFC3339),
			LastSeen:     records[len(records)-1].at.Format(time.RFC3339),
			Complete:     all.complete(start),
		})
	}
	slices.SortFunc(found, func(a, b detection) int {
		return cmp.Or(
			strings.Compare(a.WindowStart, b.WindowStart),
			strings.Compare(a.URLPath, b.URLPath),
			strings.Compare(a.UserAgent, b.UserAgent))
	})
	return found, nil
}

// complete tells whether nothing of the day that begins at start can be missing:
// the logs do not begin within it, and no line of it is unusable.
func (l logs) complete(start time.Time) bool {
	first := l.records[0].at
	for _, r := range l.records {
		if r.at.Before(first) {
			first = r.at
		}
	}
	for _, at := range l.unusable {
		if day(at) == start.Format(time.DateOnly) {
			return false
		}
	}
	return !start.Before(first)
}

// looksInteresting is the rule's first part.
func looksInteresting(r record) bool {
	return extension.MatchString(r.column["cs-uri-stem"]) &&
		r.column["sc-status"] == "200" &&
		!private(r.column["c-ip"]) &&
		!private(r.column["s-ip"]) && // "" where the log has no such column: kept
		strings.HasPrefix(strings.ToLower(r.column["cs(User-Agent)"]), "mozilla")
}

// extension is KQL's has_any: one of them stands somewhere in the path, and no
// letter or digit follows it.
var extension = regexp.MustCompile(`(?i)(\.php|\.aspx|\.asp|\.cfml)([^0-9A-Za-z]|$)`)

// private tells whether an address belongs to nobody on the internet. A text that
// is not an address is not private.
func private(text string) bool {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	address = address.WithZone("").Unmap()
	return address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast()
}

func day(at time.Time) string { return at.Format(time.DateOnly) }

// distinct returns the different texts, sorted.
func distinct(records []record, text func(record) string) []string {
	var texts []string
	for _, r := range records {
		texts = append(texts, text(r))
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func readFolder(folder string) (logs, error) {
	var all logs
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !strings.HasSuffix(path, ".log") && !strings.HasSuffix(path, ".log.gz") {
			return nil
		}
		content, err := readLog(path)
		if err != nil {
			return err
		}
		return all.readLines(path, content)
	})
	return all, err
}

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

var siteFolder = regexp.MustCompile(`W3SVC[0-9]+`)

func (l *logs) readLines(path, content string) error {
	var columns []string
	var last time.Time
	for line := range strings.SplitSeq(content, "\n") {
		line = strings.TrimSuffix(line, "\r")
		fields, isFields := strings.CutPrefix(line, "#Fields:")
		switch {
		case isFields:
			columns = strings.Fields(fields)
			continue
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		}
		values := strings.Fields(line)
		if len(values) != len(columns) {
			l.unusable = append(l.unusable, last)
			continue
		}
		r := record{column: make(map[string]string), site: siteFolder.FindString(path)}
		for n, column := range columns {
			r.column[column] = values[n]
		}
		if name := r.column["s-sitename"]; name != "" && name != "-" {
			r.site = name
		}
		at, err := time.Parse(time.DateTime, r.column["date"]+" "+r.column["time"])
		if err != nil {
			return err
		}
		r.at, last = at, at
		l.records = append(l.records, r)
	}
	return nil
}
