// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package rareclient is what the rare_client processor and connector share: their
// configuration, reading log records, evaluating windows in the background, the
// stored state, and the detection records.
package rareclient
