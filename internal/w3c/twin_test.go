// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"regexp"
	"strings"
)

// twinLine is a line as the plain twin sees it.
type twinLine struct {
	kind    Kind
	problem Problem
	values  []string
	fields  string
}

var (
	twinEnding = regexp.MustCompile("\r?\n|\r")
	twinRuns   = regexp.MustCompile("[ \t]+")
)

// twin reads a whole file in the plainest way there is: no chunks, no state to
// carry, a copy of everything. The Reader has to agree with it on any input.
func twin(file string) []twinLine {
	if file == "" {
		return nil
	}
	lines := twinEnding.Split(file, -1)
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var fields []string
	quoted := false
	out := make([]twinLine, 0, len(lines))
	for _, line := range lines {
		nul := strings.Contains(line, "\x00")
		if nul {
			rest := strings.TrimLeft(line, "\x00")
			if rest == "" {
				out = append(out, twinLine{kind: Blank})
				continue
			}
			if rest[0] != '#' {
				out = append(out, twinLine{kind: Bad, problem: NULBytes})
				continue
			}
			line = rest
		}
		line = strings.TrimPrefix(line, byteOrderMark)
		switch {
		case strings.Trim(line, " \t") == "":
			out = append(out, twinLine{kind: Blank})
		case line[0] == '#':
			out = append(out, twinLine{kind: Directive})
			name, value, _ := strings.Cut(line, ":")
			value = strings.Trim(value, " \t")
			if strings.EqualFold(name, "#fields") && strings.Contains(line, ":") {
				fields = nil
				if value != "" {
					fields = twinRuns.Split(value, -1)
				}
			}
			if strings.EqualFold(name, "#software") && strings.Contains(line, ":") {
				quoted = strings.Contains(strings.ToLower(value), "advanced logging")
			}
		case fields == nil:
			out = append(out, twinLine{kind: Bad, problem: NoFields})
		default:
			out = append(out, twinRecord(strings.TrimRight(line, " \t"), fields, quoted))
		}
	}
	return out
}

func twinRecord(line string, fields []string, quoted bool) twinLine {
	text := strings.Join(fields, " ")
	if quoted {
		values, ok := twinQuoted(line)
		switch {
		case !ok:
			return twinLine{kind: Bad, problem: BadQuotes, fields: text}
		case len(values) != len(fields):
			return twinLine{kind: Bad, problem: ValueCount, fields: text}
		}
		return twinLine{values: values, fields: text}
	}
	if values := strings.Split(line, " "); len(values) == len(fields) {
		return twinLine{values: values, fields: text}
	}
	if values := twinRuns.Split(strings.Trim(line, " \t"), -1); len(values) == len(fields) {
		return twinLine{values: values, fields: text}
	}
	return twinLine{kind: Bad, problem: ValueCount, fields: text}
}

var twinQuote = regexp.MustCompile(`^[ \t]*("(?:[^"]|"")*"|[^" \t][^ \t]*)(?:[ \t]+|$)`)

func twinQuoted(line string) ([]string, bool) {
	var values []string
	for line != "" {
		m := twinQuote.FindStringSubmatch(line)
		if m == nil {
			return nil, false
		}
		v := m[1]
		if v[0] == '"' {
			v = strings.ReplaceAll(v[1:len(v)-1], `""`, `"`)
		}
		values = append(values, v)
		line = line[len(m[0]):]
	}
	return values, true
}
