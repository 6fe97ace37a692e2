// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import "strings"

// siteFolders are the names of the folders that IIS makes, followed by the
// site's number.
var siteFolders = []string{"W3SVC", "FTPSVC", "SMTPSVC"}

// SiteFromPath finds the folder of a site in a path, such as the W3SVC2 of
// C:\inetpub\logs\LogFiles\W3SVC2\u_ex260302.log, and returns it in the
// spelling of s-sitename; empty if there is none. Both separators count on
// every system, because logs of Windows servers are also read elsewhere.
func SiteFromPath(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })
	// The last part is the file itself, and the innermost folder counts.
	for i := len(parts) - 2; i >= 0; i-- {
		for _, name := range siteFolders {
			if len(parts[i]) > len(name) && strings.EqualFold(parts[i][:len(name)], name) && isNumber(parts[i][len(name):]) {
				return name + parts[i][len(name):]
			}
		}
	}
	return ""
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
