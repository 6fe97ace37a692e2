// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/w3c"
)

// needed is a column without which nothing can be detected in a log.
type needed struct {
	column w3c.Column
	// name is that of #Fields, title that of the box to tick in IIS.
	name, title string
}

var neededColumns = []needed{
	{w3c.ClientIP, "c-ip", "Client IP Address"},
	{w3c.URIStem, "cs-uri-stem", "URI Stem"},
	{w3c.UserAgent, "cs(User-Agent)", "User Agent"},
	{w3c.Status, "sc-status", "Protocol Status"},
}

// missingColumns lists what a web log lacks. Other logs of the same format are
// not made for detections: HTTPERR has cs-uri, FTP and SMTP have neither a
// user agent nor a query. header is the one that names the real client, if any.
func missingColumns(s *w3c.Schema, header string) []needed {
	if s.Index(w3c.URI) >= 0 || s.Index(w3c.UserAgent) < 0 && s.Index(w3c.URIQuery) < 0 {
		return nil
	}
	var missing []needed
	for _, n := range neededColumns {
		if s.Index(n.column) < 0 {
			missing = append(missing, n)
		}
	}
	if header != "" && headerColumn(s, header) < 0 {
		missing = append(missing, needed{name: header, title: "Add Field, Request Header"})
	}
	return missing
}

// sayMissing counts the columns that a file lacks, once for each header of it,
// and tells the log which to switch on, once for each folder: the files of a
// site mostly have the same header.
func (r *iisReceiver) sayMissing(f *logFile, s *w3c.Schema, missing []needed) {
	if len(missing) == 0 {
		return
	}
	counted := r.run + strconv.FormatUint(uint64(hash(0, []byte(s.Text()))), 36)
	folder := f.path[:strings.LastIndexAny(f.path, `/\`)+1]
	for _, n := range missing {
		if f.lacks != counted {
			r.meters.ReceiverIisLogMissingColumns.Add(context.Background(), 1, metric.WithAttributes(attribute.String("column", n.name)))
		}
		if !r.said.first(folder+"\x00"+n.name, r.now(), 0) {
			continue
		}
		r.logger.Warn("A log lacks a column that detections need; switch it on in IIS Manager, under Logging, Select Fields",
			zap.String("path", f.path), zap.String("column", n.name), zap.String("field", n.title))
	}
	f.lacks = counted
}
