// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import "net/netip"

// Request is what the rule looks at in one web request. Strings may share
// memory with larger buffers: the engine copies what it keeps.
type Request struct {
	Time      int64 // event time, nanoseconds since the Unix epoch
	Path      string
	UserAgent string
	Client    string // as logged; "" or "-" when unknown
	Counted   string // what is counted instead of the client's address, where something is
	Server    string // the server's own address; "" or "-" when unknown
	Host      string // the host name asked for, without port
	Site      string
	Method    string
	Query     string
	Referer   string
	User      string
	File      string
	Status    int   // 0 when unknown
	Bytes     int64 // of the response

	ClientAddr netip.Addr // set by Match; the zero Addr when Client is no address
}

// Stage is a match stage, in the order in which the query applies them, and then ours.
type Stage uint8

// The match stages. What is stored counts by them, so that their order stands.
const (
	StageExtension Stage = iota
	StageStatus
	StagePrivateClient
	StagePrivateServer
	StageUserAgent
	StageMethod
	StagePathPrefix
	NumStages
)

var stageNames = [NumStages]string{"extension", "status", "private_client", "private_server", "user_agent", "method", "path_prefix"}

func (s Stage) String() string { return stageNames[s] }

// Verdict is the outcome of Match: Matched, Missing, Foreign, a Stage, or
// NumStages + the index of an exclusion.
type Verdict int

// The verdicts that are not a stage.
const (
	Matched Verdict = -1
	// Missing: the request passed all that could be tested, but lacks url.path,
	// http.response.status_code, a method where that matters, or what is counted, such
	// as client.address. It could
	// have been a second client, so it is a loss.
	Missing Verdict = -2
	// Foreign: neither path nor status, so this is no web request at all.
	Foreign Verdict = -3
)

// Need is an attribute without which a request cannot be counted.
type Need uint8

// The needs, in the order in which they are looked for.
const (
	NeedPath Need = iota
	NeedStatus
	NeedClient
	NeedMethod
	NumNeeds
)

// Absent reports whether a value stands for none.
func Absent(s string) bool { return s == "" || s == "-" }

// parseAddr returns the zero Addr for a text that is no IP address.
func parseAddr(s string) netip.Addr {
	if Absent(s) {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a
}
