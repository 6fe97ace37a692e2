// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/progress"
	"github.com/iishunt/iishunt/internal/rule"
)

// judge is a consumer that believes what it is told, as rare_client does.
type judge struct {
	t *testing.T

	mu       sync.Mutex // guards everything declared below
	tracker  *eventtime.Tracker
	fresh    []string // paths of requests that were not repetitions
	repeated int
	last     *eventtime.Progress
	told     int
	unread   map[string]string
	lost     []eventtime.Loss
	answer   func(plog.Logs) error // of data
}

func newJudge(t *testing.T) *judge {
	return &judge{t: t, unread: map[string]string{}, tracker: eventtime.New(eventtime.Config{
		AllowedLateness: time.Minute, IdleTimeout: time.Minute, SenderTimeout: time.Hour, CatchUpTimeout: time.Hour,
		ForgetSenderAfter: 24 * time.Hour, WrittenWithin: time.Hour, MaxSenders: 100, Account: true,
	}, nowIs(0))}
}

func nowIs(later time.Duration) eventtime.Now {
	at := time.Now().Add(later).UnixNano()
	return eventtime.Now{Wall: at, Running: at}
}

func (*judge) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (j *judge) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	records := recordsOf([]plog.Logs{ld})
	if j.answer != nil && !progress.Is(records[0]) {
		if err := j.answer(ld); err != nil {
			return err
		}
	}
	for _, lr := range records {
		if progress.Is(lr) {
			j.hear(lr)
			continue
		}
		r, ok := eventtime.ParseUID(attrOf(lr, attr.LogRecordUID))
		if !ok {
			j.t.Errorf("uid %q", attrOf(lr, attr.LogRecordUID))
		}
		if j.tracker.Cover(r, nowIs(0)) {
			j.fresh = append(j.fresh, attrOf(lr, "url.path"))
		} else {
			j.repeated++
		}
	}
	return nil
}

func (j *judge) hear(lr plog.LogRecord) {
	p, err := progress.Parse(lr)
	if err == nil {
		err = j.tracker.Hear(p, nowIs(0))
	}
	if err != nil {
		j.t.Errorf("%v: %v", err, lr.Attributes().AsRaw())
		return
	}
	j.told++
	j.last = p
	clear(j.unread)
	for _, u := range p.Unread {
		j.unread[u.Name] = u.Why
	}
	j.lost = append(j.lost, p.Lost...)
}

// upTo reports whether the sender has told, and the tracker believes, that all
// was read that was written before a time.
func (j *judge) upTo(at time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tracker.Advance(nowIs(0))
	for _, s := range j.tracker.Stats(nowIs(0)).Senders {
		if s.ReadUntil == eventtime.None || s.ReadUntil < at.UnixNano() {
			return false
		}
	}
	return j.last != nil && j.last.ReadUntil >= at.UnixNano()
}

func (j *judge) marks() (out []eventtime.Mark) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.tracker.TakeMarks()
}

func (j *judge) seen() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.fresh...)
}

// newTold returns a fixture whose receiver tells its progress to a judge.
func newTold(t *testing.T) (*fixture, *judge) {
	f, j := newFixture(t), newJudge(t)
	f.next = j
	f.cfg.Progress.Enabled = true
	f.cfg.Progress.Interval = time.Second
	return f, j
}

// settled waits until all that is written by now was read and told.
func (f *fixture) settled(j *judge) {
	f.t.Helper()
	at := time.Now()
	f.eventually(func() bool { return j.upTo(at) }, "what was read is not told, or not believed")
}

const toldHeader = "#Fields: date time cs-method cs-uri-stem c-ip sc-status\r\n"

func toldLine(path string) string {
	return time.Now().UTC().Format("2006-01-02 15:04:05") + " GET " + path + " 203.0.113.7 200\r\n"
}

func TestProgressOfOrdinaryDays(t *testing.T) {
	for name, day := range map[string]func(f *fixture, j *judge) []string{
		"old files and a live one": func(f *fixture, j *judge) []string {
			f.write("old.log", toldHeader+toldLine("/1"))
			f.write("w3svc1/a.log", toldHeader+toldLine("/2"))
			f.start()
			f.settled(j)
			f.append("w3svc1/a.log", "#Remark: x\r\n"+toldLine("/3"))
			return []string{"/1", "/2", "/3"}
		},
		"a header without a line, and unused space behind a live file": func(f *fixture, j *judge) []string {
			f.write("empty.log", "")
			f.write("a.log", toldHeader)
			f.start()
			f.settled(j)
			f.write("b.log", toldHeader+toldLine("/1")+strings.Repeat("\x00", 4096))
			f.append("a.log", toldLine("/2"))
			return []string{"/1", "/2"}
		},
		"a file that is renamed, and its successor": func(f *fixture, j *judge) []string {
			f.write("a.log", toldHeader+toldLine("/1"))
			f.start()
			f.settled(j)
			require.NoError(f.t, os.Rename(f.path("a.log"), f.path("b.log")))
			f.write("a.log", strings.Replace(toldHeader, "time", "time  ", 1)+toldLine("/2"))
			f.settled(j)
			f.append("b.log", toldLine("/3"))
			return []string{"/1", "/2", "/3"}
		},
		"a file that is deleted": func(f *fixture, j *judge) []string {
			f.write("a.log", toldHeader+toldLine("/1"))
			f.start()
			f.settled(j)
			require.NoError(f.t, os.Remove(f.path("a.log")))
			return []string{"/1"}
		},
		"a file that is cut off and written on": func(f *fixture, j *judge) []string {
			f.write("a.log", toldHeader+toldLine("/1")+toldLine("/2"))
			f.start()
			f.settled(j)
			f.write("a.log", toldHeader+toldLine("/3"))
			return []string{"/1", "/2", "/3"}
		},
		"match, of which most lines are dropped": func(f *fixture, j *judge) []string {
			f.cfg.Match = &rule.MatchConfig{Extensions: []string{".aspx"}, PrivateClients: rule.Include, PrivateServers: rule.Include}
			f.write("a.log", toldHeader+toldLine("/a.css")+toldLine("/1.aspx")+strings.Repeat(toldLine("/b.css"), 3000)+toldLine("/2.aspx")+toldLine("/c.css"))
			f.start()
			f.settled(j)
			for _, p := range j.seen() {
				if strings.HasSuffix(p, ".css") {
					j.mu.Lock()
					j.fresh = deleteOne(j.fresh, p) // sent to tell the time
					j.mu.Unlock()
				}
			}
			return []string{"/1.aspx", "/2.aspx"}
		},
		"archives": func(f *fixture, j *judge) []string {
			f.cfg.Include = []string{f.path("*.gz"), f.path("*.log")}
			f.cfg.Compression = "auto"
			f.write("a.log", toldHeader+toldLine("/1"))
			f.write("b.log.gz", gzipped(toldHeader+toldLine("/2")))
			f.start()
			f.settled(j)
			f.write("c.log.gz", gzipped(toldHeader+toldLine("/3")))
			return []string{"/1", "/2", "/3"}
		},
		"no file at all": func(f *fixture, _ *judge) []string {
			f.start()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, j := newTold(t)
			want := day(f, j)
			f.settled(j)
			require.ElementsMatch(t, want, j.seen())
			f.stop()
			require.Equal(t, eventtime.Stopped, j.last.State, "the last word")
			require.Empty(t, j.marks(), "nothing is marked on an ordinary day")
			account := j.tracker.Window(0, 1, nowIs(0))
			require.Equal(t, []string(nil), account.Reasons.Strings(), "it vouches from the first byte on")
			require.Empty(t, j.unread)
			require.Zero(t, j.repeated)
		})
	}
}

func deleteOne(list []string, s string) []string {
	for i := range list {
		if list[i] == s {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // into memory
	_ = z.Close()
	return b.String()
}

// However it ends, nothing counts twice afterwards, and nothing is missed.
func TestProgressOverRestarts(t *testing.T) {
	for name, end := range map[string]func(f *fixture){
		"stopped": func(f *fixture) { f.stop() },
		"killed, and the last checkpoints lost": func(f *fixture) {
			f.mem.behave(true, nil)
			f.append("a.log", toldLine("/lost checkpoint"))
			f.eventually(func() bool { return len(f.next.(*judge).seen()) == 3 }, "not read")
			f.stop()
			f.mem.behave(false, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, j := newTold(t)
			f.store()
			f.write("a.log", toldHeader+toldLine("/1")+toldLine("/2"))
			f.start()
			f.settled(j)
			f.polls()
			sender := j.last.Sender
			end(f)
			n := len(j.seen())
			f.append("a.log", "#Remark: the next\r\n"+toldLine("/3"))
			f.start()
			f.settled(j)
			require.Len(t, j.seen(), n+1)
			require.Equal(t, sender, j.last.Sender)
			require.True(t, j.last.Resumed)
			require.EqualValues(t, 2, j.last.RunNumber)
			require.Empty(t, j.marks())
		})
	}
}

// Without storage everything is read again by another sender: that is said.
func TestProgressWithoutStorage(t *testing.T) {
	f, j := newTold(t)
	f.cfg.StartAt = "end"
	f.write("a.log", toldHeader+toldLine("/before"))
	began := time.Now()
	f.start()
	f.settled(j)
	require.GreaterOrEqual(t, j.last.Since, began.UnixNano(), "it vouches for nothing before its start")
	f.append("a.log", toldLine("/1"))
	f.settled(j)
	require.Equal(t, []string{"/1"}, j.seen())
	require.Zero(t, j.last.RunNumber)
}

func TestProgressFinishes(t *testing.T) {
	f, j := newTold(t)
	f.cfg.Follow = false
	f.cfg.Progress.Interval = time.Hour
	f.write("a.log", toldHeader+toldLine("/1")+strings.TrimSuffix(toldLine("/2"), "\r\n"))
	f.write("b.log", toldHeader+toldLine("/3"))
	f.start()
	f.eventually(func() bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.last != nil && j.last.State == eventtime.Finished
	}, "it does not finish")
	require.ElementsMatch(t, []string{"/1", "/2", "/3"}, j.seen())
	j.mu.Lock()
	j.tracker.Advance(nowIs(time.Minute))
	released := j.tracker.Released()
	told := j.told
	j.mu.Unlock()
	require.True(t, released, "the tracker believes it")
	f.stop()
	require.Equal(t, told, j.told, "the last word was said")
}

// The next consumer refuses a batch for good.
func TestProgressTellsWhatWasLost(t *testing.T) {
	f, j := newTold(t)
	j.answer = func(ld plog.Logs) error {
		if attrOf(recordsOf([]plog.Logs{ld})[0], "url.path") == "/2" {
			return consumererror.NewPermanent(errors.New("too large"))
		}
		return nil
	}
	f.write("a.log", toldHeader+toldLine("/1"))
	f.start()
	f.settled(j)
	f.append("a.log", toldLine("/2"))
	f.settled(j)
	f.append("a.log", toldLine("/3"))
	f.settled(j)
	require.Equal(t, []string{"/1", "/3"}, j.seen())
	marks := j.marks()
	require.NotEmpty(t, marks)
	require.Equal(t, eventtime.ReasonLostInTransit, marks[0].Reason)
	require.Less(t, marks[0].To-marks[0].From, int64(time.Minute), "the time of the lines that were lost")
}

func TestProgressTellsOfLinesThatWereDropped(t *testing.T) {
	f, j := newTold(t)
	f.cfg.OnError = OnErrorDrop
	f.write("a.log", toldHeader+toldLine("/1")+"half a line\r\n"+toldLine("/2"))
	f.start()
	f.settled(j)
	marks := j.marks()
	require.Len(t, marks, 1)
	require.Equal(t, eventtime.ReasonParseError, marks[0].Reason)
	require.Equal(t, []string{"/1", "/2"}, j.seen())
}

// What cannot be read is told, with its name, and nothing waits for it.
func TestProgressTellsWhatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		make func(f *fixture) string
		why  string
	}{
		"a damaged archive": {func(f *fixture) string {
			f.cfg.Include = append(f.cfg.Include, f.path("*.gz"))
			f.cfg.Compression = "auto"
			f.write("x.log.gz", gzipped(toldHeader + toldLine("/x"))[:30])
			return "x.log.gz"
		}, "the archive is damaged"},
		"an archive that is none": {func(f *fixture) string {
			f.cfg.Include = append(f.cfg.Include, f.path("*.gz"))
			f.cfg.Compression = "auto"
			f.write("x.log.gz", "\x1f\x8bnonsense that is no archive")
			return "x.log.gz"
		}, "the archive is damaged"},
		"a file without rights": {func(f *fixture) string {
			if runtime.GOOS == "windows" || os.Getuid() == 0 {
				f.t.Skip("needs an account without rights")
			}
			f.write("x.log", toldHeader)
			require.NoError(f.t, os.Chmod(f.path("x.log"), 0))
			return "x.log"
		}, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			f, j := newTold(t)
			f.write("a.log", toldHeader+toldLine("/1"))
			path := f.path(c.make(f))
			f.start()
			f.settled(j)
			require.Equal(t, []string{"/1"}, j.seen())
			require.Len(t, j.unread, 1, "%v", j.unread)
			require.Contains(t, j.unread[path], c.why)
			j.mu.Lock()
			defer j.mu.Unlock()
			now := time.Now().UnixNano()
			require.True(t, j.tracker.Window(now-1, now, nowIs(0)).Reasons.Has(eventtime.ReasonFileUnreadable))
		})
	}
}

func TestUIDsAnswerForEveryByte(t *testing.T) {
	f, j := newTold(t)
	var text strings.Builder
	text.WriteString(toldHeader)
	for i := range 3000 {
		fmt.Fprintf(&text, "%s", toldLine(fmt.Sprintf("/%d", i)))
		if i%500 == 0 {
			text.WriteString("\r\n#Remark: between\r\n")
		}
	}
	f.write("a.log", text.String())
	f.start()
	f.settled(j)
	require.Len(t, j.seen(), 3000)
	j.mu.Lock()
	defer j.mu.Unlock()
	require.Zero(t, j.repeated)
	require.Len(t, j.last.Files, 1)
	file := j.last.Files[0]
	require.Equal(t, [2]int64{int64(text.Len()), int64(text.Len())}, [2]int64{file.Sent, file.Read})
}

// noProgress is a consumer that is not interested in progress.
type noProgress struct{ consumer.Logs }

func (n noProgress) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if progress.Is(recordsOf([]plog.Logs{ld})[0]) {
		return nil
	}
	return n.Logs.ConsumeLogs(ctx, ld)
}
