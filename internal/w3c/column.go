// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import "strings"

// Column is a column of a log whose meaning is known. Names are those of the
// #Fields directive.
type Column uint8

// The known columns. Other means a column that is only known by its name.
const (
	Other Column = iota
	Date
	Time
	ClientIP
	ClientPort
	ServerIP
	ServerPort
	Host
	Method
	URIStem
	URIQuery
	URI
	UserAgent
	Referer
	ForwardedFor
	Cookie
	Username
	Version
	Status
	Substatus
	Win32Status
	BytesSent
	BytesReceived
	TimeTaken
	SiteName
	ComputerName
	StreamID
	Reason
	QueueName
	SiteID

	numColumns
)

// columnNames holds the known names in lower case: IIS writes them in one
// spelling, but people who write modules and converters do not.
var columnNames = map[string]Column{
	"date":                Date,
	"time":                Time,
	"c-ip":                ClientIP,
	"c-port":              ClientPort,
	"s-ip":                ServerIP,
	"s-port":              ServerPort,
	"cs-host":             Host,
	"cs(host)":            Host,
	"cs-method":           Method,
	"cs-uri-stem":         URIStem,
	"cs-uri-query":        URIQuery,
	"cs-uri":              URI,
	"cs(user-agent)":      UserAgent,
	"cs(referer)":         Referer,
	"x-forwarded-for":     ForwardedFor,
	"cs(x-forwarded-for)": ForwardedFor,
	"cs(cookie)":          Cookie,
	"cs-username":         Username,
	"cs-version":          Version,
	"sc-status":           Status,
	"sc-substatus":        Substatus,
	"sc-win32-status":     Win32Status,
	"sc-bytes":            BytesSent,
	"cs-bytes":            BytesReceived,
	"time-taken":          TimeTaken,
	"s-sitename":          SiteName,
	"s-computername":      ComputerName,
	"streamid":            StreamID,
	"s-reason":            Reason,
	"s-queuename":         QueueName,
	"s-siteid":            SiteID,
}

// LookupColumn returns the column that a #Fields name stands for, whatever its
// case, or Other.
func LookupColumn(name string) Column {
	return columnNames[strings.ToLower(name)]
}
