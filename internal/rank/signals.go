// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rank

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/printable"
)

// Signal is a property that makes a finding more telling. None takes points
// away: what would excuse a request can be forged.
type Signal struct {
	ID     string `json:"id"`
	Points int    `json:"points"` // the most that it gives
	Label  string `json:"label"`  // a word or two
	Why    string `json:"why"`    // why it matters

	// test returns the points and what it saw; 0 and "" where it does not apply.
	test func(*Finding, *neighbours) (points int, detail string)
}

// Signals is the table of all signals, in the order of their points.
var Signals = []Signal{
	{"days", 30, "comes back", "The same client uses a page that nobody else asks for on several days. 10 points for each day after the first.", days},
	{"upload_folder", 30, "upload folder", "The path lies under a folder for uploads, pictures or temporary files, where no script belongs.", uploadFolder},
	{"command", 30, "command in query", "A query of a sample request looks like a command, a path outside the site or encoded code.", command},
	{"sends", 25, "sends data", "Requests with a method that sends something (POST, PUT, ...) were answered as a success: the page does something with it.", sends},
	{"new", 20, "new page", "Nobody had asked for the page before, as far back as is remembered.", newPage},
	{"severity", 20, "severity", "The rule itself is severe: 20 points for High, 10 for Medium.", severity},
	{"name", 15, "odd name", "The file is named as tools name theirs: one or two letters, only digits, a long hexadecimal number, a known web shell, or two extensions.", oddName},
	{"agent", 15, "attack tool", "The user agent names a scanner or an attack tool.", attackTool},
	{"no_referer", 10, "no referer", "No request has a referer, though the site logs it: nobody followed a link to get there.", noReferer},
	{"foreign_referer", 10, "foreign referer", "Requests come from a page of another host.", foreignReferer},
	{"busy", 10, "used often", "Ten requests and more: somebody works with the page.", busy},
	{"method", 5, "odd method", "A method that browsers do not use for pages.", oddMethod},
	{"incomplete", 0, "incomplete", "Something was lost that could have been a second client: the finding may be a false alert.", incomplete},
	{"client", 0, "client of more", "Its client has other findings too: look at them together.", clientOfMore},
}

func days(f *Finding, _ *neighbours) (int, string) {
	if f.Days < 2 {
		return 0, ""
	}
	return min(10*(f.Days-1), 30), fmt.Sprintf("%d days", f.Days)
}

// folders are names of folders that hold what users or programs put there.
var folders = strings.Fields(`upload uploads uploaded uploadfile uploadfiles userfiles user_files attachments
	attachment files file images image img pictures pics photos photo avatars avatar media thumbs thumbnails
	temp tmp cache css js fonts icons static assets aspnet_client app_data backup backups`)

func uploadFolder(f *Finding, _ *neighbours) (int, string) {
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

func command(f *Finding, _ *neighbours) (int, string) {
	for _, w := range f.Windows {
		if w.Command != "" {
			return 30, w.Command
		}
	}
	return 0, ""
}

// Command returns what looks like a command in a query as it was logged, cut and
// printable; "" if nothing does. Whoever keeps the query looks once: an attacker
// chooses how long that takes.
func Command(query string) string {
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
			return short(part)
		}
	}
	return ""
}

// reading are the methods that send nothing.
var reading = []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"}

func sends(f *Finding, _ *neighbours) (int, string) { return f.otherMethods(25, reading...) }

func oddMethod(f *Finding, _ *neighbours) (int, string) {
	return f.otherMethods(5, "GET", "HEAD", "POST", "OPTIONS")
}

// otherMethods gives the points if there is a method that is none of these.
func (f *Finding) otherMethods(points int, these ...string) (int, string) {
	others := slices.DeleteFunc(f.methods(), func(m string) bool { return slices.Contains(these, m) })
	if len(others) == 0 {
		return 0, ""
	}
	return points, strings.Join(others, ", ")
}

func (f *Finding) methods() []string {
	var out []string
	for _, w := range f.Windows {
		for _, m := range w.Methods {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	slices.Sort(out)
	return out
}

// newPage looks at the first window: in the later ones the page is known from it.
func newPage(f *Finding, _ *neighbours) (int, string) {
	w := f.Windows[0]
	if w.New == nil || !*w.New {
		return 0, ""
	}
	if w.History.IsZero() {
		return 20, "not seen before"
	}
	return 20, "not seen since " + w.History.UTC().Format("2006-01-02")
}

func severity(f *Finding, _ *neighbours) (int, string) {
	switch f.Severity {
	case "High":
		return 20, "High"
	case "Medium":
		return 10, "Medium"
	}
	return 0, ""
}

var oddNames = regexp.MustCompile(`(?i)^([^.]{1,2}|[0-9]+|[0-9a-f]{8,}|cmd|exec|eval|c99|r57|b374k|wso|chopper|godzilla|behinder|spinstall\d*|(web)?admin_?shell|.*shell.*|.*backdoor.*|.*[.;](jpe?g|png|gif|txt|pdf|zip|docx?))\.(aspx?|ashx|asmx|cer|php\d?|phtml|jspx?|cfml?|cfc)$|\.(aspx?|php);`)

func oddName(f *Finding, _ *neighbours) (int, string) {
	name := f.Path[strings.LastIndex(f.Path, "/")+1:]
	if oddNames.MatchString(name) {
		return 15, short(name)
	}
	return 0, ""
}

// tools are parts of the names that scanners and attack tools give themselves.
var tools = strings.Fields(`sqlmap nikto nuclei nmap masscan zgrab gobuster dirbuster dirsearch feroxbuster ffuf wfuzz
	wpscan acunetix nessus openvas qualys netsparker burp hydra metasploit antsword godzilla behinder scanner
	curl/ wget/ python-requests python-urllib go-http-client libwww-perl winhttp.winhttprequest powershell`)

func attackTool(f *Finding, _ *neighbours) (int, string) {
	agent := strings.ToLower(f.Agent)
	for _, tool := range tools {
		if strings.Contains(agent, tool) {
			return 15, strings.TrimSuffix(tool, "/")
		}
	}
	return 0, ""
}

func noReferer(f *Finding, n *neighbours) (int, string) {
	missing, requests := f.referers()
	if requests == 0 || missing < requests {
		return 0, ""
	}
	for _, place := range f.places() {
		if n.logsReferer[place] {
			return 10, ""
		}
	}
	return 0, ""
}

func foreignReferer(f *Finding, _ *neighbours) (int, string) {
	var n int64
	for _, w := range f.Windows {
		n += w.ForeignReferer
	}
	if n == 0 {
		return 0, ""
	}
	return 10, plural(n, "request")
}

func busy(f *Finding, _ *neighbours) (int, string) {
	if f.Requests < 10 {
		return 0, ""
	}
	return 10, plural(f.Requests, "request")
}

func incomplete(f *Finding, _ *neighbours) (int, string) {
	n := 0
	var why []string
	for _, w := range f.Windows {
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

func clientOfMore(f *Finding, n *neighbours) (int, string) {
	most := 0
	for _, client := range f.Clients {
		most = max(most, n.findings[client])
	}
	if most < 2 {
		return 0, ""
	}
	return 0, plural(int64(most-1), "other finding")
}

// short makes somebody else's text fit a reason.
func short(s string) string { return printable.Text(printable.Cut(s, 60)) }

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
