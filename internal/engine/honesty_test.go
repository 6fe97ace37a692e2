// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/iishunt/iishunt/internal/rule"
)

// at returns a request for path by client, some time after the tests' midnight.
func at(after time.Duration, path, client string) rule.Request {
	return rule.Request{Time: day.Add(after).UnixNano(), Path: path, UserAgent: ua, Client: client, Status: 200}
}

// step is one commit from a source. nil records stand for unreadable lines.
type step struct {
	source  int
	records []*rule.Request
}

func lines(source int, records ...*rule.Request) step { return step{source, records} }

func ptr(r rule.Request) *rule.Request { return &r }

// outcome runs steps long after the day, closes all and returns for each
// finding "path start-of-window reasons".
func outcome(t *testing.T, cfg rule.Config, steps ...step) ([]string, Stats) {
	t.Helper()
	e := New(cfg, "rule", rule.NewSeed())
	now := day.Add(1000 * time.Hour).UnixNano()
	for _, s := range steps {
		commitLines(e, now, s)
	}
	e.Tick(now + int64(time.Hour))
	return windows(e), e.Stats()
}

func commitLines(e *Engine, now int64, s step) {
	b := e.NewBatch()
	b.Reset(now)
	b.Source("file", fmt.Sprint(s.source))
	for _, r := range s.records {
		if r == nil {
			b.Lost()
			continue
		}
		c := *r
		b.Add(&c, []string{c.Path, c.UserAgent}[:len(e.cfg.GroupBy)])
	}
	e.Commit(b, now)
}

func windows(e *Engine) []string {
	var out []string
	for {
		w, ok := e.Next()
		if !ok {
			return out
		}
		findings, _ := e.Evaluate(&w)
		for _, f := range findings {
			start := time.Unix(0, f.WindowStart).UTC()
			out = append(out, fmt.Sprint(f.Values[0], " ", start.Format("02 15:04"), " ", f.Reasons.Strings()))
		}
	}
}

func hourly() rule.Config {
	c := rule.DefaultConfig()
	c.Window = time.Hour
	c.SuppressFor = 0
	return c
}

func short() rule.Config {
	c := hourly()
	c.Window = time.Second
	return c
}

func TestEachLossMarksTheWindowsItTouched(t *testing.T) {
	const h, m = time.Hour, time.Minute
	noise := ptr(at(0, "/x.css", "203.0.113.9")) // the evidence begins at midnight
	maxOne := hourly()
	maxOne.MaxGroups = 2
	for _, tt := range []struct {
		name  string
		cfg   rule.Config
		steps []step
		want  []string
		lost  map[Reason]uint64
	}{
		{
			"nothing lost", hourly(),
			[]step{lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1")), ptr(at(h, "/b.aspx", "203.0.113.1")))},
			[]string{"/a.aspx 02 00:00 []", "/b.aspx 02 01:00 []"},
			nil,
		},
		{
			"a window that began before the first record", hourly(),
			[]step{lines(1, ptr(at(5*m, "/a.aspx", "203.0.113.1")), ptr(at(h, "/b.aspx", "203.0.113.1")))},
			[]string{"/a.aspx 02 00:00 [sender_began]", "/b.aspx 02 01:00 []"},
			map[Reason]uint64{ReasonSenderBegan: 1},
		},
		{
			"a record without client", hourly(),
			[]step{lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1")), ptr(at(6*m, "/a.aspx", "-")), ptr(at(h, "/b.aspx", "203.0.113.1")))},
			[]string{"/a.aspx 02 00:00 [missing_attribute]", "/b.aspx 02 01:00 []"},
			map[Reason]uint64{ReasonMissingAttribute: 1},
		},
		{
			"a record without client that a stage drops anyway", hourly(),
			[]step{lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1")), ptr(at(6*m, "/a.css", "-")))},
			[]string{"/a.aspx 02 00:00 []"},
			nil,
		},
		{
			"more groups than max_groups: those kept go on", maxOne,
			[]step{lines(1, noise, ptr(at(1*m, "/a.aspx", "203.0.113.1")), ptr(at(2*m, "/b.aspx", "203.0.113.1")),
				ptr(at(3*m, "/c.aspx", "203.0.113.1")), ptr(at(4*m, "/b.aspx", "203.0.113.2")))},
			[]string{"/a.aspx 02 00:00 [max_groups]"},
			map[Reason]uint64{ReasonMaxGroups: 1},
		},
		{
			"an unreadable line in the middle of an hour", hourly(),
			[]step{lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1")), nil, ptr(at(6*m, "/x.css", "203.0.113.1")), ptr(at(h, "/b.aspx", "203.0.113.1")))},
			[]string{"/a.aspx 02 00:00 [parse_error]", "/b.aspx 02 01:00 []"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"an unreadable line between two hours may belong to either", hourly(),
			[]step{lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1")), nil, ptr(at(h, "/b.aspx", "203.0.113.1")), ptr(at(2*h, "/c.aspx", "203.0.113.1")))},
			[]string{"/a.aspx 02 00:00 [parse_error]", "/b.aspx 02 01:00 [parse_error]", "/c.aspx 02 02:00 []"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"between two records far apart it may belong to any hour between them", hourly(),
			[]step{
				lines(2, noise, ptr(at(90*m, "/b.aspx", "203.0.113.1"))),
				lines(1, ptr(at(5*m, "/a.aspx", "203.0.113.1")), nil, ptr(at(2*h, "/c.aspx", "203.0.113.1")), ptr(at(3*h, "/d.aspx", "203.0.113.1"))),
			},
			[]string{"/a.aspx 02 00:00 [parse_error]", "/b.aspx 02 01:00 [parse_error]", "/c.aspx 02 02:00 [parse_error]", "/d.aspx 02 03:00 []"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"the same over three batches", hourly(),
			[]step{
				lines(2, noise, ptr(at(90*m, "/b.aspx", "203.0.113.1"))),
				lines(1, ptr(at(5*m, "/a.aspx", "203.0.113.1"))), lines(1, nil), lines(1, ptr(at(2*h, "/c.aspx", "203.0.113.1"))),
			},
			[]string{"/a.aspx 02 00:00 [parse_error]", "/b.aspx 02 01:00 [parse_error]", "/c.aspx 02 02:00 [parse_error]"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"the same where the line begins a batch", hourly(),
			[]step{
				lines(2, noise, ptr(at(90*m, "/b.aspx", "203.0.113.1"))),
				lines(1, ptr(at(5*m, "/a.aspx", "203.0.113.1"))), lines(1, nil, ptr(at(2*h, "/c.aspx", "203.0.113.1"))),
			},
			[]string{"/a.aspx 02 00:00 [parse_error]", "/b.aspx 02 01:00 [parse_error]", "/c.aspx 02 02:00 [parse_error]"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"the same over more panes than are marked one by one", short(),
			[]step{
				lines(2, noise, ptr(at(90*m, "/b.aspx", "203.0.113.1"))),
				lines(1, ptr(at(5*m, "/a.aspx", "203.0.113.1")), nil, ptr(at(2*h, "/c.aspx", "203.0.113.1")), ptr(at(3*h, "/d.aspx", "203.0.113.1"))),
			},
			[]string{"/a.aspx 02 00:05 [parse_error]", "/b.aspx 02 01:30 [parse_error]", "/c.aspx 02 02:00 [parse_error]", "/d.aspx 02 03:00 []"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"the same where its neighbours come in other batches", hourly(),
			[]step{lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1"))), lines(1, nil), lines(1, ptr(at(h, "/b.aspx", "203.0.113.1")), ptr(at(2*h, "/c.aspx", "203.0.113.1")))},
			[]string{"/a.aspx 02 00:00 [parse_error]", "/b.aspx 02 01:00 [parse_error]", "/c.aspx 02 02:00 []"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"it touches its own file's time, not another's", hourly(),
			[]step{lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1"))), lines(2, ptr(at(h, "/b.aspx", "203.0.113.1")), nil)},
			[]string{"/a.aspx 02 00:00 []", "/b.aspx 02 01:00 [parse_error]"},
			map[Reason]uint64{ReasonParseError: 1},
		},
		{
			"a file of which no line can be read may belong to any window", hourly(),
			[]step{lines(2, nil, nil), lines(1, noise, ptr(at(5*m, "/a.aspx", "203.0.113.1")), ptr(at(h, "/b.aspx", "203.0.113.1")))},
			[]string{"/a.aspx 02 00:00 [parse_error]", "/b.aspx 02 01:00 [parse_error]"},
			map[Reason]uint64{ReasonParseError: 2},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, stats := outcome(t, tt.cfg, tt.steps...)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for r := range NumReasons {
				if r != ReasonSenderBegan && stats.Lost[r] != tt.lost[r] || stats.Lost[r] < tt.lost[r] {
					t.Errorf("lost[%s] = %d, want %d", r, stats.Lost[r], tt.lost[r])
				}
			}
		})
	}
}

// A late record's own pane is closed, but windows that are still to come and
// cover it lack it too.
func TestALateRecordMarksTheWindowsToCome(t *testing.T) {
	c := hourly()
	c.Window, c.Every = 2*time.Hour, time.Hour
	e := New(c, "rule", rule.NewSeed())
	now := day.Add(95 * time.Minute).UnixNano()
	commitLines(e, now, lines(1, ptr(at(-3*time.Hour, "/x.css", "203.0.113.1")), ptr(at(10*time.Minute, "/a.aspx", "203.0.113.1"))))
	e.Tick(now + int64(3*time.Minute)) // idle: 00:00-01:00 is closed
	commitLines(e, now, lines(1, ptr(at(11*time.Minute, "/a.aspx", "203.0.113.2"))))
	if n := e.Stats().Lost[ReasonLate]; n != 1 {
		t.Fatalf("late: %d", n)
	}
	commitLines(e, now, lines(1, ptr(at(100*time.Minute, "/b.aspx", "203.0.113.1"))))
	e.Tick(now + int64(50*time.Hour))
	want := []string{
		"/a.aspx 01 23:00 []",     // ended at 01:00, before the late record came
		"/a.aspx 02 00:00 [late]", // ends at 02:00 and lacks it
		"/b.aspx 02 00:00 [late]",
		"/b.aspx 02 01:00 []", // does not cover it
	}
	if got := windows(e); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestALateRecordThatDoesNotMatchIsNoLoss(t *testing.T) {
	e := New(hourly(), "rule", rule.NewSeed())
	now := day.Add(1000 * time.Hour).UnixNano()
	commitLines(e, now, lines(1, ptr(at(0, "/a.aspx", "203.0.113.1"))))
	e.Tick(now + int64(time.Hour))
	commitLines(e, now+int64(time.Hour), lines(1, ptr(at(0, "/x.css", "203.0.113.1"))))
	if stats := e.Stats(); stats.Lost[ReasonLate] != 0 {
		t.Errorf("late: %d", stats.Lost[ReasonLate])
	}
}

func TestFlushMarksOpenWindows(t *testing.T) {
	e := New(hourly(), "rule", rule.NewSeed())
	now := day.Add(2 * time.Minute).UnixNano()
	commitLines(e, now, lines(1, ptr(at(-time.Hour, "/x.css", "203.0.113.1")), ptr(at(time.Minute, "/a.aspx", "203.0.113.1"))))
	e.Flush()
	if got, want := windows(e), []string{"/a.aspx 02 00:00 [shutdown]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if s := e.Stats(); s.Panes != 0 || s.Groups != 0 || s.OpenGroups != 0 || s.Lost[ReasonShutdown] == 0 {
		t.Errorf("after the flush: %+v", s)
	}
}

// Any loss may have been the second client: whatever single matching record of
// a window is lost, and however, its group's finding is never called complete.
func TestALostSecondClientNeverLeavesACompleteFinding(t *testing.T) {
	for minute := range 60 {
		first := ptr(at(30*time.Minute, "/a.aspx", "203.0.113.1"))
		second := at(time.Duration(minute)*time.Minute, "/a.aspx", "203.0.113.2")
		begin := ptr(at(-time.Hour, "/x.css", "203.0.113.9"))
		noClient := second
		noClient.Client = "-"
		order := func(lost *rule.Request) []*rule.Request {
			if minute < 30 {
				return []*rule.Request{begin, lost, first}
			}
			return []*rule.Request{begin, first, lost}
		}
		for name, got := range map[string][]string{
			"unreadable": found(outcome(t, hourly(), lines(1, order(nil)...))),
			"no client":  found(outcome(t, hourly(), lines(1, order(&noClient)...))),
		} {
			if len(got) != 1 || got[0][len(got[0])-2:] == "[]" {
				t.Errorf("minute %d, %s: %q", minute, name, got)
			}
		}
	}
}

func found(a []string, _ Stats) []string { return a }

// A loss is not forgotten before the windows that it touched are evaluated: they
// may be due, and the process die.
func TestStretchesOutliveACrashBeforeTheEvaluation(t *testing.T) {
	cfg := rule.DefaultConfig()
	cfg.Window, cfg.Every = time.Hour, time.Hour
	seed := rule.NewSeed()
	e := New(cfg, "rule", seed)
	e.Follow(nil)
	restored := New(cfg, "rule", seed)
	commit := func(file string, minute int, path string, lost bool) {
		at := day.Add(time.Duration(minute) * time.Minute).UnixNano()
		b := e.NewBatch()
		b.Reset(at)
		b.Source(file)
		if lost {
			b.Lost()
		}
		b.Add(&rule.Request{Time: at, Client: "203.0.113.7", Path: path, UserAgent: "Mozilla/5.0", Status: 200}, []string{path, "Mozilla/5.0"})
		e.Commit(b, at)
		if err := restored.Apply(e.TakeChanges()); err != nil {
			t.Fatal(err)
		}
	}
	commit("a", -600, "/first.aspx", false)
	commit("a", 1, "/a.aspx", false)
	commit("b", 65, "/m.aspx", false)
	commit("a", 130, "/b.aspx", true)
	commit("a", 230, "/c.aspx", false)
	commit("b", 230, "/d.aspx", false) // now the windows above are due
	commit("a", 300, "/e.aspx", true)  // and there is another loss
	restored.Restored(day.Add(5 * time.Hour).UnixNano())
	for name, engine := range map[string]*Engine{"uninterrupted": e, "after a crash": restored} {
		for _, f := range evaluateAll(engine) {
			if f.Values[0] == "/m.aspx" && !f.Reasons.Has(ReasonParseError) {
				t.Errorf("%s: /m.aspx lies in what was lost, and says %v", name, f.Reasons.Strings())
			}
		}
	}
}
