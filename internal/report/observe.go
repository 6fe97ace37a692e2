// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What the signals look at. Each returns its points, 0 if it does not apply,
// and what it saw.

func days(f *Finding, _ *context) (int, string) {
	if f.Days < 2 {
		return 0, ""
	}
	return min(10*(f.Days-1), 30), fmt.Sprintf("%d days", f.Days)
}

// folders are names of folders that hold what users or programs put there.
var folders = strings.Fields(`upload uploads uploaded uploadfile uploadfiles userfiles user_files attachments
	attachment files file images image img pictures pics photos photo avatars avatar media thumbs thumbnails
	temp tmp cache css js fonts icons static assets aspnet_client app_data backup backups`)

func uploadFolder(f *Finding, _ *context) (int, string) {
	segments := strings.Split(strings.ToLower(f.Path), "/")
	for _, s := range segments[:len(segments)-1] {
		if slices.Contains(folders, s) {
			return 30, "under /" + s + "/"
		}
	}
	return 0, ""
}

// commands are parts of what is typed into a shell, or of code that gets there;
// parameters are names under which shells take it. In lower case.
var (
	commands = []string{
		"whoami", "ipconfig", "powershell", "certutil", "cmd.exe", "/bin/sh", "/bin/bash", "/etc/passwd", "xp_cmdshell",
		"net user", "net1 user", "net localgroup", "net1 localgroup", "../", `..\`, `c:\`, `d:\`,
		"eval(", "base64_decode", "frombase64string", "union select", "union all select",
	}
	parameters = []string{"cmd", "exec", "command", "execute", "shell", "run"}
)

func command(f *Finding, _ *context) (int, string) {
	for i := range f.Windows {
		if c := f.Windows[i].command; c != "" {
			return 30, c
		}
	}
	return 0, ""
}

// findCommand is what looks like a command in the samples' queries. It is
// looked for once for each detection: attackers choose how long that takes.
func findCommand(samples []Sample) string {
	for i := range samples {
		query := samples[i].Query
		plain := strings.ReplaceAll(query, "+", " ")
		if decoded, err := url.QueryUnescape(query); err == nil {
			plain = decoded
		}
		plain = strings.ToLower(plain)
		for _, c := range commands {
			if strings.Contains(plain, c) {
				return c
			}
		}
		for part := range strings.FieldsFuncSeq(plain, func(r rune) bool { return r == '&' || r == ';' }) {
			if name, value, _ := strings.Cut(part, "="); value != "" && slices.Contains(parameters, name) {
				return text(part, 60)
			}
		}
	}
	return ""
}

// reading are the methods that send nothing.
var reading = []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"}

func sends(f *Finding, _ *context) (int, string) {
	var found []string
	for _, m := range f.methods() {
		if !slices.Contains(reading, m) {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return 0, ""
	}
	return 25, strings.Join(found, ", ")
}

func oddMethod(f *Finding, _ *context) (int, string) {
	var found []string
	for _, m := range f.methods() {
		if !slices.Contains([]string{"GET", "HEAD", "POST", "OPTIONS"}, m) {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return 0, ""
	}
	return 5, strings.Join(found, ", ")
}

func (f *Finding) methods() []string {
	var out []string
	for i := range f.Windows {
		for _, m := range f.Windows[i].Methods {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	slices.Sort(out)
	return out
}

// newPage looks at the first window: in the later ones the page is known from it.
func newPage(f *Finding, _ *context) (int, string) {
	w := &f.Windows[0]
	if w.New == nil || !*w.New {
		return 0, ""
	}
	if w.History.IsZero() {
		return 20, "not seen before"
	}
	return 20, "not seen since " + w.History.UTC().Format("2006-01-02")
}

func severity(f *Finding, _ *context) (int, string) {
	switch f.rule.Severity {
	case "High":
		return 20, "High"
	case "Medium":
		return 10, "Medium"
	}
	return 0, ""
}

var oddNames = regexp.MustCompile(`(?i)^([^.]{1,2}|[0-9]+|[0-9a-f]{8,}|cmd|exec|eval|c99|r57|b374k|wso|chopper|godzilla|behinder|spinstall\d*|(web)?admin_?shell|.*shell.*|.*backdoor.*|.*[.;](jpe?g|png|gif|txt|pdf|zip|docx?))\.(aspx?|ashx|asmx|cer|php\d?|phtml|jspx?|cfml?|cfc)$|\.(aspx?|php);`)

func oddName(f *Finding, _ *context) (int, string) {
	name := f.Path[strings.LastIndex(f.Path, "/")+1:]
	if oddNames.MatchString(name) {
		return 15, text(name, 60)
	}
	return 0, ""
}

// tools are parts of the names that scanners and attack tools give themselves.
var tools = strings.Fields(`sqlmap nikto nuclei nmap masscan zgrab gobuster dirbuster dirsearch feroxbuster ffuf wfuzz
	wpscan acunetix nessus openvas qualys netsparker burp hydra metasploit antsword godzilla behinder scanner
	curl/ wget/ python-requests python-urllib go-http-client libwww-perl winhttp.winhttprequest powershell`)

func attackTool(f *Finding, _ *context) (int, string) {
	agent := strings.ToLower(f.agent)
	for _, tool := range tools {
		if strings.Contains(agent, tool) {
			return 15, strings.TrimSuffix(tool, "/")
		}
	}
	return 0, ""
}

func noReferer(f *Finding, c *context) (int, string) {
	missing, requests := f.referers()
	if requests == 0 || missing < requests {
		return 0, ""
	}
	for _, s := range f.places() {
		if c.hasReferer[s] {
			return 10, ""
		}
	}
	return 0, ""
}

func foreignReferer(f *Finding, _ *context) (int, string) {
	var n int64
	for i := range f.Windows {
		n += f.Windows[i].ForeignReferer
	}
	if n == 0 {
		return 0, ""
	}
	return 10, plural(n, "request")
}

func busy(f *Finding, _ *context) (int, string) {
	if f.Requests < 10 {
		return 0, ""
	}
	return 10, plural(f.Requests, "request")
}

func incomplete(f *Finding, _ *context) (int, string) {
	n := 0
	var why []string
	for i := range f.Windows {
		w := &f.Windows[i]
		if w.Complete {
			continue
		}
		n++
		for _, r := range w.IncompleteReason {
			if !slices.Contains(why, r) {
				why = append(why, r)
			}
		}
	}
	if n == 0 {
		return 0, ""
	}
	return 0, fmt.Sprintf("%d of %d windows: %s", n, len(f.Windows), strings.Join(why, ", "))
}

func clientOfMore(f *Finding, c *context) (int, string) {
	most := 0
	for _, client := range f.Clients {
		most = max(most, c.pages[client])
	}
	if most < 2 {
		return 0, ""
	}
	return 0, plural(int64(most-1), "other finding")
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
