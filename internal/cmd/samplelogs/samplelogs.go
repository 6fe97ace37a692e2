// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// firstDay is covered by one compressed file of the shop only; the four sites
// are complete from the second day on.
var firstDay = time.Date(2026, time.February, 28, 0, 0, 0, 0, time.UTC)

const dayCount = 6

// Files returns the content of every log file by its slash-separated path.
func Files() (map[string][]byte, error) {
	files := make(map[string][]byte)
	for n := range dayCount {
		day := firstDay.AddDate(0, 0, n)
		requests, err := oneDay(day)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", day.Format(time.DateOnly), err)
		}
		if err := renderDay(files, day, requests); err != nil {
			return nil, fmt.Errorf("%s: %w", day.Format(time.DateOnly), err)
		}
	}
	return files, nil
}

// Write puts every log file below dir. It overwrites files of the same names and
// leaves others alone.
func Write(dir string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	var errs []error
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		errs = append(errs, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644))
	}
	return errors.Join(errs...)
}

// oneDay returns all requests of a day, in no particular order.
func oneDay(day time.Time) ([]request, error) {
	requests := shopDay(day)
	if !day.Equal(firstDay) {
		requests = append(requests, intranetDay(day)...)
		requests = append(requests, mailDay(day)...)
		requests = append(requests, promoDay(day)...)
	}
	requests = append(requests, storyDay(day)...)
	return giveCompany(day, requests)
}

// weekend days are quieter.
func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}
