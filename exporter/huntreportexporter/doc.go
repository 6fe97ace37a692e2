// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package huntreportexporter keeps the detections of a pipeline in an HTML
// report.
package huntreportexporter
