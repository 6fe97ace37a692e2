// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "slices"

// Reason says why the evidence of a window is incomplete: each could have
// hidden a second client.
type Reason uint8

// The reasons. Their numbers are stored: new ones come last.
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
	// ReasonSenderBegan: a sender does not vouch for the beginning of the window.
	ReasonSenderBegan
	// ReasonShutdown: the window was evaluated before its end.
	ReasonShutdown
	// ReasonSenderSilent: a sender has not told that it read up to the window's end.
	ReasonSenderSilent
	// ReasonLostInTransit: records were sent and did not arrive.
	ReasonLostInTransit
	// ReasonLateFiles: a sender's lines are written later than windows wait for.
	ReasonLateFiles
	// ReasonFileUnreadable: a sender found a file that it cannot read.
	ReasonFileUnreadable
	// ReasonFileVanished: a file was gone before it was read to its end.
	ReasonFileVanished
	// ReasonClockStepped: the wall clock of a sender went back.
	ReasonClockStepped
	// ReasonClockBehind: the wall clock of a sender is far behind.
	ReasonClockBehind
	// ReasonDuplicateSender: two machines speak with the identity of one.
	ReasonDuplicateSender
	// ReasonMatchTooNarrow: a reader drops lines that the rule would count.
	ReasonMatchTooNarrow
	// ReasonFutureTime: a record's time is too far ahead to be true.
	ReasonFutureTime
	// ReasonMaxSenders: there are more senders than are followed.
	ReasonMaxSenders
	NumReasons
)

var reasonNames = [NumReasons]string{
	"late", "max_groups", "missing_attribute", "parse_error", "state_lost", "config_changed", "sender_began", "shutdown",
	"sender_silent", "lost_in_transit", "late_files", "file_unreadable", "file_vanished", "clock_stepped", "clock_behind",
	"duplicate_sender", "match_too_narrow", "future_time", "max_senders",
}

func (r Reason) String() string { return reasonNames[r] }

// ParseReason is the inverse of Reason.String.
func ParseReason(s string) (Reason, bool) {
	i := slices.Index(reasonNames[:], s)
	return Reason(max(0, i)), i >= 0
}

// Reasons is a set of Reason.
type Reasons uint32

// With returns the set with r in it.
func (s Reasons) With(r Reason) Reasons { return s | 1<<r }

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
