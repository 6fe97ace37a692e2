// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

// Reason says why evidence of a window is incomplete.
type Reason uint8

// The reasons. Each could have hidden a second client.
const (
	// ReasonLate: a matching record came after its pane was closed.
	ReasonLate Reason = iota
	// ReasonMaxGroups: a group was not kept because max_groups was reached.
	ReasonMaxGroups
	// ReasonMissingAttribute: a record lacked an attribute that the rule needs.
	ReasonMissingAttribute
	// ReasonParseError: a log line could not be read.
	ReasonParseError
	// ReasonStateLost: a part of the stored state could not be read.
	ReasonStateLost
	// ReasonConfigChanged: match or exclude was changed within the window.
	ReasonConfigChanged
	// ReasonWindowStart: the window began before the first record seen.
	ReasonWindowStart
	// ReasonShutdown: the window was evaluated before its end.
	ReasonShutdown
	NumReasons
)

var reasonNames = [NumReasons]string{"late", "max_groups", "missing_attribute", "parse_error", "state_lost", "config_changed", "window_start", "shutdown"}

func (r Reason) String() string { return reasonNames[r] }

// Reasons is a set of Reason.
type Reasons uint16

func (s Reasons) with(r Reason) Reasons { return s | 1<<r }

// Has reports whether r is in the set.
func (s Reasons) Has(r Reason) bool { return s&(1<<r) != 0 }

// Strings returns the names of the reasons, in their fixed order.
func (s Reasons) Strings() []string {
	var out []string
	for r := range NumReasons {
		if s.Has(r) {
			out = append(out, r.String())
		}
	}
	return out
}
