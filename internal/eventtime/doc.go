// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package eventtime accounts for event time: who was heard, up to where, and
// what is missing. From that it derives the watermark, and says of each window
// why it may be incomplete. It knows neither panes nor records nor storage.
//
// design.md is the contract with the reader, and what is open. testdata has stories
// of what this package makes of it.
//
// # What a sender owes
//
// "Complete" rests on what senders (iis_log) tell, so they must keep to this:
//
//   - A Range reaches from the end of the line that was sent before to the end of
//     the record's own line, also across batches and runs.
//   - A file has another id where its bytes are others: also when it was cut off
//     and written anew at the same place. The first line of a log is always the
//     same and tells nothing.
//   - A run names each file that it finds once, even if there is nothing new in
//     it: From says from where on this run answers for it. The first progress
//     with a ReadUntil comes after all of them were named.
//   - What was lost for good stays with the sender until a progress that tells of
//     it was delivered, also over a crash: it is not in any Range.
//   - A progress lists what changed since Base. Wide ones, whose Base is older,
//     heal progress records that were lost, here too at a restart. One comes at
//     least each half SenderTimeout.
//   - Where a claim's bytes have a line of unknown time, it tells no event times.
//   - The last word (Stopped, Finished) is as wide as it needs to be: nothing
//     comes behind it that could heal a hole before it.
//
// # Files of this package
//
// spans, file and neighbour are what came of a file; claim asks a file for its
// bytes; progress and pending are what a sender told; sender and run are who it
// is; effect is what a progress does; patience and now are how long anybody is
// waited for; tracker and advance are the watermark; silent are sources that tell
// nothing; window is the verdict; state and restore are what is stored.
//
// No type of this package is safe for concurrent use: the engine's lock guards it.
package eventtime
