// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package record makes a log record of a line: which column becomes which
// attribute, who the client is, from which site and host the line comes, and
// what of the line may stand in the body. It knows no files.
package record
