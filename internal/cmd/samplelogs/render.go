// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/traffic"
)

// The columns of each site. The shop's administrator adds two on Tuesday.
const (
	shopFields  = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
	namedFields = "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
	cloudFields = "date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
)

// fieldsChange is when the shop's columns change, in the middle of a file.
var fieldsChange = tuesday.Add(11*time.Hour + 20*time.Minute)

// iisRestart is when the web service restarted: all sites of WEB01 write their
// header again, with the same columns.
var iisRestart = monday.Add(14*time.Hour + 5*time.Minute)

// emptyLine is when somebody left an empty line in the mail server's file.
var emptyLine = tuesday.Add(12 * time.Hour)

// idle is after how long without a request IIS writes the header again.
const idle = 15 * time.Minute

// renderDay adds the files of a day.
func renderDay(files map[string][]byte, day time.Time, requests []request) error {
	byFile := make(map[string][]request)
	for _, r := range requests {
		if r.at.Before(day) || !r.at.Before(day.AddDate(0, 0, 1)) {
			return fmt.Errorf("a request for %s at %s is not of this day", r.stem, r.at)
		}
		name := r.site.fileName(r.at)
		byFile[name] = append(byFile[name], r)
	}
	for name, lines := range byFile {
		content := renderFile(lines)
		if name == lastFileOfMail {
			content = bytes.TrimRight(content, "\r\n")
		}
		if !day.Equal(firstDay) {
			files[name] = content
			continue
		}
		packed, err := compress(content)
		if err != nil {
			return fmt.Errorf("compressing %s: %w", name, err)
		}
		files[name+".gz"] = packed
	}
	return nil
}

// lastFileOfMail ends without a newline, as a file does that is being written.
var lastFileOfMail = mail.fileName(lastDay)

func (s *site) fileName(at time.Time) string {
	if s.hourly {
		return fmt.Sprintf("%s/9f2c41-%s.log", s.folder, at.Format("2006010215"))
	}
	return fmt.Sprintf("%s/u_ex%s.log", s.folder, at.Format("060102"))
}

// renderFile writes the lines with a header block wherever IIS would write one.
func renderFile(lines []request) []byte {
	slices.SortStableFunc(lines, func(a, b request) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.client, b.client), strings.Compare(a.stem, b.stem))
	})
	var out []byte
	var before time.Time
	for _, r := range swapNeighbours(lines) {
		if r.site == mail && happened(emptyLine, before, r.at) {
			out = append(out, '\r', '\n')
		}
		if newHeader(&r, before) {
			out = traffic.AppendHeader(out, r.at, r.fields())
		}
		out = appendLine(out, &r)
		before = r.at
	}
	return out
}

// swapNeighbours: IIS does not promise any order. Of lines that ended within
// the same two seconds some come in the wrong one.
func swapNeighbours(lines []request) []request {
	for n := 2; n < len(lines); n += 7 {
		gap := lines[n].at.Sub(lines[n-1].at)
		if gap > 0 && gap <= 2*time.Second && lines[n].fields() == lines[n-1].fields() {
			lines[n], lines[n-1] = lines[n-1], lines[n]
		}
	}
	return lines
}

// newHeader tells whether a header block stands before the request.
func newHeader(r *request, before time.Time) bool {
	return before.IsZero() || r.at.Sub(before) > idle ||
		r.site == shop && happened(fieldsChange, before, r.at) ||
		r.site.computer == "WEB01" && happened(iisRestart, before, r.at)
}

// happened tells whether an event lies between two requests of a file.
func happened(event, before, now time.Time) bool {
	return !before.IsZero() && before.Before(event) && !now.Before(event)
}

func (r *request) fields() string {
	switch {
	case r.site == promo:
		return cloudFields
	case r.site != shop:
		return traffic.DefaultFields
	case r.at.Before(fieldsChange):
		return shopFields
	default:
		return namedFields
	}
}

// appendLine appends the line, or what there is of it.
func appendLine(b []byte, r *request) []byte {
	columns := strings.Fields(r.fields())
	logged := r.logged()
	if r.cut == 0 {
		return append(logged.AppendValues(b, columns), '\r', '\n')
	}
	b = logged.AppendValues(b, columns[:r.cut])
	last := len(b) - bytes.LastIndexByte(b, ' ') - 1
	return append(b[:len(b)-last/2], '\r', '\n')
}

// compress does what an administrator's clean-up job does with old files.
func compress(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
