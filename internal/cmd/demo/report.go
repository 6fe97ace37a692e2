// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/iishunt/iishunt/internal/printable"
)

// printer writes detections as an analyst reads them: the sentence, then what
// one asks next.
type printer struct {
	out   io.Writer
	count int
}

func newPrinter(out io.Writer) *printer { return &printer{out: out} }

func (p *printer) detection(d detection) {
	p.count++
	fmt.Fprintf(p.out, "[%d] %s\n", p.count, printable.Text(d.sentence))
	p.field("window", d.text("detection.window.start")+" to "+d.text("detection.window.end"))
	p.field("clients", strings.Join(d.texts("detection.clients"), ", "))
	p.field("sites", strings.Join(d.texts("detection.sites"), ", "))
	p.field("hosts", strings.Join(d.texts("detection.hosts"), ", "))
	p.field("user agent", d.text("user_agent.original"))
	p.field("requests", fmt.Sprintf("%s, first %s, last %s", d.text("detection.request_count"),
		d.text("detection.first_seen"), d.text("detection.last_seen")))
	for i, e := range d.attrs["detection.evidence"].maps() {
		name := ""
		if i == 0 {
			name = "evidence"
		}
		p.field(name, request(d, e))
	}
	p.field("complete", completeness(d))
	p.field("rule", d.text("security_rule.name")+" (severity "+d.severity+")")
	p.field("ATT&CK", strings.Join(append(threats(d, "tactic"), threats(d, "technique")...), ", "))
	p.field("id", d.text("detection.id"))
	fmt.Fprintln(p.out)
}

// field writes a line of a detection's block; nothing where there is no value.
func (p *printer) field(name, value string) {
	if value != "" {
		fmt.Fprintf(p.out, "    %-10s  %s\n", name, printable.Text(value))
	}
}

// request is one line for a sample request, much as IIS logged it.
func request(d detection, e map[string]anyValue) string {
	uri := d.text("url.path")
	if q := e["query"].text(); q != "" {
		uri += "?" + q
	}
	line := fmt.Sprintf("%s  %-4s %s  %s", e["time"].text(), cmp.Or(e["method"].text(), "-"), cmp.Or(e["status"].text(), "-"), uri)
	for _, name := range []string{"user", "referer", "bytes"} {
		if v := e[name].text(); v != "" {
			line += "  " + name + " " + v
		}
	}
	if d.text("detection.client_count") != "1" {
		line += "  from " + e["client"].text()
	}
	return line
}

func completeness(d detection) string {
	if d.complete() {
		return "yes: nothing of the window was lost"
	}
	return "no: " + strings.Join(d.texts("detection.incomplete_reasons"), ", ") + "; a second client may have gone unseen"
}

func threats(d detection, kind string) []string {
	names := d.texts("threat." + kind + ".name")
	out := d.texts("threat." + kind + ".id")
	for i := range out {
		if i < len(names) {
			out[i] += " " + names[i]
		}
	}
	return out
}

func (p *printer) summary(detections []detection) {
	windows, incomplete := map[string]bool{}, 0
	for _, d := range detections {
		windows[d.text("detection.window.end")] = true
		if !d.complete() {
			incomplete++
		}
	}
	fmt.Fprintf(p.out, "%s in %s", plural(len(detections), "detection"), plural(len(windows), "window"))
	if incomplete > 0 {
		fmt.Fprintf(p.out, "; %d of them marked incomplete", incomplete)
	}
	fmt.Fprintln(p.out, ".")
}

// warnings tells what the collector warned of: it may be why nothing was found.
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
