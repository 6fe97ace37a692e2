// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/iishunt/iishunt/internal/attr"
)

// Settings compare plain texts. Patterns of other tools are accepted nowhere: they
// would never match, and nobody would know.

// blankAsPlus is a blank as IIS logs it, which records no longer have.
var blankAsPlus = regexp.MustCompile(`[A-Za-z]\+[A-Za-z]`)

// notPlain says what is wrong with a text that is compared as it is; "" if nothing is.
func notPlain(s string) string {
	switch {
	case strings.TrimSpace(s) != s:
		return "it begins or ends with a blank, which is compared too; remove it"
	case len(s) > 1 && strings.ContainsRune(`"'`, rune(s[0])) && s[0] == s[len(s)-1]:
		return "the quotes are part of the text; remove them"
	case strings.ContainsAny(s, `*\`) || strings.HasPrefix(s, "^") || strings.HasSuffix(s, "$"):
		return "it is compared as it is, without wildcards or regular expressions; write the plain text"
	}
	return ""
}

// checkExtension checks an extension, or a set of them.
func checkExtension(e string) error {
	why := notPlain(e)
	switch {
	case e == "":
		return fmt.Errorf("match::extensions: an empty text; use [] to look at every URI")
	case strings.HasPrefix(e, setPrefix) && !slices.Contains(SetNames(), e):
		return fmt.Errorf("match::extensions: %q is no set; known are %s", e, strings.Join(SetNames(), ", "))
	case why != "":
		return fmt.Errorf("match::extensions: %q: %s, such as .aspx", e, why)
	case strings.ContainsAny(e, ",;| "):
		return fmt.Errorf("match::extensions: %q; name one extension in each entry, such as [.aspx, .ashx]", e)
	}
	return nil
}

// notAgent says what is wrong with a text of user agents.
func notAgent(s string) string {
	if why := notPlain(s); why != "" {
		return why
	}
	if blankAsPlus.MatchString(s) {
		return "IIS logs a blank as +, and records have the blank; write " + strings.ReplaceAll(s, "+", " ")
	}
	return ""
}

// notPath says what is wrong with a prefix of paths.
func notPath(s string) string {
	switch i := strings.Index(s, "://"); {
	case i >= 0:
		return "it must begin with /; write the path alone, without scheme and host"
	case !strings.HasPrefix(s, "/") || strings.Trim(s, "/") == "":
		return "it must begin with / and name at least one segment"
	case strings.ContainsAny(s, "?#"):
		return "a path ends before ?; write the path alone"
	}
	return notPlain(s)
}

// notHost says what is wrong with a host name; *. before it stands for any subdomain.
func notHost(s string) string {
	name := strings.TrimPrefix(s, "*.")
	switch {
	case name == "" || strings.Contains(name, "*"):
		return "it must be a host name or *.suffix"
	case strings.ContainsAny(name, "/ "):
		return "write the host name alone, such as www.example.com"
	case strings.Count(name, ":") == 1:
		return "hosts are compared without the port; remove it"
	}
	return notPlain(name)
}

// attributesOf are the names that rules most often group by or count.
var attributesOf = map[string]string{
	"cs-uri-stem": attr.URLPath, "cs-uri-query": attr.URLQuery, "cs(user-agent)": attr.UserAgentOriginal, "c-ip": attr.ClientAddress,
	"s-ip": attr.NetworkLocalAddress, "s-port": attr.ServerPort, "s-sitename": attr.IISSite, "s-computername": attr.HostName,
	"cs-method": attr.HTTPRequestMethod, "cs-username": attr.UserName, "cs(referer)": attr.HTTPRequestHeaderReferer,
	"cs-host": attr.ServerAddress, "cs(host)": attr.ServerAddress, "sc-status": attr.HTTPResponseStatusCode, "sc-bytes": attr.HTTPResponseSize,
}

// misnamed says which attribute was meant by a W3C field name, or by one with a
// letter too many, too few, changed or swapped; "" where the name may be right.
func misnamed(name string) string {
	lower := strings.ToLower(name)
	if meant, ok := attributesOf[lower]; ok {
		return meant
	}
	known := []string{attr.IISPage}
	for _, a := range attributesOf {
		known = append(known, a)
	}
	if slices.Contains(known, name) {
		return ""
	}
	slices.Sort(known)
	for _, a := range known {
		if lower == a || oneSlip(lower, a) {
			return a
		}
	}
	return ""
}

// oneSlip reports whether one slip of the fingers makes a of b.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		changed := i < len(a) && a[i+1:] == b[i+1:]
		return changed || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	case 1:
		return a[i:] == b[i+1:] && (b[i] < '0' || b[i] > '9') // url.path2 may be somebody's own
	}
	return false
}
