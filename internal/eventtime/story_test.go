// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

func (s *story) teller(name string) *teller {
	p := s.senders[name]
	if p == nil {
		p = &teller{id: ID(len(s.senders) + 1), run: 1, began: s.now.Wall, sent: map[string]int64{}}
		s.senders[name] = p
	}
	return p
}

func fileID(name string) ID { return ID(1 + len(name)*1000 + int(name[0])*10 + int(name[len(name)-1])) }

// records of a file that is file, "a" if not said, from and to; event is the time
// of the last, lost says that a line behind it could not be read.
func (s *story) records(name string, a args) {
	p := s.teller(name)
	file := a["file"]
	if file == "" {
		file = "a"
	}
	from, to, _ := strings.Cut(a["bytes"], "-")
	r := Range{File: File{p.id, fileID(file)}}
	r.From, _ = strconv.ParseInt(from, 10, 64)
	r.To, _ = strconv.ParseInt(to, 10, 64)
	if !s.tr.Cover(r, s.now) {
		fmt.Fprintln(s.out, "         > repeated, not counted")
		return
	}
	b := Span{Oldest: s.now.Wall, Newest: s.now.Wall, First: s.now.Wall, Last: s.now.Wall, Timed: true, LostLast: a["lost"] == "last"}
	if e, ok := a["event"]; ok {
		at := s.time(e)
		b.Oldest, b.Newest, b.First, b.Last = at, at, at, at
	}
	s.tr.ObserveFile(r, &b, s.now)
}

// silent says which records came of a silent source: their event times in order,
// lost for a line that could not be read.
func (s *story) silent(name string, events []string) {
	b := Span{Oldest: math.MaxInt64, Newest: None}
	for _, e := range events {
		if e == "lost" {
			b.LostLast, b.LostFirst = true, b.LostFirst || !b.Timed
			continue
		}
		at := s.time(e)
		if !b.Timed {
			b.First, b.Timed = at, true
		}
		b.Last, b.LostLast = at, false
		b.Oldest, b.Newest = min(b.Oldest, at), max(b.Newest, at)
	}
	s.tr.Observe(Source{uint64(fileID(name))}, &b, s.now)
}

// progress of a sender. Without more said it is a second old, continues the last,
// has read everything up to ten seconds ago, and tells a=N of file a: sent to N.
//
//	until, since, oldest, behind, state, host, match    as in Progress
//	run=new       a new run; stored=true keeps the places of the old one
//	wide=true     it tells everything since the beginning of the run
//	skip=N        so many before it did not come
//	clock=+-d     the sender's clock differs
//	former=true   it is of the run before
//	unread, lost=from,to    of a file that cannot be read, of lines lost for good
func (s *story) progress(name string, a args) {
	p := s.teller(name)
	skew, _ := time.ParseDuration(a["clock"])
	wall := s.now.Wall + int64(skew)
	if a["run"] == "new" {
		p.run++
		p.seq, p.began = 0, wall
		if a["stored"] == "" {
			p.sent = map[string]int64{}
		}
	}
	if n, err := strconv.ParseInt(a["skip"], 10, 64); err == nil {
		p.seq += n
	}
	p.seq++
	q := &Progress{
		Sender: p.id, Run: Run{p.run}, Host: name, Component: "iis_log", Seq: p.seq, Base: p.seq - 1, Part: 1, Parts: 1,
		Started: p.began, Sent: wall, ReadUntil: wall - int64(10*time.Second), Since: None, OldestUnread: None, Match: a["match"],
	}
	if a["former"] == "true" {
		q.Run[0]--
		q.Seq, q.Base = 999, 998
		p.seq--
	}
	if a["wide"] == "true" {
		q.Base = 0
	}
	if a["state"] != "" {
		q.State, _ = ParseState(a["state"])
	}
	if h := a["host"]; h != "" {
		q.Host = h
	}
	if v, ok := a["started"]; ok {
		q.Started = s.time(v)
	}
	if v, ok := a["seq"]; ok {
		q.Seq, _ = strconv.ParseInt(v, 10, 64)
		q.Base, p.seq = q.Seq-1, q.Seq
	}
	for k, to := range map[string]*int64{"until": &q.ReadUntil, "since": &q.Since, "oldest": &q.OldestUnread} {
		if v, ok := a[k]; ok {
			*to = s.time(v)
		}
	}
	q.Resumed = a["resumed"] == "true"
	if q.Receivers, _ = strconv.Atoi(a["receivers"]); q.Receivers > 0 {
		q.Process = Run{1}
	}
	behind, _ := time.ParseDuration(a["behind"])
	q.Behind = int64(behind)
	for k, list := range map[string]*[]Loss{"unread": &q.Unread, "lost": &q.Lost} {
		if from, to, ok := strings.Cut(a[k], ","); ok {
			reason := map[string]Reason{"unread": ReasonFileUnreadable, "lost": ReasonFileVanished}[k]
			l := Loss{Name: "u_ex.log", Reason: reason, From: s.time(from), To: s.time(to)}
			if start, stop, ok := strings.Cut(a["gone"], "-"); ok && k == "lost" { // with these bytes of file a
				l.File = fileID("a")
				l.Start, _ = strconv.ParseInt(start, 10, 64)
				l.Stop, _ = strconv.ParseInt(stop, 10, 64)
			}
			*list = append(*list, l)
		}
	}
	s.tellFiles(p, q, a)
	require.NoError(s.t, s.tr.Hear(q, s.now))
}

// tellFiles adds what a progress tells of files.
func (s *story) tellFiles(p *teller, q *Progress, a args) {
	for _, file := range []string{"a", "b", "c"} {
		if v, ok := a[file]; ok {
			n, _ := strconv.ParseInt(v, 10, 64)
			f := FileProgress{ID: fileID(file), From: p.sent[file], Sent: n, Read: n, Oldest: None, Newest: None}
			if from, to, ok := strings.Cut(a["of"], ","); ok {
				f.Oldest, f.Newest = s.time(from), s.time(to)
			}
			if q.Base == 0 {
				f.From, _ = strconv.ParseInt(a["from"], 10, 64)
			}
			q.Files = append(q.Files, f)
			p.sent[file] = n
		}
	}
}
