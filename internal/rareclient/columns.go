// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import "github.com/iishunt/iishunt/internal/attr"

// Columns of W3CIISLog that are read.
const (
	colTime      = "TimeGenerated"
	colComputer  = "Computer"
	colPath      = "csUriStem"
	colUserAgent = "csUserAgent"
	colClient    = "cIP"
	colServer    = "sIP"
	colStatus    = "scStatus"
	colSite      = "sSiteName"
	colMethod    = "csMethod"
	colQuery     = "csUriQuery"
	colReferer   = "csReferer"
	colUser      = "csUserName"
	colHost      = "csHost"
	colBytes     = "scBytes"
)

// columns gives the column of each attribute that group_by may name; other
// names in group_by are columns themselves.
var columns = map[string]string{
	attr.URLPath:                  colPath,
	attr.UserAgentOriginal:        colUserAgent,
	attr.ClientAddress:            colClient,
	attr.HTTPResponseStatusCode:   colStatus,
	attr.NetworkLocalAddress:      colServer,
	attr.ServerAddress:            colHost,
	attr.IISSite:                  colSite,
	attr.HostName:                 colComputer,
	attr.HTTPRequestMethod:        colMethod,
	attr.URLQuery:                 colQuery,
	attr.HTTPRequestHeaderReferer: colReferer,
	attr.UserName:                 colUser,
	attr.ServerPort:               "sPort",
}

func column(attribute string) string {
	if c, ok := columns[attribute]; ok {
		return c
	}
	return attribute
}
