// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rank

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// commands are parts of what is typed into a shell, or of code that gets there;
// parameters are names under which shells take it; words begin what is typed. In
// lower case.
var (
	commands = []string{
		"whoami", "ipconfig", "powershell", "certutil", "bitsadmin", "systeminfo", "tasklist", "nltest", "cmd.exe", "cmd /c", "/bin/sh", "/bin/bash", "/etc/passwd", "xp_cmdshell",
		"net user", "net1 user", "net localgroup", "net1 localgroup", "net group", "../", `..\`, `c:\`, `d:\`,
		"eval(", "base64_decode", "frombase64string", "union select", "union all select", "system(", "shell_exec", "passthru(",
	}
	parameters = strings.Fields("cmd exec command execute shell run c pass code ex")
	words      = strings.Fields(`whoami id dir ls cat type echo net netstat ipconfig ifconfig hostname ver uname ps pwd wmic reg quser qwinsta
		nslookup curl wget copy del move mkdir schtasks sc cd set arp route dsquery cscript`)
)

const (
	decodings     = 2  // a query that is encoded more often is no browser's, and no shell's
	shortestCoded = 12 // characters of base64 in which a command can hide
)

// Command returns what looks like a command in a query as it was logged, cut and
// printable; "" if nothing does. Whoever keeps the query looks once: an attacker
// chooses how long that takes.
func Command(query string) string {
	plain := query
	for i := 0; ; i++ {
		if found := commandIn(plain); found != "" {
			return found
		}
		next := decoded(plain)
		if i == decodings || next == plain {
			return ""
		}
		plain = next
	}
}

// decoded undoes one percent-encoding, and + for a blank, wherever it can.
func decoded(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if d, err := url.PathUnescape(s); err == nil {
		return d
	}
	return s
}

func commandIn(plain string) string {
	lower := strings.ToLower(plain)
	for _, c := range commands {
		if strings.Contains(lower, c) {
			return c
		}
	}
	for part := range strings.FieldsFuncSeq(plain, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(part, "=")
		if typed(value) && slices.Contains(parameters, strings.ToLower(name)) {
			return short(part)
		}
		if hidden := fromBase64(value); hidden != "" {
			lower := strings.ToLower(hidden)
			if typed(hidden) || slices.ContainsFunc(commands, func(c string) bool { return strings.Contains(lower, c) }) {
				return short(name + "=" + hidden)
			}
		}
	}
	return ""
}

// typed reports whether a value begins with a command: cmd=dir, but neither
// ActiveSync's Cmd=Ping nor run=daily.
func typed(value string) bool {
	value = strings.ToLower(strings.TrimSpace(decoded(value)))
	first, rest, _ := strings.Cut(value, " ")
	return slices.Contains(words, strings.TrimSuffix(first, ".exe")) || first == "ping" && rest != ""
}

// fromBase64 is the text that a value stands for; "" if it stands for none.
func fromBase64(value string) string {
	value = strings.ReplaceAll(strings.TrimRight(strings.ReplaceAll(decoded(value), " ", "+"), "="), "-", "+")
	value = strings.ReplaceAll(value, "_", "/")
	if len(value) < shortestCoded {
		return ""
	}
	raw, err := base64.RawStdEncoding.DecodeString(value)
	if err != nil {
		return ""
	}
	text := strings.ReplaceAll(string(raw), "\x00", "") // UTF-16, as PowerShell takes it
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) }) {
		return ""
	}
	return text
}

func command(f *Finding, _ *neighbours) (int, string) {
	for _, w := range f.Windows {
		if w.Command != "" {
			return 30, w.Command
		}
	}
	return 0, ""
}
