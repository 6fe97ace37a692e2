// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// After so many pushes of metrics without a new line no more are expected, even
// if the collector does not say that everything is evaluated.
const (
	quietPushesEmpty = 30  // 15 s: there is no request to evaluate
	quietPushes      = 240 // 2 min: there are requests, so the result is unsure
)

// wait ends when the collector has said that all is evaluated, and has read
// nothing more since.
func wait(ctx context.Context, evaluated <-chan struct{}, updates <-chan figures, p *progress) error {
	var last int64 = -1
	said, still := false, 0
	for {
		select {
		case <-evaluated:
			said, still = true, 0
		case f := <-updates:
			if n := f.lines(); n != last || f.waiting() > 0 {
				last, still, said, p.read = n, 0, false, false // more came, and has to be evaluated, too
				p.show(f)
				continue
			}
			still++
			p.read = true
			p.show(f)
			switch {
			case said && still >= 2, f.evaluable() == 0 && still >= quietPushesEmpty:
				return nil
			case still >= quietPushes:
				p.unsure = true
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// progress shows how far the hunt is.
type progress struct {
	out      io.Writer
	terminal bool
	expected int64 // lines
	begin    time.Time
	tenth    int64 // of the last line that was written to a file or pipe
	width    int
	read     bool // no more lines came since the last look
	unsure   bool // the collector never said that everything is evaluated
}

func (p *progress) show(f figures) {
	n := f.lines()
	if !p.terminal {
		// A line for each tenth is enough for a log file.
		if tenth := n * 10 / max(1, p.expected); tenth > p.tenth && n > 0 {
			p.tenth = tenth
			fmt.Fprintln(p.out, p.line(n, time.Since(p.begin)))
		}
		return
	}
	text := p.line(n, time.Since(p.begin))
	fmt.Fprint(p.out, "\r"+text+strings.Repeat(" ", max(0, p.width-len(text))))
	p.width = len(text)
}

func (p *progress) end() {
	if p.width > 0 {
		fmt.Fprint(p.out, "\r"+strings.Repeat(" ", p.width)+"\r")
	}
}

// line is: 400,000 of about 1,000,000 lines (40 %), 200,000 lines/s, 3 s left.
// The expected number is an estimate, so near the end it is not shown.
func (p *progress) line(n int64, took time.Duration) string {
	speed := float64(n) / max(0.001, took.Seconds())
	percent := n * 100 / max(1, p.expected)
	if percent >= 99 || p.read && n > 0 { // the expected number may be too high
		return fmt.Sprintf("%s lines, %s lines/s; closing the last windows", number(n), number(int64(speed)))
	}
	left := "?"
	if speed > 0 {
		left = max(time.Second, time.Duration(float64(p.expected-n)/speed*float64(time.Second)).Round(time.Second)).String()
	}
	return fmt.Sprintf("%s of about %s lines (%d %%), %s lines/s, %s left", number(n), number(p.expected), percent, number(int64(speed)), left)
}
