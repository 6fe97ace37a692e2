// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import "strings"

const advancedLogging = "advanced logging"

// directive applies a line that begins with #. What it says holds from the
// next line on.
func (r *Reader) directive(line string) {
	r.state.Directives = true
	name, value, ok := strings.Cut(line[1:], ":")
	if !ok {
		return
	}
	value = strings.Trim(value, " \t")
	switch {
	case strings.EqualFold(name, "Fields"):
		r.setSchema(r.Schemas.Get(value))
	case strings.EqualFold(name, "Date"):
		r.state.Date = directiveDate(value)
	case strings.EqualFold(name, "Software"):
		// A file may be continued by other software than began it, so this
		// also switches quoting off again.
		r.state.Quoted = strings.Contains(strings.ToLower(value), advancedLogging)
	}
}

// directiveDate returns the day of a #Date value. One that is not ISO leaves
// the day unknown: the day before it would be the wrong one.
func directiveDate(value string) string {
	if len(value) > len("2006-01-02") && isBlank(value[len("2006-01-02")]) {
		value = value[:len("2006-01-02")]
	}
	if _, ok := parseDate(value); !ok {
		return ""
	}
	return strings.Clone(value)
}

func (r *Reader) setSchema(s *Schema) {
	r.schema = s
	r.state.Fields = s.Text()
	r.resize()
}

// inForce is the schema that the next line is read with.
func (r *Reader) inForce() *Schema {
	if r.schema == nil {
		return r.Default
	}
	return r.schema
}

func (r *Reader) resize() {
	n := 0
	if s := r.inForce(); s != nil {
		n = len(s.Fields)
	}
	if cap(r.values) < n {
		r.values = make([]string, n)
	}
	r.values = r.values[:n]
}
