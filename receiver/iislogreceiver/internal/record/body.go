// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/w3c"
)

// longValue is the length in bytes from which a value of a line that cannot be
// given its columns is taken for a secret, where the log has secrets.
const longValue = 256

// Body returns the line for a record's body, with every excluded value
// replaced by "-": cookies are secrets, and an attribute that is left out must
// not leave the machine by another way.
func (p *Plan) Body(l *w3c.Line, quoted bool) string {
	if !slices.ContainsFunc(p.redact, func(i int) bool { return !w3c.Absent(l.Values[i]) }) {
		return l.Text
	}
	var b strings.Builder
	b.Grow(len(l.Text))
	for i, v := range l.Values {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch {
		case slices.Contains(p.redact, i):
			b.WriteByte('-')
		case quoted && (v == "" || strings.ContainsAny(v, " \t\"")):
			b.WriteByte('"')
			b.WriteString(strings.ReplaceAll(v, `"`, `""`))
			b.WriteByte('"')
		default:
			b.WriteString(v)
		}
	}
	return b.String()
}

// ErrorBody returns a line that could not be given its columns. If the log has
// excluded columns, nobody can say which of the line's values they are, so
// those that look like them are replaced: name=value, as a cookie has it, and
// anything long.
func ErrorBody(text string, secrets bool) string {
	if !secrets || len(text) <= longValue && !strings.Contains(text, "=") {
		return text
	}
	values := strings.Split(text, " ")
	for i, v := range values {
		if len(v) > longValue || strings.Contains(v, "=") {
			values[i] = "-"
		}
	}
	return strings.Join(values, " ")
}

// ErrorSize returns at most how many bytes the record of a line that could not be
// given its columns takes in a message.
func ErrorSize(body *string) int { return recordBytes + len(*body) }
