// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/iishunt/iishunt/internal/eventtime"

// Window is an evaluation that is due: event time [Start, End), nanoseconds
// since the Unix epoch.
type Window struct {
	Start, End int64
	Reasons    Reasons // why its evidence is incomplete; empty when it is complete
	Funnel     Funnel  // what became of its records
	Account    eventtime.Account

	until       int64 // the end as windows are scheduled: End, but for window: all
	panes       []closedPane
	firstRecord int64 // event time of the earliest record of all
}
