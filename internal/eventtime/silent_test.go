// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// script drives a Tracker that hears silent sources only: lateness 5m, idle
// timeout 2m, sender timeout 15m. Times are minutes since simStart.
type script struct {
	t       *testing.T
	tracker *Tracker
	now     Now
}

func newScript(t *testing.T) *script {
	t.Helper()
	s := &script{t: t, now: Now{simStart, 0}}
	s.tracker = New(Config{
		AllowedLateness: 5 * time.Minute, IdleTimeout: 2 * time.Minute, SenderTimeout: 15 * time.Minute,
		CatchUpTimeout: 24 * time.Hour, ForgetSenderAfter: 24 * time.Hour, WrittenWithin: time.Hour, MaxSenders: 100, Account: true,
	}, s.now)
	return s
}

func at(minute float64) int64 { return simStart + int64(minute*float64(time.Minute)) }

// to lets time pass in steps of ten seconds, up to a minute.
func (s *script) to(minute float64) {
	for s.now.Wall < at(minute) {
		s.now.Wall, s.now.Running = s.now.Wall+simTick, s.now.Running+simTick
		s.tracker.Advance(s.now)
	}
}

func (s *script) records(source uint64, events ...float64) {
	b := Span{Oldest: at(events[0]), Newest: at(events[0]), First: at(events[0]), Last: at(events[len(events)-1]), Timed: true}
	for _, e := range events {
		b.Oldest, b.Newest = min(b.Oldest, at(e)), max(b.Newest, at(e))
	}
	s.tracker.Observe(Source{source}, &b, s.now)
	s.tracker.Advance(s.now)
}

func (s *script) notPast(minute float64, why string) {
	s.t.Helper()
	require.Less(s.t, s.tracker.Watermark(), at(minute), why)
}

func (s *script) past(minute float64, why string) {
	s.t.Helper()
	require.GreaterOrEqual(s.t, s.tracker.Watermark(), at(minute), why)
}

// A live file beside a backlog of thirty hours ago, at the first start: whichever
// is read first, the old lines are not late.
func TestALiveFileBesideABacklog(t *testing.T) {
	s := newScript(t)
	s.records(1, 0)
	s.to(0.5)
	s.records(2, -1800, -1790)
	s.notPast(-1800, "the live file alone moves nothing")
	for m := 1.0; m < 10; m++ {
		s.to(m)
		s.records(2, -1790+m*100, -1700+m*100)
		s.notPast(-1790+m*100, "the backlog is being read")
	}
	s.to(20)
	s.past(10, "all is read")
}

func TestALateTickAndARefusalHold(t *testing.T) {
	s := newScript(t)
	s.records(1, 0)
	s.to(10)
	s.past(0, "live")
	was := s.tracker.Watermark()
	s.tracker.Hold(s.now)
	s.to(11.5)
	require.Equal(t, was, s.tracker.Watermark())
	s.tracker.Hold(Now{s.now.Wall - int64(time.Minute), s.now.Running - int64(time.Minute)})
	s.to(11.9)
	require.Equal(t, was, s.tracker.Watermark(), "a hold is never shortened")
	s.to(14)
	s.past(8, "over")
}

func TestARecordOfTheFutureMovesNothing(t *testing.T) {
	s := newScript(t)
	s.records(1, 0)
	s.to(3)
	s.records(1, 540)
	s.to(4)
	s.notPast(1, "it is nine hours ahead")
}

// Three servers ship the last four minutes each, one after the other: none of
// that is a backlog, and windows close in time.
func TestBurstsDoNotHoldForEver(t *testing.T) {
	s := newScript(t)
	for m := 0.0; m < 240; m++ {
		s.to(m)
		n := int(m) % 4
		if n < 3 {
			s.records(uint64(n), m-4, m-3, m-2, m-1)
			s.records(uint64(n), m-0.5)
		}
	}
	s.past(200, "an hour ago at the latest")
}

func TestASourceWhoseClockIsDaysBehindIsNotWaitedForForEver(t *testing.T) {
	s := newScript(t)
	const behind = 3 * 24 * 60
	for m := 0.0; m < 60; m++ {
		s.to(m)
		s.records(1, m)
		s.records(2, m-behind)
	}
	s.past(30, "fifteen minutes and the lateness")
}

func TestALostLineIsNotForgotten(t *testing.T) {
	s := newScript(t)
	b := Span{Oldest: at(0), Newest: at(0), First: at(0), Last: at(0), Timed: true, LostLast: true}
	s.tracker.Observe(Source{1}, &b, s.now)
	require.True(t, s.tracker.Window(at(-1), at(1), s.now).Reasons.Has(ReasonParseError), "nothing came behind it yet")
	s.to(10)
	marks := s.tracker.TakeMarks()
	require.Equal(t, []Mark{{at(0), at(0), ReasonParseError}}, marks, "read at minute 0, so written before")
	require.Zero(t, s.tracker.Window(at(5), at(6), s.now).Reasons)
}

func TestStopwatch(t *testing.T) {
	began := time.Now()
	w := NewStopwatch(time.Second, began)
	n, late := w.Now(began.Add(time.Second))
	require.False(t, late)
	require.Equal(t, int64(time.Second), n.Running)
	n, late = w.Now(began.Add(time.Hour))
	require.True(t, late, "suspended, or not scheduled")
	require.Equal(t, int64(3*time.Second), n.Running)
	require.Equal(t, began.Add(time.Hour).UnixNano(), n.Wall)
}
