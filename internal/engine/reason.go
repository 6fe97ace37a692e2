// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/iishunt/iishunt/internal/eventtime"

type (
	// Reason says why the evidence of a window is incomplete.
	Reason = eventtime.Reason
	// Reasons is a set of them.
	Reasons = eventtime.Reasons
)

// The reasons that the engine itself finds.
const (
	ReasonLate             = eventtime.ReasonLate
	ReasonMaxGroups        = eventtime.ReasonMaxGroups
	ReasonMissingAttribute = eventtime.ReasonMissingAttribute
	ReasonParseError       = eventtime.ReasonParseError
	ReasonStateLost        = eventtime.ReasonStateLost
	ReasonConfigChanged    = eventtime.ReasonConfigChanged
	ReasonSenderBegan      = eventtime.ReasonSenderBegan
	ReasonShutdown         = eventtime.ReasonShutdown
	ReasonMatchTooNarrow   = eventtime.ReasonMatchTooNarrow
	ReasonFutureTime       = eventtime.ReasonFutureTime
	NumReasons             = eventtime.NumReasons
)

// ofWindows are the reasons that are counted in windows. Others are in records
// that were lost, or in starts.
var ofWindows = ^Reasons(0) &^ Reasons(0).With(ReasonLate).With(ReasonMaxGroups).With(ReasonMissingAttribute).
	With(ReasonParseError).With(ReasonFutureTime).With(ReasonStateLost).With(ReasonConfigChanged)
