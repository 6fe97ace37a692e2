// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import "time"

// Clock turns the date and time columns into instants. It remembers the last
// second, because neighbouring lines mostly share it. The zero value is ready.
type Clock struct {
	// Zone is what the log's times are in; nil: UTC. Of a time that is there twice,
	// when clocks go back, it is the first.
	Zone *time.Location

	date, clock string
	midnight    int64
	second      int64
}

// Parse returns the instant of a line in nanoseconds since the Unix epoch:
// date is YYYY-MM-DD, clock is HH:MM, HH:MM:SS or HH:MM:SS.fraction, both in Zone.
// Impossible values, such as 25:61:61, give false.
func (c *Clock) Parse(date, clock string) (int64, bool) {
	if date != c.date || date == "" {
		midnight, ok := parseDate(date)
		if !ok {
			return 0, false
		}
		c.date, c.midnight, c.clock = date, midnight, ""
	}
	if clock != c.clock || clock == "" {
		nanos, ok := parseClock(clock)
		if !ok {
			return 0, false
		}
		c.clock, c.second = clock, c.utc(c.midnight+nanos)
	}
	return c.second, true
}

// utc returns the instant at which the clocks of the zone show what those of UTC
// show at nanos.
func (c *Clock) utc(nanos int64) int64 {
	if c.Zone == nil {
		return nanos
	}
	t := time.Unix(0, nanos).UTC()
	t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.Zone)
	if before := t.Add(-time.Hour); before.Hour() == t.Hour() {
		t = before
	}
	return t.UnixNano()
}

// parseDate returns the midnight that begins a day, in Unix nanoseconds.
func parseDate(s string) (int64, bool) {
	if len(s) != len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	century, ok1 := twoDigits(s, 0)
	year, ok2 := twoDigits(s, 2)
	month, ok3 := twoDigits(s, 5)
	day, ok4 := twoDigits(s, 8)
	year += 100 * century
	if !ok1 || !ok2 || !ok3 || !ok4 || month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	// Before 1970 there are no log lines, and after 2261 nanoseconds do not fit
	// into 64 bits.
	if year < 1970 || year > 2261 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day { // the 30th of February
		return 0, false
	}
	return t.UnixNano(), true
}

// parseClock returns the nanoseconds since midnight.
func parseClock(s string) (int64, bool) {
	if len(s) < len("15:04") || s[2] != ':' {
		return 0, false
	}
	hour, ok1 := twoDigits(s, 0)
	minute, ok2 := twoDigits(s, 3)
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	seconds := int64(hour*3600 + minute*60)
	if len(s) == len("15:04") {
		return seconds * int64(time.Second), true
	}
	if len(s) < len("15:04:05") || s[5] != ':' {
		return 0, false
	}
	second, ok := twoDigits(s, 6)
	if !ok || second > 59 {
		return 0, false
	}
	seconds += int64(second)
	nanos, ok := parseFraction(s[8:])
	return seconds*int64(time.Second) + nanos, ok
}

// parseFraction reads ".363" as nanoseconds; digits past the ninth are cut.
func parseFraction(s string) (int64, bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != '.' || len(s) == 1 {
		return 0, false
	}
	unit, nanos := int64(time.Second), int64(0)
	for i := 1; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		unit /= 10
		nanos += int64(d) * unit
	}
	return nanos, true
}

func twoDigits(s string, i int) (int, bool) {
	a, b := s[i]-'0', s[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}
