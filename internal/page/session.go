// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package page

import "strings"

// isSession reports whether a segment, which begins with a parenthesis, is what
// ASP.NET writes into a path where clients have no cookies: (S(id)), or several
// such as (X(1)S(id)F(ticket)A(id)). ASP.NET leaves out whatever has this form,
// with any letter, so a folder of that name cannot be reached through it. Where
// the path does not say that ASP.NET serves it, the letters must be its own ones.
// ASP.NET 1 wrote the id alone.
func isSession(s string, kind script) bool {
	if kind != 0 && kind != managed || len(s) < 3 || s[len(s)-1] != ')' {
		return false
	}
	inner := s[1 : len(s)-1]
	if isID(inner) {
		return kind == managed
	}
	for inner != "" {
		c := inner[0]
		if l := lower(c); l < 'a' || l > 'z' || kind == 0 && !strings.ContainsRune("AFSX", rune(c)) {
			return false
		}
		end := strings.IndexByte(inner, ')')
		if end < 3 || inner[1] != '(' || strings.IndexByte(inner[2:end], '(') >= 0 {
			return false
		}
		inner = inner[end+1:]
	}
	return true
}

// isID reports whether a text is a session id as ASP.NET makes them: 120 random
// bits as 24 characters.
func isID(s string) bool {
	if len(s) != 24 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '5') {
			return false
		}
	}
	return true
}

// withoutParameters takes off ;name=value behind the extension of a script, once
// or several times, and the session that Java servers write behind any name.
//
// A semicolon is a letter like others to Windows, so x.asp;.jpg is a file of its
// own, which IIS 6 runs: behind ASP nothing is taken off. Behind other scripts,
// only what has neither an extension nor another form than a parameter: no handler
// and no type is known for a file x.aspx;a=1.
func withoutParameters(s string) string {
	at := strings.IndexByte(s, ';')
	kind := kindOf(s[:at])
	if kind == classic {
		return s
	}
	for rest := s[at:]; rest != ""; {
		rest = rest[1:]
		name, value, ok := strings.Cut(rest, "=")
		if !ok || !isWord(name, "_-.") {
			return s
		}
		end := strings.IndexByte(value, ';')
		if end < 0 {
			end = len(value)
		}
		session := equalFold(name, "jsessionid")
		value, rest = value[:end], value[end:]
		if !session && kind == 0 || !isValue(value, session) {
			return s
		}
	}
	return s[:at]
}

// isValue reports whether a text is the value of a parameter. The session of a
// Java server may have the name of the server behind a dot; 16 or more hexadecimal
// digits come before that.
func isValue(s string, session bool) bool {
	if id, node, ok := strings.Cut(s, "."); ok && session && len(id) >= 16 && isHex(id) {
		return isWord(node, "_-")
	}
	return s == "" || isWord(s, "_-!*~,%")
}

// isWord reports whether a text has only letters and digits of ASCII, and what is
// in also, and one of them at least.
func isWord(s, also string) bool {
	for i := range len(s) {
		c := lower(s[i])
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(also, c) < 0 {
			return false
		}
	}
	return s != ""
}

func isHex(s string) bool {
	for i := range len(s) {
		c := lower(s[i])
		if (c < 'a' || c > 'f') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
