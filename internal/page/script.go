// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"slices"
	"strings"
)

// script is a kind of script; 0 is none.
type script uint8

// The kinds that differ in what is known of their paths.
const (
	// classic: ASP. IIS 6 runs x.asp;.jpg, and any file in a folder x.asp.
	classic script = iota + 1
	// managed: ASP.NET, which has sessions without cookies.
	managed
	other
	// country: Perl and Python, whose extensions are also how host names end, and
	// with them folders of sites: example.pl/login is no path info.
	country
)

// Extensions are the extensions of scripts by the name of their set, each with
// its dot, in lower case.
var Extensions = map[string][]string{
	// Classic ASP, and what IIS maps to it beside .asp.
	"asp": {".asp", ".asa", ".cer", ".cdx"},
	// Pages of ASP.NET.
	"aspx": {".aspx", ".cshtml", ".cshtm", ".vbhtml", ".vbhtm"},
	// What of ASP.NET answers without being a page.
	"handlers": {".ashx", ".asmx", ".svc", ".axd", ".aspq", ".soap", ".rem", ".xamlx", ".rules", ".xoml"},
	"php":      {".php", ".php3", ".php4", ".php5", ".php7", ".php8", ".phps", ".pht", ".phtml", ".phar"},
	// Adobe ColdFusion and its relatives.
	"coldfusion": {".cfm", ".cfml", ".cfc", ".cfr", ".cfswf"},
	allScripts:   nil, // all of the above, and those in others
}

const allScripts = "all_scripts"

// others are the extensions that are in all_scripts alone: Java behind IIS, CGI,
// ISAPI, server-side includes, and other things that IIS has a handler for.
var others = []string{
	".jsp", ".jspx", ".jspf", ".jsw", ".jsv",
	".cgi", ".rb", ".lua", ".exe", ".dll", ".bat", ".cmd",
	".shtml", ".shtm", ".stm", ".idc", ".htr",
}

var countries = []string{".pl", ".py"}

// SetNames returns the names of the sets, sorted.
func SetNames() []string {
	var names []string
	for name := range Extensions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// kinds has the kind of each extension, without its dot.
var kinds = map[string]script{}

// maxExtension is the length of the longest extension, without its dot.
var maxExtension int

func init() {
	var all []string
	for name, set := range Extensions {
		kind := other
		switch name {
		case "asp":
			kind = classic
		case "aspx", "handlers":
			kind = managed
		}
		all = append(all, set...)
		add(set, kind)
	}
	add(others, other)
	add(countries, country)
	all = append(append(all, others...), countries...)
	slices.Sort(all)
	Extensions[allScripts] = all
}

func add(extensions []string, kind script) {
	for _, e := range extensions {
		kinds[e[1:]] = kind
		maxExtension = max(maxExtension, len(e)-1)
	}
}

// kindOf returns the kind of script that a name has the extension of.
func kindOf(name string) script {
	dot := strings.LastIndexByte(name, '.')
	if n := len(name) - dot - 1; dot < 0 || n < 2 || n > maxExtension {
		return 0
	}
	var room [8]byte
	b := room[:0]
	for i := dot + 1; i < len(name); i++ {
		b = append(b, lower(name[i]))
	}
	return kinds[string(b)]
}
