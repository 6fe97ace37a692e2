// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package oracle finds what the hunt must find in the benchmark's files, in the
// plainest way and with no code of the components: every line is split at its
// blanks, every client is remembered.
package oracle

import (
	"bufio"
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Finding is a page that one client alone asked for with one user agent.
type Finding struct {
	Path   string // lower case
	Agent  string // with blanks, not +
	Client string
}

func (f Finding) String() string { return f.Path + "\t" + f.Agent + "\t" + f.Client }

// Parse reads what String wrote; the user agent may have + for blanks.
func Parse(line string) (Finding, error) {
	v := strings.Split(line, "\t")
	if len(v) != 3 {
		return Finding{}, fmt.Errorf("a finding has 3 values, not %d: %q", len(v), line)
	}
	return Finding{Path: strings.ToLower(v[0]), Agent: strings.ReplaceAll(v[1], "+", " "), Client: v[2]}, nil
}

// Sort puts findings in a fixed order.
func Sort(f []Finding) {
	slices.SortFunc(f, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Agent, b.Agent), strings.Compare(a.Client, b.Client))
	})
}

// script is KQL's has_any of the extensions of the query.
var script = regexp.MustCompile(`(?i)\.(php|aspx|asp|cfml)([^0-9a-z]|$)`)

type group struct{ path, agent string }

// Hunt returns the findings in all .log files in the folders of dir, sorted.
// All lines are taken to be of one day, as the generator writes them.
func Hunt(dir string) ([]Finding, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.log"))
	if err != nil {
		return nil, err
	}
	clients := map[group]map[string]bool{}
	for _, name := range files {
		if err := read(name, clients); err != nil {
			return nil, err
		}
	}
	var found []Finding
	for g, c := range clients {
		if len(c) != 1 {
			continue
		}
		for client := range c {
			found = append(found, Finding{Path: g.path, Agent: g.agent, Client: client})
		}
	}
	Sort(found)
	return found, nil
}

func read(name string, clients map[group]map[string]bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var columns []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "#Fields: "); ok {
			columns = strings.Fields(rest)
		}
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		values := strings.Fields(lines.Text())
		if len(values) != len(columns) {
			return fmt.Errorf("%s: %d values for %d columns: %q", name, len(values), len(columns), lines.Text())
		}
		value := func(column string) string { return values[slices.Index(columns, column)] }
		if !counts(value) {
			continue
		}
		g := group{strings.ToLower(value("cs-uri-stem")), strings.ReplaceAll(value("cs(User-Agent)"), "+", " ")}
		if clients[g] == nil {
			clients[g] = map[string]bool{}
		}
		clients[g][value("c-ip")] = true
	}
	return lines.Err()
}

// counts is the match block's default.
func counts(value func(column string) string) bool {
	return value("sc-status") == "200" &&
		script.MatchString(value("cs-uri-stem")) &&
		strings.HasPrefix(strings.ToLower(value("cs(User-Agent)")), "mozilla") &&
		public(value("c-ip")) && public(value("s-ip"))
}

func public(s string) bool {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return true // no address, so not a private one
	}
	a = a.Unmap()
	return !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast()
}
