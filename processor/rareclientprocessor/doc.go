// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package rareclientprocessor finds groups of web requests that only one client
// (or a few) ever asks for and emits each finding as a log record.
package rareclientprocessor
