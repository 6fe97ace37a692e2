// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/printable"
)

// What the one-line body has at most.
const (
	maxInSentence = 200 // bytes of a value
	maxListed     = 3   // clients, and sites
)

// sentence is the one line that a person reads first.
func sentence(f *engine.Finding, groupBy []string, counted string) string {
	var b strings.Builder
	noun, who, verb := "client", f.Clients, "made"
	if counted != "" {
		noun, who, verb = "value", f.Counted, "of "+counted+" in"
	}
	if len(who) > f.ClientCount() {
		who = f.Counted // networks, rather than many addresses of few
	}
	if f.ClientCount() != 1 {
		noun += "s"
	}
	page, others := subject(f, groupBy)
	count := fmt.Sprintf("all %d requests", f.Requests)
	switch {
	case f.Requests == 1:
		count = "the only request"
	case f.Reasons != 0:
		count = fmt.Sprintf("all %d requests seen", f.Requests)
	}
	fmt.Fprintf(&b, "%d %s (%s) %s %s", f.ClientCount(), noun, listed(who), verb, count)
	switch {
	case page == "":
		b.WriteString(" for " + others)
	case others == "":
		b.WriteString(" for " + page)
	default:
		b.WriteString(" for " + page + " with " + others)
	}
	if len(f.Sites) > 0 {
		b.WriteString(" on " + listed(f.Sites))
	}
	if f.Requests == 1 {
		b.WriteString(" at " + rfc3339(f.FirstSeen))
	} else {
		b.WriteString(" between " + rfc3339(f.FirstSeen) + " and " + rfc3339(f.LastSeen))
	}
	if page != "" && others != "" {
		b.WriteString("; " + whoElse(f, counted))
	}
	return b.String()
}

// whoElse says how rare the page itself is, where the group is less than a page:
// a rare browser on a busy page is not a rare page.
func whoElse(f *engine.Finding, counted string) string {
	noun, nobody, ask := "clients", "nobody else", "asked for the page"
	if counted != "" {
		noun, nobody, ask = "values", "no other value", "came with requests for the page"
	}
	n := f.PageClients.Count
	switch others := n - f.ClientCount(); {
	case n == 0:
		return "how many " + noun + " " + ask + " is not known"
	case f.PageClients.More:
		return fmt.Sprintf("more than %d %s %s", n, noun, ask)
	case others > 0:
		return fmt.Sprintf("%d %s %s", n, noun, ask)
	case f.Reasons != 0 && counted != "":
		return nobody + " was seen with requests for the page"
	case f.Reasons != 0:
		return nobody + " was seen to ask for the page"
	default:
		return nobody + " " + ask
	}
}

// subject names the group: its path, and every other key with its value. One page
// under several paths is worth a word.
func subject(f *engine.Finding, groupBy []string) (path, others string) {
	if path = short(f.Path); len(f.Paths) > 1 {
		path += fmt.Sprintf(" (written in %d ways)", len(f.Paths))
	}
	byPath := path != "" || slices.Contains(groupBy, attr.URLPath)
	var parts []string
	for i, name := range groupBy {
		switch {
		case name == attr.IISPage:
		case name == attr.URLPath:
			path = cmp.Or(path, short(f.Values[i]))
		case name == attr.UserAgentOriginal && byPath:
			parts = append(parts, "this browser ("+shorter(f.Values[i])+")")
		default:
			parts = append(parts, name+"="+short(f.Values[i]))
		}
	}
	return path, strings.Join(parts, ", ")
}

// shorter is for a value that is said beside others.
func shorter(s string) string {
	if s == "" {
		return "none"
	}
	return printable.Cut(printable.Text(s), maxInSentence/2)
}

func listed(values []string) string {
	more := ""
	if n := len(values) - maxListed; n > 0 {
		values, more = values[:maxListed], fmt.Sprintf(" and %d more", n)
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = short(v)
	}
	return strings.Join(out, ", ") + more
}

func short(s string) string { return printable.Cut(printable.Text(s), maxInSentence) }

func rfc3339(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }
