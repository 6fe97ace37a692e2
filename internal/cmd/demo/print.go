// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/printable"
	"github.com/iishunt/iishunt/internal/report"
)

// printer writes detections as an analyst reads them: the sentence, then what
// one asks next.
type printer struct {
	out   io.Writer
	count int
}

func newPrinter(out io.Writer) *printer { return &printer{out: out} }

func (p *printer) detection(d found) {
	p.count++
	fmt.Fprintf(p.out, "[%d] %s\n", p.count, printable.Text(d.sentence))
	p.field("window", stamp(d.Start)+" to "+stamp(d.End))
	p.field("clients", strings.Join(d.Clients, ", "))
	p.field("sites", strings.Join(d.Sites, ", "))
	p.field("hosts", strings.Join(d.Hosts, ", "))
	p.field("user agent", d.UserAgent)
	p.field("requests", fmt.Sprintf("%d, first %s, last %s", d.Requests, stamp(d.First), stamp(d.Last)))
	name := "evidence"
	for _, s := range d.Samples {
		p.field(name, request(d, s))
		name = ""
	}
	p.field("complete", completeness(d))
	p.field("rule", d.Rule.Name+" (severity "+d.Rule.Severity+")")
	p.field("ATT&CK", threats(d.Rule.Tactics, d.Rule.Techniques))
	p.field("id", d.ID)
	fmt.Fprintln(p.out)
}

func stamp(t time.Time) string { return t.Format(time.RFC3339Nano) }

// field writes a line of a detection's block, unless the value is empty.
func (p *printer) field(name, value string) {
	if value != "" {
		fmt.Fprintf(p.out, "    %-10s  %s\n", name, printable.Text(value))
	}
}

// request is one line for a sample request, much as IIS logged it.
func request(d found, s report.Sample) string {
	uri, status := d.Path, "-"
	if s.Query != "" {
		uri += "?" + s.Query
	}
	if s.Status != 0 {
		status = strconv.Itoa(s.Status)
	}
	line := fmt.Sprintf("%s  %-4s %s  %s", stamp(s.Time), cmp.Or(s.Method, "-"), status, uri)
	if s.User != "" {
		line += "  user " + s.User
	}
	if s.Referer != "" {
		line += "  referer " + s.Referer
	}
	if s.Bytes != 0 {
		line += "  bytes " + strconv.FormatInt(s.Bytes, 10)
	}
	if d.ClientCount != 1 {
		line += "  from " + s.Client
	}
	return line
}

func completeness(d found) string {
	if d.Complete {
		return "yes: nothing of the window was lost"
	}
	return "no: " + strings.Join(d.IncompleteReason, ", ") + "; a second client may have gone unseen"
}

func threats(lists ...[]report.Threat) string {
	var out []string
	for _, t := range slices.Concat(lists...) {
		out = append(out, strings.TrimSpace(t.ID+" "+t.Name))
	}
	return strings.Join(out, ", ")
}

func (p *printer) summary(detections []found) {
	windows, incomplete := map[time.Time]bool{}, 0
	for _, d := range detections {
		windows[d.End] = true
		if !d.Complete {
			incomplete++
		}
	}
	fmt.Fprintf(p.out, "%s in %s", plural(len(detections), "detection"), plural(len(windows), "window"))
	if incomplete > 0 {
		fmt.Fprintf(p.out, "; %d of them marked incomplete", incomplete)
	}
	fmt.Fprintln(p.out, ".")
}

// warnings prints the collector's warnings: one may say why nothing was found.
func (p *printer) warnings(all []string) {
	for _, text := range all {
		fmt.Fprintf(p.out, "The collector warned: %s\n", printable.Text(text))
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
