// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package pushdown

import (
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/w3c"
)

// columns finds single values of a line, so that a line which is dropped is cut
// no further than to the column that decides.
type columns struct {
	text string
	// values are those of a line that the reader has cut already.
	values []string
	// starts are where the columns begin; that of column i is known for i up to
	// known. Behind each column stands one blank, behind the last one none.
	starts []int
	known  int
	// beginning is what the line before began with, up to its column lead:
	// neighbouring lines mostly share their date, time and server.
	beginning []byte
	lead      int
}

// reset forgets the line before; lines of a schema of n columns follow.
func (c *columns) reset(n, lead int) {
	c.beginning, c.lead = c.beginning[:0], lead
	c.starts = slices.Grow(c.starts[:0], n+1)[:n+1]
	c.starts[0] = 0
}

// set takes a line, and tells whether its first lead columns are those of the
// line before.
func (c *columns) set(l *w3c.Line) (same bool) {
	c.values = l.Values
	if c.values != nil {
		c.beginning = c.beginning[:0]
		return false
	}
	c.text = l.Text
	if last := c.text[len(c.text)-1]; last == ' ' || last == '\t' {
		c.text = strings.TrimRight(c.text, " \t")
	}
	if n := len(c.beginning); n > 0 && len(c.text) >= n && c.text[:n] == string(c.beginning) {
		c.known = c.lead
		return true
	}
	c.known = 0
	if c.lead > 0 && c.lead < len(c.starts)-1 {
		c.at(c.lead - 1)
		c.beginning = append(c.beginning[:0], c.text[:c.starts[c.lead]]...)
	}
	return false
}

// at returns the value of column i.
func (c *columns) at(i int) string {
	if c.values != nil {
		return c.values[i]
	}
	for c.known <= i {
		from := c.starts[c.known]
		n := strings.IndexByte(c.text[from:], ' ')
		if n < 0 { // the last column
			n = len(c.text) - from
		}
		c.known++
		c.starts[c.known] = from + n + 1
	}
	return c.text[c.starts[i] : c.starts[i+1]-1]
}

// value is at, with nothing for a value that stands for none, and for a column
// that there is not (-1).
func (c *columns) value(i int) string {
	if i < 0 {
		return ""
	}
	if v := c.at(i); v != "-" {
		return v
	}
	return ""
}
