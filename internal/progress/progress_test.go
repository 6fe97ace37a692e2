// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/eventtime"
)

// anyProgress returns a progress with every field that may be there or not.
func anyProgress(r *rand.Rand) *eventtime.Progress {
	at := func() int64 {
		if r.IntN(4) == 0 {
			return eventtime.None
		}
		return r.Int64N(4e18) - 1e17
	}
	text := func() string { return []string{"", "web01", `C:\inetpub\ä.log`}[r.IntN(3)] }
	losses := func() (out []eventtime.Loss) {
		for range r.IntN(3) * r.IntN(300) {
			l := eventtime.Loss{Name: text(), Why: text(), Reason: eventtime.Reason(r.IntN(int(eventtime.NumReasons))), Count: r.Int64N(9), From: at(), To: at()}
			if r.IntN(2) == 0 {
				l.File, l.Start, l.Stop = eventtime.ID(r.Uint64()|1), 3, 1<<40
			}
			out = append(out, l)
		}
		return out
	}
	p := &eventtime.Progress{
		Sender: eventtime.ID(r.Uint64() | 1), Run: eventtime.Run{1, byte(r.IntN(256))}, Host: text(), Component: text(),
		RunNumber: r.Int64N(5), Resumed: r.IntN(2) == 0, Seq: 1 + r.Int64N(100), Base: 0, Part: 1, Parts: 1,
		State: eventtime.State(r.IntN(4)), Started: 1e18, Sent: 1e18 + r.Int64N(1e15), ReadUntil: at(), Since: at(), OldestUnread: at(),
		Behind: r.Int64N(9) * int64(time.Millisecond), Match: text(), Unread: losses(), Lost: losses(),
	}
	if r.IntN(2) == 0 {
		p.Process, p.Receivers = eventtime.Run{2}, 2
	}
	for range r.IntN(3) * r.IntN(600) {
		p.Files = append(p.Files, eventtime.FileProgress{
			ID: eventtime.ID(r.Uint64() | 1), Name: text(), From: r.Int64N(9), Sent: 10 + r.Int64N(9), Read: 1 << 50,
			Oldest: at(), Newest: at(), Gone: r.IntN(2) == 0,
		})
	}
	return p
}

// What was written is read again, whole, over all its parts.
func TestReadsWhatItWrote(t *testing.T) {
	for seed := range uint64(500) {
		want := anyProgress(rand.New(rand.NewPCG(seed, 1)))
		records := plog.NewLogRecordSlice()
		Append(records, want)
		var got *eventtime.Progress
		for i, lr := range records.All() {
			require.True(t, Is(lr))
			p, err := Parse(lr)
			require.NoError(t, err, "seed %d", seed)
			require.Equal(t, [2]int{i + 1, records.Len()}, [2]int{p.Part, p.Parts})
			p.Part, p.Parts = 1, 1
			if got == nil {
				got = p
				continue
			}
			got.Files = append(got.Files, p.Files...)
			got.Unread, got.Lost = append(got.Unread, p.Unread...), append(got.Lost, p.Lost...)
			p.Files, p.Unread, p.Lost = got.Files, got.Unread, got.Lost
			require.Equal(t, got, p, "each part says the rest, too")
		}
		require.Equal(t, want, got, "seed %d", seed)
	}
}

// A record stays far below what backends take, however many files it tells of.
func TestPartsAreSmall(t *testing.T) {
	p := &eventtime.Progress{Sender: 1, Run: eventtime.Run{1}, Seq: 1, Started: 1, Sent: 1}
	for i := range 3000 {
		p.Files = append(p.Files, eventtime.FileProgress{
			ID: eventtime.ID(i + 1), Name: fmt.Sprintf(`D:\LogFiles\W3SVC%d\%s.log`, i, strings.Repeat("x", 60)),
			From: 1 << 40, Sent: 1 << 40, Read: 1 << 40, Oldest: 1e18, Newest: 1e18 + 1,
		})
	}
	records := plog.NewLogRecordSlice()
	Append(records, p)
	require.Equal(t, 8, records.Len())
	for _, lr := range records.All() {
		ld := plog.NewLogs()
		lr.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		require.Less(t, new(plog.ProtoMarshaler).LogsSize(ld), 150_000)
	}
}

func TestSaysWhatCannotBeRead(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{attr.ProgressSender, "iishunt.sender is no id"},
		{attr.ProgressRun, "iishunt.run has not 32 digits"},
		{attr.ProgressState, "iishunt.state is no state that is known"},
		{attr.ProgressReadUntil, "iishunt.read_until is no time"},
		{attr.ProgressSeq, "iishunt.seq is of type Str, not Int"},
		{attr.ProgressFiles, "iishunt.files is of type Str, not Slice"},
	} {
		records := plog.NewLogRecordSlice()
		Append(records, anyProgress(rand.New(rand.NewPCG(1, 1))))
		lr := records.At(0)
		lr.Attributes().PutStr(c.key, "what")
		_, err := Parse(lr)
		require.ErrorIs(t, err, ErrRecord)
		require.ErrorContains(t, err, c.want)
	}
}

func TestKeepsAReasonItDoesNotKnow(t *testing.T) {
	records := plog.NewLogRecordSlice()
	Append(records, &eventtime.Progress{Sender: 1, Run: eventtime.Run{1}, Seq: 1, Started: 1, Sent: 1, Lost: []eventtime.Loss{{}}})
	lost, _ := records.At(0).Attributes().Get(attr.ProgressLost)
	lost.Slice().At(0).Map().PutStr("reason", "of_the_future")
	p, err := Parse(records.At(0))
	require.NoError(t, err)
	require.Equal(t, eventtime.ReasonFileUnreadable, p.Lost[0].Reason, "what is lost must not be lost on the way")
}

// A progress is for people, too.
func TestSentences(t *testing.T) {
	p := eventtime.Progress{Host: "web01", State: eventtime.Reading, ReadUntil: time.Date(2026, 3, 2, 1, 2, 3, 0, time.UTC).UnixNano()}
	require.Equal(t, "iis_log on web01 is reading; what was written before 2026-03-02T01:02:03Z was read; files that changed: 2", sentence(&p, 2))
	p = eventtime.Progress{Sender: 7, State: eventtime.CatchingUp, ReadUntil: eventtime.None, Unread: make([]eventtime.Loss, 3), Lost: make([]eventtime.Loss, 1)}
	require.Equal(t, "iis_log on 0000000000000007 is reading what was there before; files that changed: 0; cannot be read: 3; lost: 1", sentence(&p, 0))
}

func FuzzParse(f *testing.F) {
	for seed := range uint64(20) {
		ld := plog.NewLogs()
		p := anyProgress(rand.New(rand.NewPCG(seed, 2)))
		p.Files, p.Unread, p.Lost = p.Files[:min(2, len(p.Files))], p.Unread[:min(2, len(p.Unread))], p.Lost[:min(2, len(p.Lost))]
		Append(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords(), p)
		b, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ld, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(b)
		if err != nil {
			return
		}
		for _, lr := range each(ld) {
			p, err := Parse(lr)
			if err != nil {
				continue
			}
			tracker := eventtime.New(eventtime.Config{MaxSenders: 10, Account: true}, eventtime.Now{Wall: 1e18})
			if tracker.Hear(p, eventtime.Now{Wall: 1e18}) != nil {
				continue
			}
			again := plog.NewLogRecordSlice()
			if Append(again, p); again.Len() > 1 {
				continue // more than a part holds
			}
			q, err := Parse(again.At(0))
			require.NoError(t, err)
			p.Part, p.Parts = 1, 1
			require.Equal(t, p.Sender, q.Sender)
			require.Len(t, q.Files, len(p.Files))
			require.Equal(t, p.ReadUntil, q.ReadUntil)
		}
	})
}

func each(ld plog.Logs) (out []plog.LogRecord) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			out = append(out, slices.Collect(func(yield func(plog.LogRecord) bool) {
				for _, lr := range sl.LogRecords().All() {
					if !yield(lr) {
						return
					}
				}
			})...)
		}
	}
	return out
}
