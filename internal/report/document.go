// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/rank"
)

// format is the version of the data in a report. A report of another format
// is not read.
const format = 1

// Document is all that a report says; it stands in the HTML file as JSON.
type Document struct {
	Format    int           `json:"format"`
	Title     string        `json:"title"`
	Version   string        `json:"version,omitempty"` // of the program that wrote it
	Generated time.Time     `json:"generated"`
	Signals   []rank.Signal `json:"signals"`
	Strong    int           `json:"strong_from"`
	Moderate  int           `json:"moderate_from"`
	Rules     []Rule        `json:"rules"`
	Agents    []string      `json:"agents"`
	Findings  []*Finding    `json:"findings"`           // the most telling first
	LeftOut   int64         `json:"left_out,omitempty"` // detections that had no room
	Ignored   int64         `json:"ignored,omitempty"`  // records that are no detections
	Run       *Run          `json:"run,omitempty"`      // nil: not known
}

// Run says what a hunt in old logs read. Only the hunt command knows it.
type Run struct {
	Logs    string        `json:"logs"` // as they were asked for
	Files   int64         `json:"files"`
	Bytes   int64         `json:"bytes"` // of the files as they are, compressed or not
	Took    time.Duration `json:"took_ns"`
	Lines   []Count       `json:"lines,omitempty"`  // by kind
	Stages  []Count       `json:"stages,omitempty"` // records by the stage that left them out, and matched; in order
	Lost    []Count       `json:"lost,omitempty"`   // what marked windows as incomplete, by reason
	Unread  []Unread      `json:"unread,omitempty"`
	Warning []string      `json:"warnings,omitempty"`
	Unsure  bool          `json:"unsure,omitempty"`  // it was ended before all was known to be evaluated
	Dropped int64         `json:"dropped,omitempty"` // detections that did not get here
}

// Count is a number of something.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Unread is a file that could not be read.
type Unread struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// Document returns what is kept, joined and ranked.
func (s *Store) Document(title, version string, now time.Time) *Document {
	s.prune()
	doc := &Document{
		Format: format, Title: title, Version: version, Generated: now.UTC().Truncate(time.Second),
		Signals: rank.Signals, Strong: rank.StrongFrom, Moderate: rank.ModerateFrom,
		Rules: []Rule{}, Agents: []string{}, Findings: s.findings(), LeftOut: s.leftOut,
	}
	if doc.Findings == nil {
		doc.Findings = []*Finding{}
	}
	rules, agents := map[string]int{}, map[string]int{}
	for _, f := range doc.Findings {
		f.Agent = intern(agents, &doc.Agents, f.agent, f.agent)
		raw, err := json.Marshal(f.rule)
		if err != nil {
			panic(err) // texts always encode
		}
		f.Rule = intern(rules, &doc.Rules, string(raw), *f.rule)
	}
	return doc
}

func intern[T any](seen map[string]int, all *[]T, key string, value T) int {
	i, ok := seen[key]
	if !ok {
		i = len(*all)
		seen[key] = i
		*all = append(*all, value)
	}
	return i
}

// Add adds what a hunt read.
func (doc *Document) Add(r *Run) {
	r.Logs = text(r.Logs, maxKeyBytes)
	for i := range r.Unread {
		r.Unread[i].Path, r.Unread[i].Error = text(r.Unread[i].Path, maxKeyBytes), text(r.Unread[i].Error, maxKeyBytes)
	}
	for i := range r.Warning {
		r.Warning[i] = text(r.Warning[i], maxKeyBytes)
	}
	doc.Run = r
}

// unreadLines is the kind of line that could not be read.
const unreadLines = "could not be read"

// Missing says what makes the report less than complete: each element is one
// loss, in words. A finding that nobody told may hide behind each.
func (doc *Document) Missing() []string {
	var out []string
	add := func(n int64, format string) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, strconv.FormatInt(n, 10)))
		}
	}
	add(doc.LeftOut, "%s detections had no room in the report (raise max_findings)")
	r := doc.Run
	if r == nil {
		return out
	}
	add(r.Dropped, "%s detections were dropped on their way")
	add(int64(len(r.Unread)), "%s files could not be read")
	for _, c := range r.Lines {
		if c.Name == unreadLines {
			add(c.Count, "%s lines could not be read")
		}
	}
	for _, c := range r.Lost {
		if c.Name != "parse_error" && c.Name != "sender_began" { // the lines are named above; no log begins before its first record
			out = append(out, fmt.Sprintf("%d lost: %s", c.Count, c.Name))
		}
	}
	if r.Unsure {
		out = append(out, "it was ended before everything was known to be evaluated")
	}
	return out
}

// Levels counts the findings of each level: strong, moderate, weak.
func (doc *Document) Levels() (out [3]int) {
	for _, f := range doc.Findings {
		out[slices.Index([]string{rank.Strong, rank.Moderate, rank.Weak}, f.Level)]++
	}
	return out
}

// Who names the client, or says how many clients there are.
func (f *Finding) Who() string {
	if who := owners(f.Counted, f.Clients); len(who) == 1 {
		return who[0]
	}
	return strconv.Itoa(f.ClientCount) + " clients"
}

// Subject is the page and whatever else the rule groups by, but for the user
// agent where there is more: findings of a rule never look the same by it.
func (f *Finding) Subject(doc *Document) string {
	var parts []string
	if f.Path != "" {
		parts = append(parts, f.Path)
	}
	for _, k := range slices.Sorted(maps.Keys(f.Group)) {
		parts = append(parts, k+"="+f.Group[k])
	}
	if len(parts) == 0 {
		return doc.Agents[f.Agent]
	}
	return strings.Join(parts, " ")
}
