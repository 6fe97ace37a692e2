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
	Count      int   // of the windows that it stands for: more than 1 only where nothing was seen in any of them
	Empty      bool  // nothing was seen in it
	Groups     int   // in its panes; one that is in several counts for each
	Flood      Flood // what max_groups left no room for
	Settled    int   // of these, with more clients than a finding has

	until       int64 // the end as windows are scheduled: End, but for window: all
	pane        *pane // while it is evaluated, where windows do not overlap
	firstRecord int64 // event time of the earliest record of all
}
