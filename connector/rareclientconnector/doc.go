// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package rareclientconnector is the rare_client processor between two
// pipelines: log records in from one, detections alone out into another.
package rareclientconnector
