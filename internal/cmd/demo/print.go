// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/iishunt/iishunt/internal/attr"
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
	p.field("window", d.text(attr.DetectionWindowStart)+" to "+d.text(attr.DetectionWindowEnd))
	p.field("clients", strings.Join(d.texts(attr.DetectionClients), ", "))
	p.field("sites", strings.Join(d.texts(attr.DetectionSites), ", "))
	p.field("hosts", strings.Join(d.texts(attr.DetectionHosts), ", "))
	p.field("user agent", d.text(attr.UserAgentOriginal))
	p.field("requests", fmt.Sprintf("%s, first %s, last %s", d.text(attr.DetectionRequestCount),
		d.text(attr.DetectionFirstSeen), d.text(attr.DetectionLastSeen)))
	for i, e := range d.attrs[attr.DetectionEvidence].maps() {
		name := ""
		if i == 0 {
			name = "evidence"
		}
		p.field(name, request(d, e))
	}
	p.field("complete", completeness(d))
	p.field("rule", d.text(attr.SecurityRuleName)+" (severity "+d.severity+")")
	p.field("ATT&CK", strings.Join(append(threats(d, attr.ThreatTacticID, attr.ThreatTacticName), threats(d, attr.ThreatTechniqueID, attr.ThreatTechniqueName)...), ", "))
	p.field("id", d.text(attr.DetectionID))
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
	uri := d.text(attr.URLPath)
	if q := e[attr.EvidenceQuery].text(); q != "" {
		uri += "?" + q
	}
	line := fmt.Sprintf("%s  %-4s %s  %s", e[attr.EvidenceTime].text(), cmp.Or(e[attr.EvidenceMethod].text(), "-"), cmp.Or(e[attr.EvidenceStatus].text(), "-"), uri)
	for _, name := range []string{attr.EvidenceUser, attr.EvidenceReferer, attr.EvidenceBytes} {
		if v := e[name].text(); v != "" {
			line += "  " + name + " " + v
		}
	}
	if d.text(attr.DetectionClientCount) != "1" {
		line += "  from " + e[attr.EvidenceClient].text()
	}
	return line
}

func completeness(d detection) string {
	if d.complete() {
		return "yes: nothing of the window was lost"
	}
	return "no: " + strings.Join(d.texts(attr.DetectionIncompleteReasons), ", ") + "; a second client may have gone unseen"
}

func threats(d detection, id, name string) []string {
	names, out := d.texts(name), d.texts(id)
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
		windows[d.text(attr.DetectionWindowEnd)] = true
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
