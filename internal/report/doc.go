// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package report makes the hunt report: it keeps detections, joins them to
// findings, ranks these by how telling they are, and writes them as one HTML
// file that needs nothing else, and as NDJSON. It does not import the Collector.
//
// A detection is what rare_client says about one window. A finding is a page
// and its clients, with all their detections: a web shell that is used on four
// days is one finding.
package report
