// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package account knows what a receiver has read, and makes the progress that it
// tells (see internal/eventtime/design.md). tail tells it what a look at the
// files has found and up to where each file was read, convert what was sent. It
// knows neither what lines say nor records.
//
// Files of this package: file is what came of one file, delta what changed of it
// since a progress; look proves that files were read to their ends; unread is
// what cannot be read; progress is what is told, store what outlives a restart.
package account
