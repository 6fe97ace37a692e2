// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package page tells which file of a web server a path asks for, as far as the
// path alone says it: one page has many spellings, and whoever sends requests
// chooses among them.
//
// Two mistakes are possible, and they are not alike. Two spellings of a file that
// are kept apart are two findings where one would do. Two files that are taken for
// one hide a file nobody knows behind a page that everybody asks for. So spellings
// are joined only where IIS, ASP.NET or Windows are known to serve the same file
// by both; where that is not known they stay apart. The pairs of
// testdata/pairs.txt have the reasons.
package page

import "strings"

// Of returns the page of a path as a log has it: decoded once, and never again.
// Letters are compared as the file system of Windows compares them where fold is
// true.
func Of(path string, fold bool) string {
	var room [128]byte
	b := Append(room[:0], path, fold)
	if string(b) == path {
		return path
	}
	return string(b)
}

// Append appends the page of a path to dst:
//
//   - slashes and backslashes are one separator, and several in a row are one
//   - dot segments are followed, and cannot leave the root
//   - cookieless sessions of ASP.NET are left out
//   - the path ends with the script; what follows is path info
//   - parameters behind a script, and Java's session behind any name, are left out
//   - one dot at the end of a folder, dots and blanks at the end of the path, and
//     the name of the stream that is a file's content anyway are left out
//
// A path that does not begin with a separator is no file's; only its case is folded.
func Append(dst []byte, path string, fold bool) []byte {
	if path == "" || path[0] != '/' && path[0] != '\\' {
		return appendCase(dst, path, fold)
	}
	if isPlain(path) {
		return appendCase(dst, path, fold)
	}
	return appendPage(dst, path, fold)
}

// isPlain reports whether a path is its own page but for its case. It is the usual
// case, and the fast one; that it says no means nothing.
func isPlain(path string) bool {
	dot := false
	for i := 1; i < len(path); i++ {
		switch path[i] {
		case '/':
			if dot || path[i-1] == '/' {
				return false
			}
		case '.':
			if dot = true; path[i-1] == '/' || i+1 == len(path) {
				return false
			}
		case '\\', ':', ';', '(', '+', ' ':
			return false
		}
	}
	return path[0] == '/'
}

func appendPage(dst []byte, path string, fold bool) []byte {
	var room [16]string
	segments, folder := split(room[:0], path)
	kind := script(0)
	last := -1 // index of the script
	for i, s := range segments {
		s = clean(s, i == len(segments)-1 && !folder)
		segments[i] = s
		k := kindOf(s)
		if k == 0 || kind == classic || k == country && (folder || i < len(segments)-1) {
			continue
		}
		if last = i; kind == 0 {
			kind = k
		}
	}
	if kind == classic && hasDot(segments[last+1:]) {
		last = -1 // IIS 6 runs every file in a folder that is named so
	} else if last >= 0 {
		segments, folder = segments[:last+1], false
	}
	start := len(dst)
	for i, s := range segments {
		if s[0] == '(' && i != last && isSession(s, kind) {
			continue
		}
		dst = appendCase(append(dst, '/'), s, fold)
	}
	if folder || len(dst) == start {
		dst = append(dst, '/')
	}
	return dst
}

// split cuts a path into its segments without empty and dot segments, and tells
// whether it ends as that of a folder does.
func split(segments []string, path string) (_ []string, folder bool) {
	for from := 1; from <= len(path); {
		to := from
		for to < len(path) && path[to] != '/' && path[to] != '\\' {
			to++
		}
		s := path[from:to]
		folder = true
		switch s {
		case "", ".":
		case "..":
			segments = segments[:max(0, len(segments)-1)]
		default:
			segments, folder = append(segments, s), false
		}
		from = to + 1
	}
	return segments, folder
}

// clean takes off a segment what does not belong to the name of its file. It never
// returns "".
func clean(s string, last bool) string {
	if last {
		s = withoutEnd(s)
	} else if n := len(s) - 1; n > 0 && s[n] == '.' && s[n-1] != '.' {
		s = s[:n] // of a folder Windows takes one dot, and no blank
	}
	if strings.IndexByte(s, ':') > 0 {
		s = withoutStream(s)
	}
	if strings.IndexByte(s, ';') > 0 {
		s = withoutParameters(s)
	}
	return s
}

// withoutEnd takes off what Windows ignores at the end of a path: dots and blanks.
// IIS logs a blank as a plus sign. A plus may have been one, so it goes only
// behind the extension of a script: nothing serves a file x.aspx+.
func withoutEnd(s string) string {
	switch s[len(s)-1] {
	case '.', ' ', '+':
	default:
		return s
	}
	if t := strings.TrimRight(s, ". +"); kindOf(t) != 0 {
		return t
	}
	if t := strings.TrimRight(s, ". "); t != "" {
		return t
	}
	return s
}

// streams are what names the stream that is a file's content, or a folder's list.
var streams = [...]string{"::$data", ":$i30:$index_allocation", "::$index_allocation"}

// withoutStream takes off the name of the stream that is there without it, too.
// Another stream is another content. What Windows would make of a dot or a blank
// in front of it is not known.
func withoutStream(s string) string {
	for _, stream := range streams {
		n := len(s) - len(stream)
		if n > 0 && s[n-1] != '.' && s[n-1] != ' ' && equalFold(s[n:], stream) {
			return s[:n]
		}
	}
	return s
}

// equalFold compares with a lower-case text of the same length.
func equalFold(s, lowered string) bool {
	if len(s) != len(lowered) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != lowered[i] {
			return false
		}
	}
	return true
}

func hasDot(segments []string) bool {
	for _, s := range segments {
		if strings.IndexByte(s, '.') >= 0 {
			return true
		}
	}
	return false
}
