// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// mixedFile makes up a log in which every oddity comes up now and then, and
// knows what is to be read of it.
type mixedFile struct {
	rnd    *rand.Rand
	number int
	b      strings.Builder
	ending string
	quoted bool
	fields []string
	lines  int
	// requests are path and client of the records, in order.
	requests []string
	// counts of lines by kind.
	errors, directives, blanks int64
}

var mixedColumns = []string{
	"date", "time", "s-ip", "cs-method", "cs-uri-query", "s-port", "cs-username", "cs(User-Agent)", "cs(Cookie)",
	"sc-status", "sc-win32-status", "sc-bytes", "time-taken", "X-Forwarded-For", "crypt-protocol", "date",
}

func (m *mixedFile) put(line string) {
	m.b.WriteString(line)
	m.b.WriteString(m.ending)
	m.lines++
}

func (m *mixedFile) pick(of ...string) string { return of[m.rnd.IntN(len(of))] }

// header writes a block, whose columns are any, in any order; the path and the
// client are always among them.
func (m *mixedFile) header() {
	m.fields = []string{"cs-uri-stem", "c-ip", "cs-host"}
	for _, c := range mixedColumns {
		if m.rnd.IntN(3) > 0 {
			m.fields = append(m.fields, c)
		}
	}
	m.rnd.Shuffle(len(m.fields), func(i, k int) { m.fields[i], m.fields[k] = m.fields[k], m.fields[i] })
	name := m.pick("#Fields: ", "#fields:", "#Fields:\t", "#FIELDS:   ")
	block := []string{
		name + strings.Join(m.fields, m.pick(" ", "  ", "\t", " \t ")) + m.pick("", " ", "\t"),
		"#Version: 1.0", m.pick("#Date: 2026-03-02 10:00:00", "#Date: 28/Jun/2017 07:28:59", "#GMT-Offset: -0800"),
	}
	m.rnd.Shuffle(len(block), func(i, k int) { block[i], block[k] = block[k], block[i] })
	for _, d := range block {
		m.put(d)
	}
	m.directives += int64(len(block))
}

// value is one that a column may have, fitting or not.
func (m *mixedFile) value(column string) string {
	switch column {
	case "cs-uri-stem":
		return fmt.Sprintf("/%d", m.lines)
	case "c-ip":
		return m.client()
	case "date":
		return m.pick("2026-03-02", "2026-03-02", "2026-03-02", "-", "6/10/2009")
	case "time":
		return m.pick("10:00:01", "10:00:01", "17:00:00.363", "08:35", "25:61:61")
	case "cs-method":
		return m.pick("GET", "POST", "RPC_IN_DATA", "M-POST", "t3", "-")
	case "cs-username":
		return m.pick("-", `CORP\bob`, "bob@example.com", "\xC0\xAF")
	case "cs(User-Agent)":
		return m.pick("Mozilla/5.0+(X11;+Linux)", `"Mozilla/5.0"`, "sqlmap/1.8.3#stable", "caf\xE9", "-")
	case "cs(Cookie)":
		return m.pick("-", "sid="+strings.Repeat("x", m.rnd.IntN(4000)))
	case "sc-status", "sc-win32-status", "sc-bytes", "time-taken", "s-port":
		return m.pick("200", "404", "2148074254", "5000000000", "1X405", "-")
	default:
		return m.pick("-", "a=1", "203.0.113.9,+198.51.100.7:4711", "#x")
	}
}

func (m *mixedFile) client() string {
	return m.pick("2001:db8::", "fe80::5d3d%", "192.0.2.") + fmt.Sprint(m.lines%250)
}

// request writes a line that fits, in one of the ways that a line can look.
func (m *mixedFile) request() {
	values := make([]string, len(m.fields))
	var path, client string
	for i, c := range m.fields {
		values[i] = m.value(c)
		switch c {
		case "cs-uri-stem":
			path = values[i]
		case "c-ip":
			client = values[i]
		}
		if m.quoted {
			values[i] = `"` + strings.ReplaceAll(values[i], `"`, `""`) + `"`
		}
	}
	// A value in front of a # would make a directive of it.
	if strings.HasPrefix(values[0], "#") {
		values[0] = "-"
	}
	line := strings.Join(values, " ")
	switch m.rnd.IntN(12) {
	case 0:
		line += m.pick(" ", "\t", "  ")
	case 1:
		line = strings.Replace(line, " ", "  ", 1)
	}
	m.requests = append(m.requests, path+" "+client)
	m.put(line)
}

// oddity writes something that is not a line of values.
func (m *mixedFile) oddity() {
	switch m.rnd.IntN(8) {
	case 0, 1:
		m.header()
	case 2:
		m.put(m.pick("# a note", "#Remark: x", "#", "#Software: Microsoft Internet Information Services 10.0"))
		m.directives++
		m.quoted = m.quoted && !strings.HasSuffix(m.b.String(), "10.0"+m.ending)
	case 3:
		m.put(m.pick("", " ", " \t "))
		m.blanks++
	default:
		nul := fmt.Sprintf("a\x00%d %d", m.number, m.lines)
		if m.ending == "\r" {
			nul = "y" // at the end of a file that would be the begin of unused space
		}
		m.put(m.pick("2026-03-02 10:00:01", "192.0.2.1, -,", "x", nul, strings.Repeat("y ", 100)+"z", "Mozilla #x"))
		m.errors++
	}
}

func newMixedFile(rnd *rand.Rand, number, lines int) *mixedFile {
	m := &mixedFile{rnd: rnd, number: number, ending: []string{"\n", "\r\n", "\n", "\r"}[number%4]}
	if number%5 == 0 {
		m.b.WriteString("\xEF\xBB\xBF")
	}
	// Every file is another one, as fileconsumer sees it.
	m.put(fmt.Sprintf("# file %d", number))
	m.directives++
	if number%20 == 19 {
		for m.lines < lines {
			m.put(fmt.Sprintf("192.0.2.1, -, 3/2/2026, 10:00:01, W3SVC1, %d", m.lines))
			m.errors++
		}
		return m
	}
	if m.quoted = number%10 == 7; m.quoted {
		m.put("#Software: IIS Advanced Logging Module")
		m.directives++
	}
	m.header()
	for m.lines < lines {
		if rnd.IntN(15) == 0 {
			m.oddity()
		} else {
			m.request()
		}
	}
	return m
}

// text is what is in the file; it may end without a newline, or in unused space.
func (m *mixedFile) text(number int) string {
	switch {
	case number%7 == 1 && m.ending != "\r" && m.blanks == 0:
		return strings.TrimSuffix(m.b.String(), m.ending)
	case number%7 == 2 && m.ending != "\r":
		return m.b.String() + strings.Repeat("\x00", 10_000)
	default:
		return m.b.String()
	}
}

// TestAMixedFolder reads 600 files of 100,000 lines in all: of each file the
// records and errors that it must give, and lines = records + errors +
// directives + blank lines.
func TestAMixedFolder(t *testing.T) {
	const files, lines = 600, 100_000
	f := newFixture(t)
	f.store()
	f.cfg.IncludeFilePath = true
	f.cfg.FlushPeriod = time.Millisecond
	f.cfg.Body = BodyNone
	rnd := rand.New(rand.NewPCG(2026, 3))
	want := map[string]*mixedFile{}
	var kinds [4]int64
	total := 0
	for i := range files {
		n := (lines-total)/(files-i) - 3 + rnd.IntN(7)
		if i == files-1 {
			n = lines - total
		}
		m := newMixedFile(rnd, i, n)
		total += m.lines
		name := fmt.Sprintf("W3SVC%d/u_ex%04d.log", i%9, i)
		f.write(name, m.text(i))
		want[f.path(name)] = m
		for k, n := range []int64{int64(len(m.requests)), m.errors, m.directives, m.blanks} {
			kinds[k] += n
		}
		require.EqualValues(t, m.lines, int64(len(m.requests))+m.errors+m.directives+m.blanks)
	}
	require.GreaterOrEqual(t, total, lines)
	f.start()
	f.eventually(func() bool { return f.lines() >= int64(total) }, "not all lines were read")
	f.polls()
	f.stop()
	assertEquation(t, f, int64(total))
	require.Equal(t, map[string]int64{"record": kinds[0], "error": kinds[1], "directive": kinds[2], "blank": kinds[3]},
		f.metric("otelcol_receiver_iis_log_lines", "kind"))
	requests, errors := map[string][]string{}, map[string]int64{}
	for _, lr := range f.records() {
		file := attrOf(lr, tail.AttrFilePath)
		if path := attrOf(lr, "url.path"); path != "" {
			requests[file] = append(requests[file], path+" "+attrOf(lr, "client.address"))
		} else {
			errors[file]++
		}
	}
	for file, m := range want {
		require.Equal(t, m.requests, requests[file], file)
		require.Equal(t, m.errors, errors[file], file)
	}
}
