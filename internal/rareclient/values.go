// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"math"
	"net/netip"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
}

// str is AsString without the copy for the usual type.
func str(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}

// first is the first entry of a header attribute ([]string), or its text.
func first(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeSlice {
		if v.Slice().Len() == 0 {
			return ""
		}
		v = v.Slice().At(0)
	}
	return str(v)
}

// status is an int by the conventions; other sources write it as text, and
// parsers of JSON as a fraction without fractional part. What is no whole number
// was still an answer, only not one of the codes looked for.
func status(v pcommon.Value) int {
	n := integer(v)
	if n == 0 || n != int64(int32(n)) {
		return statusNotNumber
	}
	return int(n)
}

// statusNotNumber is the status of an answer whose status is no number.
const statusNotNumber = -1

// integer is 0 for what is no whole number.
func integer(v pcommon.Value) int64 {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int()
	case pcommon.ValueTypeDouble:
		if n := int64(v.Double()); float64(n) == v.Double() {
			return n
		}
	case pcommon.ValueTypeStr:
		if n, err := strconv.ParseInt(v.Str(), 10, 64); err == nil {
			return n
		}
	}
	return 0
}

// nanoseconds returns a time since the Unix epoch. One that does not fit, which
// is after 2262, is the last that does: far in the future.
func nanoseconds(t pcommon.Timestamp) int64 {
	return int64(min(t, math.MaxInt64))
}

// serverAndHost splits what conventions put into two attributes: the server's
// own address, and the host name that the client asked for.
func serverAndHost(local, server string) (address, host string) {
	if server == local {
		return local, ""
	}
	if local == "" {
		if _, err := netip.ParseAddr(server); err == nil {
			return server, ""
		}
	}
	return local, server
}
