// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import "github.com/iishunt/iishunt/internal/w3c"

// Needed is a column without which nothing can be detected in a log.
type Needed struct {
	Column w3c.Column
	// Name is that of #Fields, title that of the box to tick in IIS.
	Name, Title string
}

var neededColumns = []Needed{
	{w3c.ClientIP, "c-ip", "Client IP Address"},
	{w3c.URIStem, "cs-uri-stem", "URI Stem"},
	{w3c.UserAgent, "cs(User-Agent)", "User Agent"},
	{w3c.Status, "sc-status", "Protocol Status"},
}

// missingColumns lists what a web log lacks. Other logs of the same format are
// not made for detections: HTTPERR has cs-uri, FTP and SMTP have neither a
// user agent nor a query. header is the one that names the real client, if any.
func missingColumns(s *w3c.Schema, header string) []Needed {
	if s.Index(w3c.URI) >= 0 || s.Index(w3c.UserAgent) < 0 && s.Index(w3c.URIQuery) < 0 {
		return nil
	}
	var missing []Needed
	for _, n := range neededColumns {
		if s.Index(n.Column) < 0 {
			missing = append(missing, n)
		}
	}
	if header != "" && headerColumn(s, header) < 0 {
		missing = append(missing, Needed{Name: header, Title: "Add Field, Request Header"})
	}
	return missing
}
