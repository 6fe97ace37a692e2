// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/iishunt/iishunt/internal/golden"
)

// A transcript is a story in testdata/*.txt: what happens, and below it what the
// Tracker makes of it. The test's flag -update writes the latter anew.
//
//	# text                          a comment
//	config key=value ...            before anything else
//	hh:mm:ss event key=value ...    at that time of the day
//	         > what came of it
//	hh:mm:ss > what came of the time that passed
//
// Between two events time passes in steps of ten seconds, in which those who are
// alive make a progress each; the watermark is told there only where it leaps. Event times and wall
// clocks are of that day too, with a day before them where it is another: -3d10:00:00.
// The events are the methods of story.

const day = int64(1_772_409_600_000_000_000) // 2026-03-02T00:00:00Z

type story struct {
	t        *testing.T
	cfg      Config
	tr       *Tracker
	now      Now
	out      *bytes.Buffer
	was      int64
	released bool
	stopped  int64 // suspended until this wall clock
	copies   map[string][]byte
	senders  map[string]*teller
	alive    []string // who makes a progress each ten seconds
}

// teller makes progress records without having to say everything.
type teller struct {
	id    ID
	alive args // nil: it says only what the story tells
	run   byte
	seq   int64
	began int64
	sent  map[string]int64 // by file: up to where was told
}

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			golden.Equal(t, file, tell(t, strings.ReplaceAll(string(text), "\r\n", "\n")))
		})
	}
}

func tell(t *testing.T, text string) []byte {
	s := &story{
		t: t, out: &bytes.Buffer{}, was: None, copies: map[string][]byte{}, senders: map[string]*teller{},
		cfg: Config{
			AllowedLateness: 5 * time.Minute, IdleTimeout: 2 * time.Minute, SenderTimeout: 15 * time.Minute, CatchUpTimeout: 24 * time.Hour,
			ForgetSenderAfter: 24 * time.Hour, WrittenWithin: time.Hour, MaxSenders: 100, Account: true,
		},
	}
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		line = strings.TrimSuffix(line, "\n")
		words := strings.Fields(line)
		switch {
		case len(words) > 0 && words[0] == ">" || len(words) > 1 && words[1] == ">":
			continue // written anew
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case words[0] == "config":
			s.config(arguments(words[1:]))
		default:
			s.to(s.time(words[0]), line)
			continue
		}
		fmt.Fprintln(s.out, line)
	}
	return s.out.Bytes()
}

type args map[string]string

func arguments(words []string) args {
	a := args{}
	for _, w := range words {
		k, v, _ := strings.Cut(w, "=")
		a[k] = v
	}
	return a
}

// time reads a time of the day, or of another day.
func (s *story) time(text string) int64 {
	if text == "" || text == "-" {
		return None
	}
	at, days := day, 0
	if i := strings.IndexByte(text, 'd'); i > 0 {
		var err error
		days, err = strconv.Atoi(text[:i])
		require.NoError(s.t, err)
		at, text = at+int64(days)*24*int64(time.Hour), text[i+1:]
	}
	d, err := time.Parse("15:04:05", text)
	require.NoError(s.t, err, text)
	return at + int64(d.Hour())*int64(time.Hour) + int64(d.Minute())*int64(time.Minute) + int64(d.Second())*int64(time.Second)
}

func clock(t int64) string {
	switch t {
	case None:
		return "-"
	case math.MaxInt64:
		return "ever"
	}
	u := time.Unix(0, t).UTC()
	if n := (floor(t, 24*int64(time.Hour)) - day) / (24 * int64(time.Hour)); n != 0 {
		return fmt.Sprintf("%dd%s", n, u.Format("15:04:05"))
	}
	return u.Format("15:04:05")
}

func (s *story) config(a args) {
	for k, v := range a {
		d, _ := time.ParseDuration(v)
		switch k {
		case "account":
			s.cfg.Account = v == "true"
		case "senders":
			s.cfg.Senders = strings.Split(v, ",")
		case "max_senders":
			s.cfg.MaxSenders, _ = strconv.Atoi(v)
		case "lateness":
			s.cfg.AllowedLateness = d
		case "forget":
			s.cfg.ForgetSenderAfter = d
		default:
			s.t.Fatalf("no key %s", k)
		}
	}
}

// to lets time pass up to an event, and lets it happen.
func (s *story) to(at int64, line string) {
	words := strings.Fields(line)
	if s.tr == nil {
		s.now = Now{at, 0}
		s.tr = New(s.cfg, s.now)
	}
	for s.now.Wall < at {
		step := min(simTick, at-s.now.Wall)
		s.now.Wall += step
		if s.now.Wall <= s.stopped {
			continue
		}
		s.now.Running += step
		if s.now.Wall < at {
			for _, name := range s.alive {
				if a := s.senders[name].alive; a != nil {
					s.progress(name, a)
				}
			}
		}
		s.tr.Advance(s.now)
		s.show(false)
	}
	fmt.Fprintln(s.out, line)
	s.happen(words[1], words[2:])
	if s.now.Wall > s.stopped {
		s.tr.Advance(s.now)
	}
	s.show(true)
}

// show writes what there is to say: the watermark only at an event, or where it
// moves without one by more than a minute.
func (s *story) show(event bool) {
	var news []string
	for _, m := range s.tr.TakeMarks() {
		news = append(news, fmt.Sprintf("mark %s to %s: %s", clock(m.From), clock(m.To), m.Reason))
	}
	for _, w := range s.tr.TakeWarnings() {
		text := w.Text
		if i := strings.IndexAny(text, ".,:"); i > 0 {
			text = text[:i]
		}
		news = append(news, strings.TrimRight("warning: "+text+" ("+w.Host, " (")+map[bool]string{true: ")"}[w.Host != ""])
	}
	w := s.tr.Watermark()
	leaps := s.was == None || w-s.was > int64(time.Minute)
	if w != s.was && (event || len(news) > 0 || leaps) {
		news = append(news, "watermark "+clock(w))
	}
	s.was = w
	if r := s.tr.Released(); r != s.released {
		s.released = r
		if r {
			news = append(news, "all have finished")
		}
	}
	for _, n := range news {
		if !event {
			fmt.Fprintf(s.out, "%s > %s\n", clock(s.now.Wall), n)
		} else {
			fmt.Fprintf(s.out, "         > %s\n", n)
		}
	}
}

func (s *story) happen(event string, words []string) {
	switch event {
	case "start", "wait", "tick":
	case "suspend":
		s.stopped = s.time(arguments(words)["until"])
	case "hold":
		s.tr.Hold(s.now)
	case "save":
		s.copies[words[0]] = s.tr.Append(nil)
	case "restart": // with=copy, or with what there is, or without state
		state := s.tr.Append(nil)
		if name := arguments(words)["with"]; name != "" {
			state = s.copies[name]
		}
		s.tr = New(s.cfg, s.now)
		if state != nil {
			require.NoError(s.t, s.tr.Apply(state))
			s.tr.Restored(s.now)
		}
		s.was = None
	case "window":
		if s.time(words[1]) > s.tr.Watermark() && !s.tr.Released() {
			fmt.Fprintln(s.out, "         > not closed yet")
			return
		}
		a := s.tr.Window(s.time(words[0]), s.time(words[1]), s.now)
		fmt.Fprintf(s.out, "         > closed by %s, %d senders, missing %v of %d, %v\n", a.ClosedBy, a.Senders, a.Behind, a.Missing, a.Reasons.Strings())
	case "records":
		s.records(words[0], arguments(words[1:]))
	case "silent":
		s.silent(words[0], words[1:])
	case "progress":
		s.progress(words[0], arguments(words[1:]))
	case "alive": // from now on, with the arguments of progress
		s.teller(words[0]).alive = arguments(words[1:])
		s.alive = append(slices.DeleteFunc(s.alive, func(n string) bool { return n == words[0] }), words[0])
		s.progress(words[0], arguments(words[1:]))
	case "quiet":
		s.teller(words[0]).alive = nil
	default:
		s.t.Fatalf("no event %s", event)
	}
}

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
	if q.Receivers, _ = strconv.Atoi(a["receivers"]); q.Receivers > 0 {
		q.Process = Run{1}
	}
	behind, _ := time.ParseDuration(a["behind"])
	q.Behind = int64(behind)
	for k, list := range map[string]*[]Loss{"unread": &q.Unread, "lost": &q.Lost} {
		if from, to, ok := strings.Cut(a[k], ","); ok {
			reason := map[string]Reason{"unread": ReasonFileUnreadable, "lost": ReasonFileVanished}[k]
			*list = append(*list, Loss{Name: "u_ex.log", Reason: reason, From: s.time(from), To: s.time(to)})
		}
	}
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
	require.NoError(s.t, s.tr.Hear(q, s.now))
}
