// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"fmt"
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
	fmt.Fprintf(&b, "%d %s (%s) %s ", f.ClientCount(), noun, listed(who), verb)
	if f.Requests == 1 {
		b.WriteString("the only request for ")
	} else {
		fmt.Fprintf(&b, "all %d requests for ", f.Requests)
	}
	b.WriteString(subject(f, groupBy))
	if len(f.Sites) > 0 {
		b.WriteString(" on " + listed(f.Sites))
	}
	if f.Requests == 1 {
		b.WriteString(" at " + rfc3339(f.FirstSeen))
	} else {
		b.WriteString(" between " + rfc3339(f.FirstSeen) + " and " + rfc3339(f.LastSeen))
	}
	return b.String()
}

// subject names the group: by its path where it has one, else by every value. One
// page under several paths is worth a word.
func subject(f *engine.Finding, groupBy []string) string {
	if f.Path != "" {
		if n := len(f.Paths); n > 1 {
			return fmt.Sprintf("%s (written in %d ways)", short(f.Path), n)
		}
		return short(f.Path)
	}
	var parts []string
	for i, name := range groupBy {
		if name == attr.URLPath {
			return short(f.Values[i])
		}
		parts = append(parts, name+"="+short(f.Values[i]))
	}
	return strings.Join(parts, ", ")
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
