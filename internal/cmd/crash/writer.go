// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/traffic"
)

const sites = 4

var columns = strings.Fields(traffic.DefaultFields)

// line is what the oracle knows of a log line.
type line struct {
	at           time.Time
	path, client string
}

// writer appends to the log files of several sites, as IIS does: in bursts that
// end within a line, with a new file now and then.
type writer struct {
	dir   string
	r     *rand.Rand
	sites [sites]*os.File
	torn  [sites]string // the rest of a line whose beginning is written
	lines []line        // that the rule looks at
	files int
}

func newWriter(dir string, r *rand.Rand) (*writer, error) {
	w := &writer{dir: dir, r: r}
	for i := range w.sites {
		if err := w.rollOver(i); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *writer) rollOver(site int) error {
	if f := w.sites[site]; f != nil {
		if err := w.put(site, ""); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	dir := filepath.Join(w.dir, fmt.Sprintf("W3SVC%d", site+1))
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	w.files++
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("u_ex%06d.log", w.files)))
	if err != nil {
		return err
	}
	w.sites[site] = f
	_, err = f.Write(traffic.AppendHeader(nil, time.Now().UTC(), traffic.DefaultFields))
	return err
}

// put writes the rest of the torn line, and text; it may keep back an end of it.
func (w *writer) put(site int, text string) error {
	text = w.torn[site] + text
	cut := len(text)
	if len(text) > 0 && w.r.IntN(3) == 0 {
		cut = w.r.IntN(len(text))
	}
	if w.torn[site] != "" && cut < len(w.torn[site]) || text == w.torn[site] {
		cut = len(text)
	}
	w.torn[site] = text[cut:]
	_, err := w.sites[site].WriteString(text[:cut])
	return err
}

func (w *writer) run(ctx context.Context) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			for i := range w.sites {
				if err := w.put(i, ""); err != nil {
					return err
				}
			}
			return nil
		case <-ticker.C:
		}
		site := w.r.IntN(sites)
		if w.r.IntN(500) == 0 {
			if err := w.rollOver(site); err != nil {
				return err
			}
		}
		if err := w.put(site, w.burst()); err != nil {
			return err
		}
	}
}

// burst is a few requests of this second. Most pages have many clients, some
// have one, and some have one but for a single request of a second one.
func (w *writer) burst() string {
	now := time.Now().UTC().Truncate(time.Second)
	var text []byte
	for range w.r.IntN(8) {
		path, client := fmt.Sprintf("/page%d.aspx", w.r.IntN(5)), fmt.Sprintf("203.0.113.%d", w.r.IntN(50))
		switch w.r.IntN(4) {
		case 0:
			path, client = fmt.Sprintf("/own%d.aspx", w.r.IntN(6)), "198.51.100.7"
		case 1:
			path, client = fmt.Sprintf("/nearly%d.aspx", w.r.IntN(6)), "198.51.100.7"
			if w.r.IntN(12) == 0 {
				client = "198.51.100.8"
			}
		}
		if w.r.IntN(3) == 0 { // a request that the rule does not look at
			path = "/style.css"
		} else {
			w.lines = append(w.lines, line{now, path, client})
		}
		request := traffic.Request{
			At: now, Server: "192.0.2.10", Method: "GET", Stem: path, Client: client, Agent: "Mozilla/5.0", Status: 200, Millis: w.r.IntN(900),
		}
		text = append(request.AppendValues(text, columns), '\r', '\n')
	}
	return string(text)
}
