// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/iishunt/iishunt/internal/eventtime"

// Why the evidence of a window is incomplete.
type (
	Reason  = eventtime.Reason
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
	ReasonWindowStart      = eventtime.ReasonSenderBegan
	ReasonShutdown         = eventtime.ReasonShutdown
	ReasonFutureTime       = eventtime.ReasonFutureTime
	NumReasons             = eventtime.NumReasons
)
