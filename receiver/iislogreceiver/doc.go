// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package iislogreceiver reads the log files of IIS and its relatives in the
// W3C extended format into log records with OpenTelemetry's attribute names.
//
//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
package iislogreceiver
