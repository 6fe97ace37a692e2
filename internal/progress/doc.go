// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package progress writes what a reader tells of its reading
// ([eventtime.Progress]) as log records, and reads it again. The attributes are
// those of internal/eventtime/design.md; times are RFC 3339 with nanoseconds, a
// time that is not known has no attribute.
package progress
