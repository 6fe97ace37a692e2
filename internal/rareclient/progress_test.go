// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/detection"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/progress"
	"github.com/iishunt/iishunt/internal/rule"
)

// aReader tells what iis_log tells of one file that it reads from its first byte.
type aReader struct {
	eventtime.Progress
	file       eventtime.FileProgress
	read, told int64 // offsets
}

const lineLength = 100 // bytes

func newReader(host string, id eventtime.ID) *aReader {
	now := time.Now().UnixNano()
	return &aReader{
		Progress: eventtime.Progress{
			Sender: id, Run: eventtime.Run{byte(id)}, Host: host, Component: "iis_log", Process: eventtime.Run{9, byte(id)}, Receivers: 1,
			Started: now, ReadUntil: eventtime.None, Since: eventtime.None, OldestUnread: eventtime.None,
		},
		file: eventtime.FileProgress{ID: id + 100, Name: "u_ex.log", Oldest: eventtime.None, Newest: eventtime.None},
	}
}

// line appends a request as the next line of the file.
func (r *aReader) line(ld plog.Logs, at time.Time, path, client string) plog.LogRecord {
	lr := request(ld, at, path, client)
	uid := eventtime.AppendUID(nil, eventtime.Range{File: eventtime.File{Sender: r.Sender, ID: r.file.ID}, From: r.read, To: r.read + lineLength})
	lr.Attributes().PutStr(attr.LogRecordUID, string(uid))
	r.read += lineLength
	r.file.Oldest, r.file.Newest = earliestOf(r.file.Oldest, at.UnixNano()), max(r.file.Newest, at.UnixNano())
	return lr
}

func earliestOf(a, b int64) int64 {
	if a == eventtime.None {
		return b
	}
	return min(a, b)
}

func (r *aReader) lines(at time.Time, path, client string) plog.Logs {
	ld := plog.NewLogs()
	r.line(ld, at, path, client)
	return ld
}

// tell appends a progress: everything was read, in this state.
func (r *aReader) tell(ld plog.Logs, state eventtime.State) {
	r.Base, r.Seq = r.Seq, r.Seq+1
	r.State, r.Sent = state, time.Now().UnixNano()
	if state != eventtime.CatchingUp {
		r.ReadUntil = r.Sent - int64(time.Second)
	}
	r.file.From, r.file.Sent, r.file.Read = r.told, r.read, r.read
	r.Files = []eventtime.FileProgress{r.file}
	r.told = r.read
	r.file.Oldest, r.file.Newest = eventtime.None, eventtime.None
	if ld.ResourceLogs().Len() == 0 {
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	}
	progress.Append(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords(), &r.Progress)
}

func (r *aReader) progress(state eventtime.State) plog.Logs {
	ld := plog.NewLogs()
	r.tell(ld, state)
	return ld
}

// detected returns the attributes of the detections, without the times.
type detected struct {
	Path     string
	Requests int64
	Complete bool
	Reasons  []any
	ClosedBy string
	Senders  int64
	Behind   []any
}

func detectedIn(sink *consumertest.LogsSink) []detected {
	var out []detected
	for _, ld := range sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				m := lr.Attributes()
				out = append(out, detected{
					text(m, attr.URLPath), number(m, attr.DetectionRequestCount), text(m, attr.DetectionComplete) == "true", words(m, attr.DetectionIncompleteReasons),
					text(m, attr.DetectionClosedBy), number(m, attr.DetectionSenderCount), words(m, attr.DetectionSendersBehind),
				})
			}
		}
	}
	return out
}

func number(m pcommon.Map, key string) int64 {
	v, _ := m.Get(key)
	return v.Int()
}

func words(m pcommon.Map, key string) []any {
	if v, ok := m.Get(key); ok {
		return v.Slice().AsRaw()
	}
	return nil
}

// events counts the records by their event names.
func events(sink *consumertest.LogsSink) map[string]int {
	out := map[string]int{}
	for _, ld := range sink.AllLogs() {
		for lr := range detection.Records(ld) {
			out[lr.EventName()]++
		}
	}
	return out
}

// lab is a component with a virtual clock at the beginning of an hour.
type lab struct {
	*testing.T
	*Component
	found  *consumertest.LogsSink
	passed *consumertest.LogsSink
	log    *observer.ObservedLogs
	hour   time.Time
}

func inLab(t *testing.T, change func(*Config), forward func(*lab) consumer.Logs, do func(l *lab)) {
	synctest.Test(t, func(t *testing.T) {
		cfg := hourly()
		if change != nil {
			change(&cfg)
		}
		core, observed := observer.New(zap.WarnLevel)
		l := &lab{T: t, found: new(consumertest.LogsSink), passed: new(consumertest.LogsSink), log: observed}
		var next consumer.Logs
		if forward != nil {
			next = forward(l)
		}
		l.Component = start(t, cfg, zap.New(core), next, l.found)
		l.hour = time.Now().Truncate(time.Hour).Add(time.Hour)
		time.Sleep(time.Until(l.hour))
		defer func() { require.NoError(t, l.Shutdown(context.Background())) }()
		do(l)
	})
}

func (l *lab) send(ld plog.Logs) { require.NoError(l, l.ConsumeLogs(l.Context(), ld)) }

// live tells the progress of readers once a minute until a time after the hour began.
func (l *lab) live(until time.Duration, readers ...*aReader) {
	for ; time.Since(l.hour) < until; time.Sleep(time.Minute) {
		for _, r := range readers {
			l.send(r.progress(eventtime.Reading))
		}
	}
	synctest.Wait()
}

// listen waits, at a start without state, until everybody had time to speak.
func (l *lab) listen(readers ...*aReader) {
	l.live(20*time.Minute, readers...)
}

func TestWindowsCloseByProgress(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		l.send(r.lines(time.Now(), "/shell.aspx", "203.0.113.7"))
		l.live(64*time.Minute, r)
		require.Empty(t, l.found.AllLogs(), "within the lateness a line may be written late")
		l.live(67*time.Minute, r)
		require.Equal(t, []detected{{"/shell.aspx", 1, true, nil, "progress", 1, nil}}, detectedIn(l.found))
		require.Empty(t, l.log.All())
	})
}

func TestAHuntEndsWhenTheReaderHasFinished(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		old := l.hour.Add(-400 * 24 * time.Hour)
		l.send(r.progress(eventtime.CatchingUp))
		for day := range 3 {
			l.send(r.lines(old.Add(time.Duration(day)*24*time.Hour), "/shell.aspx", "203.0.113.7"))
		}
		require.Empty(t, l.found.AllLogs())
		l.send(r.progress(eventtime.Finished))
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Equal(t, []detected{{"/shell.aspx", 1, true, nil, "finished", 1, nil}}, detectedIn(l.found)[:1], "at once but for the seconds in which other readers of the process may begin")
	})
}

// Two readers of one process: the first to finish does not speak for the other.
func TestAHuntWaitsForEveryReaderOfItsProcess(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		a, b := newReader("web01", 1), newReader("web01", 2)
		b.Component, b.Process = "iis_log/2", a.Process
		a.Receivers, b.Receivers = 2, 2
		old := l.hour.Add(-time.Hour)
		l.send(a.lines(old, "/page.aspx", "203.0.113.7"))
		l.send(a.progress(eventtime.Finished))
		time.Sleep(2 * time.Minute)
		require.Empty(t, l.found.AllLogs())
		l.send(b.lines(old, "/page.aspx", "203.0.113.8"))
		l.send(b.progress(eventtime.Finished))
		time.Sleep(4 * time.Second)
		require.Empty(t, detectedIn(l.found), "two clients")
		require.Zero(t, l.engine.Stats().Panes, "the window was evaluated")
	})
}

func TestWhatComesTwiceCountsOnce(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		ld := plog.NewLogs()
		for range 3 {
			r.line(ld, time.Now(), "/shell.aspx", "203.0.113.7")
		}
		half := plog.NewLogs()
		ld.ResourceLogs().At(0).CopyTo(half.ResourceLogs().AppendEmpty())
		half.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
			return lr.Attributes().AsRaw()[attr.LogRecordUID] == "0000000000000001-0000000000000065-200-300"
		})
		l.send(half) // two of three, as after a half batch that was sent again
		l.send(ld)
		l.send(ld)
		twice := plog.NewLogs()
		lr := r.line(twice, time.Now(), "/shell.aspx", "203.0.113.7")
		lr.CopyTo(twice.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty())
		l.send(twice)
		l.live(67*time.Minute, r)
		require.Equal(t, []detected{{"/shell.aspx", 4, true, nil, "progress", 1, nil}}, detectedIn(l.found))
		require.EqualValues(t, 6, l.engine.Stats().Repeated)
	})
}

// A batch that was dropped on its way had the second client.
func TestALostBatchMarks(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		r.lines(time.Now(), "/page.aspx", "203.0.113.8") // never arrives
		l.live(67*time.Minute+15*time.Minute, r)
		require.Equal(t, []detected{{"/page.aspx", 1, false, []any{"lost_in_transit"}, "progress", 1, nil}}, detectedIn(l.found))
		require.Len(t, l.log.FilterMessageSnippet("Records were lost on their way").All(), 1)
	})
}

// Where something drops records on purpose, nobody misses them.
func TestAccountFalse(t *testing.T) {
	inLab(t, func(c *Config) { c.Account = false }, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		r.lines(time.Now(), "/image.png", "203.0.113.8")
		l.live(69*time.Minute, r)
		require.Equal(t, []detected{{"/page.aspx", 1, true, nil, "progress", 1, nil}}, detectedIn(l.found))
	})
}

// The progress overtakes the records that it speaks of.
func TestProgressThatOvertakes(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		l.live(58*time.Minute, r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		slow := r.lines(time.Now(), "/page.aspx", "203.0.113.8")
		l.live(67*time.Minute, r)
		require.Empty(t, l.found.AllLogs(), "the window waits for the bytes that are on their way")
		l.send(slow)
		l.live(90*time.Minute, r)
		require.Empty(t, detectedIn(l.found), "two clients")
		require.Empty(t, l.log.All())
	})
}

// A suspended machine, a dead link, a hanging share: its sender says nothing new.
func TestASilentServerIsNamed(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		a, b := newReader("web01", 1), newReader("web02", 2)
		l.listen(a, b)
		l.send(a.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		l.live(62*time.Minute, a, b)
		l.live(75*time.Minute, a)
		require.Empty(t, l.found.AllLogs(), "web02 is waited for")
		l.live(100*time.Minute, a)
		require.Equal(t, []detected{{"/page.aspx", 1, false, []any{"sender_silent"}, "timeout", 1, []any{"web02"}}}, detectedIn(l.found))
		require.Len(t, l.log.FilterMessageSnippet("A server says nothing new").FilterField(zap.String("sender", "web02")).All(), 1)
	})
}

// The neighbour: it was only slow. Nothing is late, and nothing is marked.
func TestASlowServerIsWaitedFor(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		a, b := newReader("web01", 1), newReader("web02", 2)
		l.listen(a, b)
		l.send(a.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		at := time.Now()
		l.live(62*time.Minute, a, b)
		l.live(75*time.Minute, a)
		l.send(b.lines(at, "/page.aspx", "203.0.113.8"))
		l.live(90*time.Minute, a, b)
		require.Empty(t, detectedIn(l.found))
		require.Empty(t, l.log.All())
	})
}

func TestAListedServerThatNeverSpoke(t *testing.T) {
	inLab(t, func(c *Config) { c.Senders = []string{"web01", "web02"} }, nil, func(l *lab) {
		r := newReader("web01.example.com", 1)
		l.listen(r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		l.live(100*time.Minute, r)
		require.Equal(t, []detected{{"/page.aspx", 1, false, []any{"sender_silent"}, "timeout", 1, []any{"web02"}}}, detectedIn(l.found))
	})
}

// The first start, with a live file beside old ones: none of the old lines is late.
func TestABacklogBesideALiveFile(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.send(r.progress(eventtime.CatchingUp))
		l.send(r.lines(time.Now(), "/now.aspx", "203.0.113.7"))
		time.Sleep(10 * time.Minute)
		for i := range 30 {
			l.send(r.lines(l.hour.Add(-30*time.Hour+time.Duration(i)*time.Minute), "/old.aspx", "203.0.113.7"))
			l.send(r.progress(eventtime.CatchingUp))
			time.Sleep(time.Minute)
		}
		l.live(67*time.Minute, r)
		require.Equal(t, []detected{
			{"/old.aspx", 30, true, nil, "progress", 1, nil},
			{"/now.aspx", 1, true, nil, "progress", 1, nil},
		}, detectedIn(l.found))
	})
}

// The next consumer refuses for hours; nobody is late afterwards, nobody counts twice.
func TestAConsumerThatRefuses(t *testing.T) {
	refuse := &fails{}
	inLab(t, nil, func(*lab) consumer.Logs { return refuse }, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		ld := r.lines(time.Now(), "/page.aspx", "203.0.113.7")
		for range 90 { // the reader offers the batch again each minute, and reads no further
			refuse.answers = append(refuse.answers, errors.New("full"))
			require.Error(l, l.ConsumeLogs(l.Context(), ld))
			time.Sleep(time.Minute)
		}
		l.send(ld)
		l.send(r.lines(l.hour.Add(25*time.Minute), "/page.aspx", "203.0.113.8"))
		l.live(120*time.Minute, r)
		require.Empty(t, detectedIn(l.found), "two clients, however late they come")
	})
}

func TestProgressIsForwarded(t *testing.T) {
	inLab(t, nil, func(l *lab) consumer.Logs { return l.passed }, func(l *lab) {
		l.send(newReader("web01", 1).progress(eventtime.Reading))
		require.Equal(t, 1, l.passed.LogRecordCount(), "another rare_client may follow")
	})
}

// What the receiver drops is not seen here: every client of a window may have had company.
func TestAReaderWhoseMatchIsNarrower(t *testing.T) {
	inLab(t, func(c *Config) { c.Match.Extensions = nil }, nil, func(l *lab) {
		m := rule.DefaultConfig().Match
		r := newReader("web01", 1)
		r.Match = m.Text()
		l.listen(r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		l.live(67*time.Minute, r)
		require.Equal(t, []detected{{"/page.aspx", 1, false, []any{"match_too_narrow"}, "progress", 1, nil}}, detectedIn(l.found))
		require.Len(t, l.log.FilterMessageSnippet("A receiver's match drops lines").All(), 1, "once, not with each progress")
	})
}

func TestProgressThatIsNone(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		for _, key := range []string{attr.ProgressSender, attr.ProgressSeq} {
			ld := newReader("web01", 1).progress(eventtime.Reading)
			ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutInt(key, -1)
			l.send(ld)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Len(t, l.log.FilterMessageSnippet("A progress record cannot be used").All(), 1)
		require.Zero(t, l.engine.Stats().Requests())
	})
}

// A late file: the second client's line turns up when the window is over.
func TestALateFileWithdraws(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		l.live(70*time.Minute, r)
		require.Len(t, detectedIn(l.found), 1)
		id := l.found.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()[attr.DetectionID]
		l.found.Reset()
		l.send(r.lines(l.hour.Add(30*time.Minute), "/page.aspx", "203.0.113.8"))
		time.Sleep(2 * time.Second)
		require.Equal(t, map[string]int{attr.EventCorrection: 1}, events(l.found))
		lr := l.found.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		require.Contains(t, lr.Body().Str(), "is withdrawn: 203.0.113.8 asked, too, at ")
		got := lr.Attributes().AsRaw()
		for key, want := range map[string]any{
			attr.DetectionID: id, attr.DetectionStatus: "withdrawn", attr.ClientAddress: "203.0.113.8", attr.DetectionClientCount: int64(2),
			attr.IISPage: "/page.aspx", attr.LogRecordUID: id.(string) + "-2", attr.DetectionWindowStart: rfc3339(l.hour.UnixNano()),
			attr.DetectionLateTime: rfc3339(l.hour.Add(30 * time.Minute).UnixNano()), attr.SecurityRuleName: "URI requests from single client",
		} {
			require.Equal(t, want, got[key], key)
		}
	})
}

// In the backend, silence is evidence: each window leaves a record.
func TestEachWindowLeavesARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := hourly()
		cfg.Exclude = []rule.ExcludeConfig{{Name: "ok", Paths: []string{"/ok"}}}
		l := &lab{T: t, found: new(consumertest.LogsSink)}
		l.Component = startAs(t, cfg, zap.NewNop(), nil, l.found)
		l.hour = time.Now().Truncate(time.Hour).Add(time.Hour)
		time.Sleep(time.Until(l.hour))
		r := newReader("web01", 1)
		l.listen(r)
		ld := plog.NewLogs()
		for i, path := range []string{"/page.aspx", "/page.aspx", "/ok/a.aspx", "/a.css"} {
			r.line(ld, time.Now(), path, fmt.Sprintf("203.0.113.%d", i))
		}
		l.send(ld)
		l.live(70*time.Minute, r)
		var got []string
		for _, ld := range l.found.AllLogs() {
			for lr := range detection.Records(ld) {
				require.Equal(t, attr.EventWindow, lr.EventName())
				got = append(got, lr.Body().Str())
			}
		}
		start, end := rfc3339(l.hour.UnixNano()), rfc3339(l.hour.Add(time.Hour).UnixNano())
		before := rfc3339(l.hour.Add(-time.Hour).UnixNano())
		require.Equal(t, []string{
			"nothing found in 0 requests of 1 senders between " + before + " and " + start + ": complete",
			"nothing found in 4 requests of 1 senders between " + start + " and " + end + ": complete",
		}, got)
		m := l.found.AllLogs()[1].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
		for key, want := range map[string]any{
			attr.WindowCount: int64(1), attr.WindowRecords: int64(4), attr.WindowMatched: int64(3), attr.WindowExcluded: int64(1),
			attr.WindowDropped: map[string]any{"extension": int64(1)}, attr.WindowGroups: int64(1), attr.WindowSettled: int64(1),
			attr.WindowFindings: int64(0), attr.WindowSuppressed: int64(0), attr.DetectionComplete: true, attr.DetectionClosedBy: "progress",
			attr.DetectionSenderCount: int64(1),
		} {
			require.Equal(t, want, m[key], key)
		}

		l.found.Reset()
		time.Sleep(5 * time.Hour) // web01 is silent: its windows are closed by the timeout, and say so
		m = l.found.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
		require.Equal(t, []any{"sender_silent"}, m[attr.DetectionIncompleteReasons])
		require.Equal(t, []any{"web01"}, m[attr.DetectionSendersBehind])
		require.Greater(t, events(l.found)[attr.EventWindow], 3, "one for each hour")
		require.NoError(t, l.Shutdown(context.Background()))
	})
}

// reasonsOf returns the reasons of the detections by path.
func reasonsOf(l *lab) map[string][]any {
	out := map[string][]any{}
	for _, d := range detectedIn(l.found) {
		out[d.Path] = d.Reasons
	}
	return out
}

// What a reader cannot read could have had the second client: of the windows that
// its own time overlaps, and of no others.
func TestAFileThatCannotBeReadMarksItsOwnTime(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		r.Unread = []eventtime.Loss{{Name: "u_ex.log", Reason: eventtime.ReasonFileUnreadable, From: l.hour.UnixNano(), To: l.hour.Add(30 * time.Minute).UnixNano()}}
		l.listen(r)
		l.send(r.lines(time.Now(), "/first.aspx", "203.0.113.7"))
		l.live(65*time.Minute, r)
		l.send(r.lines(time.Now(), "/second.aspx", "203.0.113.7"))
		l.live(130*time.Minute, r)
		require.Equal(t, map[string][]any{"/first.aspx": {"file_unreadable"}, "/second.aspx": nil}, reasonsOf(l))
	})
}

// What was lost for good at the reader: a batch that was refused, lines that were
// dropped because they could not be read.
func TestWhatAReaderLostMarksItsTime(t *testing.T) {
	for _, reason := range []eventtime.Reason{eventtime.ReasonLostInTransit, eventtime.ReasonParseError, eventtime.ReasonFileVanished, eventtime.ReasonClockStepped} {
		inLab(t, nil, nil, func(l *lab) {
			r := newReader("web01", 1)
			l.listen(r)
			l.send(r.lines(time.Now(), "/first.aspx", "203.0.113.7"))
			r.Lost = []eventtime.Loss{{Name: "u_ex.log", Reason: reason, Count: 3, From: l.hour.UnixNano(), To: l.hour.Add(time.Minute).UnixNano()}}
			l.send(r.progress(eventtime.Reading))
			r.Lost = nil
			l.live(65*time.Minute, r)
			l.send(r.lines(time.Now(), "/second.aspx", "203.0.113.7"))
			l.live(130*time.Minute, r)
			require.Equal(t, map[string][]any{"/first.aspx": {reason.String()}, "/second.aspx": nil}, reasonsOf(l))
		})
	}
}

// A server whose clock is three days behind holds nobody up for three days.
func TestAClockThatIsBehind(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		a, b := newReader("web01", 1), newReader("web02", 2)
		const behind = 72 * time.Hour
		tell := func(until time.Duration) {
			for ; time.Since(l.hour) < until; time.Sleep(time.Minute) {
				l.send(a.progress(eventtime.Reading))
				ld := b.progress(eventtime.Reading)
				lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
				lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-behind)))
				lr.Attributes().PutStr(attr.ProgressReadUntil, time.Now().Add(-behind).UTC().Format(time.RFC3339Nano))
				l.send(ld)
			}
		}
		tell(20 * time.Minute)
		l.send(a.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		tell(120 * time.Minute)
		require.Equal(t, []detected{{"/page.aspx", 1, false, []any{"clock_behind"}, "timeout", 1, []any{"web02"}}}, detectedIn(l.found))
		require.NotEmpty(t, l.log.FilterMessageSnippet("The clock of a server is far behind").FilterField(zap.String("sender", "web02")).All())
	})
}

// The event times of records move nothing: not those of the future, not those of
// 1999, and a line without any is a loss and no line of now.
func TestTimesThatCannotBeTrue(t *testing.T) {
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		l.send(r.lines(time.Now().Add(9*time.Hour), "/nine-hours-ahead.aspx", "203.0.113.7"))
		l.send(r.lines(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), "/old.aspx", "203.0.113.7"))
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.8"))
		l.live(70*time.Minute, r)
		require.NotContains(t, reasonsOf(l), "/page.aspx", "two clients, whatever came between them")
		l.live(11*time.Hour, r)
		require.Contains(t, reasonsOf(l), "/nine-hours-ahead.aspx", "it counts in the window of its time")
		require.Nil(t, reasonsOf(l)["/nine-hours-ahead.aspx"])
	})
	inLab(t, nil, nil, func(l *lab) {
		r := newReader("web01", 1)
		l.listen(r)
		l.send(r.lines(time.Now(), "/page.aspx", "203.0.113.7"))
		ld := r.lines(time.Now(), "/page.aspx", "203.0.113.8")
		lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		lr.SetTimestamp(0)
		lr.Attributes().PutStr("iis.parse_error", "no time column")
		l.send(ld)
		l.send(r.lines(time.Now().Add(48*time.Hour), "/page.aspx", "203.0.113.9"))
		l.live(70*time.Minute, r)
		require.Equal(t, map[string][]any{"/page.aspx": {"parse_error", "future_time"}}, reasonsOf(l))
	})
}

// A line that could not be read is the second client's of the window it is in,
// whatever comes next, and whenever.
func TestALostLineIsNotForgotten(t *testing.T) {
	for name, next := range map[string]time.Duration{"the next line is of the next window": 65 * time.Minute, "nothing comes for hours": 5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inLab(t, nil, nil, func(l *lab) {
				r := newReader("web01", 1)
				l.listen(r)
				l.send(r.lines(l.hour.Add(20*time.Minute), "/page.aspx", "203.0.113.7"))
				ld := r.lines(time.Now(), "", "")
				lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
				lr.SetTimestamp(0)
				uid := text(lr.Attributes(), attr.LogRecordUID)
				lr.Attributes().Clear()
				lr.Attributes().PutStr(attr.LogRecordUID, uid)
				lr.Attributes().PutStr("iis.parse_error", "15 values for 22 columns")
				l.send(ld)
				l.live(next, r)
				l.send(r.lines(l.hour.Add(next), "/other.aspx", "203.0.113.7"))
				l.live(next+130*time.Minute, r)
				require.Equal(t, []any{"parse_error"}, reasonsOf(l)["/page.aspx"])
			})
		})
	}
}
