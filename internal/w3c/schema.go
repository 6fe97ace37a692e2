// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"strconv"
	"strings"
)

// Field is one column of a schema.
type Field struct {
	// Name is the name as #Fields has it, made unique: the second column of
	// the same name is called <name>.2.
	Name string
	// Key is Name in lower case.
	Key string
	// Column is what the name stands for, or Other. Only the first of several
	// columns with the same meaning has it.
	Column Column
}

// Schema is what a #Fields directive says: the columns of the lines below it.
// A Schema is never changed once made, and may be shared.
type Schema struct {
	// Fields are the columns in the order of the line's values.
	Fields []Field
	text   string
	index  [numColumns]int
}

// ParseSchema compiles the value of a #Fields directive: names, separated by
// any number of blanks and TABs. It returns nil if there is no name at all.
func ParseSchema(value string) *Schema {
	names := splitRuns(nil, value)
	if len(names) == 0 {
		return nil
	}
	s := &Schema{text: strings.Join(names, " "), Fields: make([]Field, len(names))}
	// From here on the names are substrings of the schema's own text, not of
	// value, which may be a small part of a large chunk.
	names = strings.Split(s.text, " ")
	for i := range s.index {
		s.index[i] = -1
	}
	seen := make(map[string]int, len(names))
	for i, name := range names {
		f := Field{Name: name, Key: strings.ToLower(name)}
		if n := seen[f.Key]; n > 0 {
			f = Field{Name: uniqueName(seen, name, n), Column: Other}
			f.Key = strings.ToLower(f.Name)
		} else if c := columnNames[f.Key]; s.index[c] < 0 || c == Other {
			f.Column = c
		}
		seen[strings.ToLower(name)]++
		if f.Name != name {
			seen[f.Key]++
		}
		if f.Column != Other {
			s.index[f.Column] = i
		}
		s.Fields[i] = f
	}
	return s
}

// uniqueName names the next column called name, of which n came before. A file
// may have a column that is really called "date.2", so the number goes up until
// the name is free.
func uniqueName(seen map[string]int, name string, n int) string {
	for {
		n++
		candidate := name + "." + strconv.Itoa(n)
		if seen[strings.ToLower(candidate)] == 0 {
			return candidate
		}
	}
}

// Text returns the names separated by single blanks; ParseSchema of it gives
// an equal schema. The Text of a nil schema is empty.
func (s *Schema) Text() string {
	if s == nil {
		return ""
	}
	return s.text
}

// Index returns the position of a known column, or -1.
func (s *Schema) Index(c Column) int { return s.index[c] }
