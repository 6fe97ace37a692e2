// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package statelog keeps a state in a storage extension such that it can be had
// again up to the last change written: a snapshot in parts, and a log of the
// changes since it began. One batch of operations writes each change.
//
// Its format is in docs/state-format.md.
package statelog
