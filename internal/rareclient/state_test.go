// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/storagetest"
)

var diskID = component.MustNewID("file_storage")

// process is a Collector's process with one Component, which can die.
type process struct {
	*Component
	t    *testing.T
	cfg  Config
	disk *storagetest.Disk
	next consumer.Logs
	core *observer.ObservedLogs
	log  *zap.Logger
}

func newProcess(t *testing.T, cfg Config, disk *storagetest.Disk, next consumer.Logs) *process {
	cfg.StorageID, cfg.WindowRecords = &diskID, false
	core, logged := observer.New(zap.InfoLevel)
	p := &process{t: t, cfg: cfg, disk: disk, next: next, core: logged, log: zap.New(core)}
	require.NoError(t, p.begin())
	return p
}

func (p *process) begin() error {
	require.NoError(p.t, p.cfg.Check())
	h, err := New(p.log, testSelf, Scope{"test", "v0"}, &p.cfg, nopInstruments(), nil, p.next)
	require.NoError(p.t, err)
	p.Component = h
	return h.Start(p.t.Context(), storagetest.Host{diskID: p.disk})
}

// kill ends the process without a shutdown.
func (p *process) kill() {
	p.cancel()
	p.done.Wait()
	p.state.free()
	p.disk.Crash()
}

func (p *process) restart() {
	p.kill()
	require.NoError(p.t, p.begin())
}

func (p *process) stop() { require.NoError(p.t, p.Shutdown(p.t.Context())) }

func (p *process) send(path, client string) {
	require.NoError(p.t, p.ConsumeLogs(p.t.Context(), logs(time.Now(), path, client)))
}

// seen returns the detections by id: body, and why they are incomplete.
func seen(t *testing.T, sink *consumertest.LogsSink) map[string]string {
	out := map[string]string{}
	for _, ld := range sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				id, _ := lr.Attributes().Get("detection.id")
				text := lr.Body().AsString() + " complete"
				if why, incomplete := lr.Attributes().Get("detection.incomplete_reasons"); incomplete {
					text = lr.Body().AsString() + " " + why.AsString()
				}
				was, again := out[id.Str()]
				require.True(t, !again || was == text, "twice, and not the same: %q, %q", was, text)
				out[id.Str()] = text
			}
		}
	}
	return out
}

func texts(m map[string]string) []string { return slices.Sorted(maps.Values(m)) }

func only(t *testing.T, sink *consumertest.LogsSink) string {
	all := texts(seen(t, sink))
	require.Len(t, all, 1)
	return all[0]
}

// nextHour waits for the first minute of the next hour.
func nextHour() {
	time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour + time.Minute)))
}

func TestAnOpenWindowOutlivesACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		p := newProcess(t, hourly(), storagetest.NewDisk(), sink)
		p.send("/first.aspx", "203.0.113.1") // so that the next window begins after it
		nextHour()
		p.send("/shell.aspx", "203.0.113.7")
		p.send("/page.aspx", "203.0.113.7")
		p.restart()
		p.send("/page.aspx", "203.0.113.8")
		p.send("/shell.aspx", "203.0.113.7")
		p.restart()
		time.Sleep(2 * time.Hour)
		all := texts(seen(t, sink))
		require.Len(t, all, 2, "first.aspx in its own window; page.aspx has two clients, one of them before the crash")
		require.Contains(t, all[1], "made all 2 requests for /shell.aspx")
		require.True(t, strings.HasSuffix(all[1], " complete"), "%s", all[1])
		p.stop()
	})
}

func TestShutdownKeepsOpenWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		p := newProcess(t, hourly(), storagetest.NewDisk(), sink)
		p.send("/shell.aspx", "203.0.113.7")
		p.stop()
		require.Empty(t, bodies(sink), "the window has not ended")
		require.NoError(t, p.begin())
		p.send("/shell.aspx", "203.0.113.7")
		time.Sleep(2 * time.Hour)
		require.Contains(t, only(t, sink), "made all 2 requests")
		p.stop()
	})
}

// The windows that ended while nobody read are evaluated when what the files
// still hold was read, not before.
func TestAfterTwoDaysTheReaderCatchesUpFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		p := newProcess(t, hourly(), storagetest.NewDisk(), sink)
		nextHour()
		p.send("/first.aspx", "203.0.113.1")
		nextHour()
		p.send("/page.aspx", "203.0.113.7")
		down := time.Now()
		p.kill()
		time.Sleep(48 * time.Hour)
		require.NoError(t, p.begin())
		require.Empty(t, seen(t, sink))
		for at := down; at.Before(time.Now()); at = at.Add(10 * time.Minute) {
			ld := logs(at, "/page.aspx", "203.0.113.8")
			require.NoError(t, p.ConsumeLogs(t.Context(), ld))
			time.Sleep(time.Minute) // it reads ten times as fast as time passes
			for _, text := range seen(t, sink) {
				require.Contains(t, text, "/first.aspx", "nothing else has ended for sure")
			}
		}
		time.Sleep(3 * time.Hour)
		all := texts(seen(t, sink))
		require.Greater(t, len(all), 1)
		for _, text := range all {
			require.NotContains(t, text, "203.0.113.7", "the second client was in the file")
		}
		p.stop()
	})
}

// play plays five hours: pages with one client and one with several, from a
// sender that offers again what is refused.
func play(p *process, patience time.Duration, between func()) {
	begin := time.Now()
	for i := range 10 {
		for k := range 3 {
			at := begin.Add(time.Duration(3*i+k) * 10 * time.Minute)
			ld := logs(at, fmt.Sprintf("/own%d.aspx", i%3), "203.0.113.7")
			request(ld, at, "/shared.aspx", fmt.Sprintf("203.0.113.%d", k))
			for {
				ctx, cancel := context.WithTimeout(p.t.Context(), patience)
				err := p.ConsumeLogs(ctx, ld)
				cancel()
				if err == nil {
					break
				}
				require.False(p.t, consumererror.IsPermanent(err))
				time.Sleep(time.Second)
				between()
			}
			time.Sleep(time.Until(at.Add(10 * time.Minute)))
			between()
		}
	}
	time.Sleep(time.Hour)
	between()
	time.Sleep(2 * time.Hour)
}

func uninterrupted(t *testing.T) (want []string, batches int) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		disk := storagetest.NewDisk()
		p := newProcess(t, playConfig(), disk, sink)
		play(p, time.Hour, func() {})
		p.stop()
		want, batches = texts(seen(t, sink)), disk.Batches()
	})
	return want, batches
}

func playConfig() Config {
	c := hourly()
	c.SuppressFor = 2 * time.Hour
	return c
}

var errNoSpace = errors.New("no space left on device")

// At each of the operations on the storage one fails, once or for ten minutes;
// or the process dies there.
func TestStorageFaultsChangeNothing(t *testing.T) {
	want, batches := uninterrupted(t)
	require.NotEmpty(t, want)
	for at := 1; at <= batches-2; at++ { // the last two: the rest at the shutdown, which is none, and closing
		for name, outage := range map[string]time.Duration{"once": 0, "for ten minutes": 10 * time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				sink := new(consumertest.LogsSink)
				disk := storagetest.NewDisk()
				n := 0
				var until time.Time
				p := newProcess(t, playConfig(), disk, sink)
				disk.SetFault(func([]*storage.Operation) error {
					if n++; n == at {
						until = time.Now().Add(outage)
						return errNoSpace
					}
					if time.Now().Before(until) {
						return errNoSpace
					}
					return nil
				})
				play(p, time.Hour, func() {})
				p.stop()
				require.Equal(t, want, texts(seen(t, sink)), "operation %d fails %s", at, name)
				require.LessOrEqual(t, p.core.FilterMessageSnippet("cannot be written").Len(), 1, "said once, if it was not what is tidied up")
			})
		}
	}
}

func TestDyingAtAnyOperationChangesNothing(t *testing.T) {
	want, batches := uninterrupted(t)
	for at := 1; at <= batches; at++ {
		synctest.Test(t, func(t *testing.T) {
			sink := new(consumertest.LogsSink)
			disk := storagetest.NewDisk()
			n := 0
			var dead atomic.Bool
			p := newProcess(t, playConfig(), disk, sink)
			disk.SetFault(func([]*storage.Operation) error {
				if n++; n == at {
					dead.Store(true)
				}
				if dead.Load() {
					return errNoSpace // nothing is written any more
				}
				return nil
			})
			play(p, 10*time.Second, func() {
				if dead.Load() {
					p.kill()
					disk.SetFault(nil)
					dead.Store(false)
					require.NoError(t, p.begin())
				}
			})
			p.stop()
			require.Equal(t, want, texts(seen(t, sink)), "death at operation %d", at)
		})
	}
}

func TestStorageThatFailsForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		disk := storagetest.NewDisk()
		p := newProcess(t, hourly(), disk, sink)
		p.send("/a.aspx", "203.0.113.1")
		disk.SetFault(func([]*storage.Operation) error { return errNoSpace })
		waiting := make(chan error)
		go func() { waiting <- p.ConsumeLogs(t.Context(), logs(time.Now(), "/b.aspx", "203.0.113.1")) }()
		time.Sleep(time.Minute)
		refused := time.Now()
		err := p.ConsumeLogs(t.Context(), logs(refused, "/c.aspx", "203.0.113.1"))
		require.ErrorIs(t, err, errNoSpace)
		require.False(t, consumererror.IsPermanent(err), "the sender offers it again")
		time.Sleep(2 * time.Hour)
		require.Empty(t, bodies(sink), "nothing is found of what is not stored")
		disk.SetFault(nil)
		require.NoError(t, <-waiting, "it was waited for")
		require.NoError(t, p.ConsumeLogs(t.Context(), logs(refused, "/c.aspx", "203.0.113.1")))
		time.Sleep(2 * time.Hour)
		require.Len(t, seen(t, sink), 3, "windows have waited for what was refused: nothing is late")
		require.Equal(t, 1, p.core.FilterMessageSnippet("can be written to storage again").Len())
		p.stop()
	})
}

func TestDetectionsThatNobodyTakesOutliveACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fails{answers: slices.Repeat([]error{errFull}, 3600)}
		p := newProcess(t, hourly(), storagetest.NewDisk(), next)
		p.send("/a.aspx", "203.0.113.1")
		time.Sleep(90 * time.Minute)
		require.Equal(t, 1, p.engine.Stats().Waiting)
		p.restart()
		require.Equal(t, 1, p.engine.Stats().Waiting)
		require.Empty(t, bodies(&next.LogsSink))
		p.stop()
		require.NoError(t, p.begin())
		time.Sleep(time.Hour)
		require.Len(t, bodies(&next.LogsSink), 1)
		p.restart()
		time.Sleep(time.Hour)
		require.Len(t, bodies(&next.LogsSink), 1, "what was taken is not delivered again")
		p.stop()
	})
}

func TestChangedSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		said   string
		reason string
		kept   bool // the state
	}{
		"window":           {func(c *Config) { c.Window = 2 * time.Hour }, "window: was 1h0m0s, is 2h0m0s", "config_changed", false},
		"every":            {func(c *Config) { c.Every = 30 * time.Minute }, "every: was 1h0m0s, is 30m0s", "config_changed", false},
		"client_threshold": {func(c *Config) { c.ClientThreshold = 2; c.Comparison = "lte" }, "client_threshold: was 1, is 2", "config_changed", false},
		"group_by":         {func(c *Config) { c.GroupBy = []string{"url.path"} }, "group_by: was [iis.page user_agent.original], is [url.path]", "config_changed", false},
		"semantics":        {func(c *Config) { c.Semantics = "sentinel" }, "semantics: was corrected, is sentinel", "config_changed", false},
		"fold_case":        {func(c *Config) { off := false; c.FoldCase = &off }, "fold_case: was true, is false", "config_changed", false},
		"match":            {func(c *Config) { c.Match.StatusCodes = []int{200, 500} }, "match: was", "config_changed", true},
		"exclude_presets":  {func(c *Config) { c.ExcludePresets = []string{"monitoring"} }, "exclude_presets: was", "config_changed", true},
		// What these say is looked at when a window is evaluated.
		"suppress_for": {func(c *Config) { c.SuppressFor = time.Hour }, "", "", true},
		"evidence":     {func(c *Config) { c.Evidence = 1 }, "", "", true},
		"max_groups":   {func(c *Config) { c.MaxGroups = 10 }, "", "", true},
		"min_requests": {func(c *Config) { c.MinRequests = 1 }, "", "", true},
		"rule":         {func(c *Config) { c.Rule.Severity = "High" }, "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := new(consumertest.LogsSink)
				p := newProcess(t, hourly(), storagetest.NewDisk(), sink)
				p.send("/first.aspx", "203.0.113.1")
				for range 4 {
					nextHour() // to an even hour too
				}
				sink.Reset()
				p.send("/old.aspx", "203.0.113.7")
				p.stop()
				c.change(&p.cfg)
				require.NoError(t, p.begin())
				p.send("/new.aspx", "203.0.113.7")
				time.Sleep(4 * time.Hour)
				all := texts(seen(t, sink))
				require.Equal(t, c.kept, slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, "/old.aspx") }), "%q", all)
				require.NotEmpty(t, all)
				for _, text := range all {
					require.Equal(t, c.reason != "", strings.Contains(text, c.reason) && c.reason != "", text)
				}
				changed := p.core.FilterMessageSnippet("changed").All()
				if c.said == "" {
					require.Empty(t, changed)
				} else {
					require.Len(t, changed, 1)
					require.Contains(t, fmt.Sprint(changed[0].ContextMap()["changed"]), c.said)
				}
				p.restart()
				require.Equal(t, len(changed), p.core.FilterMessageSnippet("changed").Len(), "said once, not at each start")
				p.stop()
			})
		})
	}
}

// What was found before the settings were changed is delivered all the same.
func TestChangedSettingsKeepWhatWasFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &fails{answers: slices.Repeat([]error{errFull}, 1e6)}
		p := newProcess(t, hourly(), storagetest.NewDisk(), next)
		p.send("/a.aspx", "203.0.113.1")
		time.Sleep(90 * time.Minute)
		p.kill()
		p.cfg.Window = 24 * time.Hour
		next.answers = nil
		require.NoError(t, p.begin())
		time.Sleep(time.Minute)
		require.Len(t, bodies(&next.LogsSink), 1)
		p.stop()
	})
}

// One value of the storage is damaged: the Component begins all the same, says so
// once, and what it then finds is incomplete.
func TestDamagedStateIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		whole := storagetest.NewDisk()
		p := newProcess(t, hourly(), whole, sink)
		p.send("/first.aspx", "203.0.113.1")
		nextHour()
		p.send("/a.aspx", "203.0.113.7")
		p.send("/b.aspx", "203.0.113.7")
		p.stop()
		for _, key := range whole.Keys() {
			sink.Reset()
			p := newProcess(t, hourly(), damaged(whole, key), sink)
			p.send("/new.aspx", "203.0.113.7")
			time.Sleep(3 * time.Hour)
			require.Equal(t, 1, p.core.FilterMessageSnippet("(state_lost)").Len(), key)
			found := texts(seen(t, sink))
			require.NotEmpty(t, found)
			for _, text := range found {
				if !strings.Contains(text, "/first.aspx") { // it may have been found before
					require.Contains(t, text, "state_lost", key)
				}
			}
			p.restart()
			require.Equal(t, 1, p.core.FilterMessageSnippet("(state_lost)").Len(), "%s: once, not at each start", key)
			p.stop()
		}
	})
}

func damaged(disk *storagetest.Disk, key string) *storagetest.Disk {
	d := disk.Copy()
	d.Change(key, func(b []byte) []byte { return b[:len(b)/2] })
	return d
}

func TestOneInstanceInTwoPipelines(t *testing.T) {
	disk := storagetest.NewDisk()
	p := newProcess(t, hourly(), disk, new(consumertest.LogsSink))
	second := *p
	err := second.begin()
	require.ErrorContains(t, err, `"rare_client" is in more than one pipeline`)
	require.ErrorContains(t, err, "rare_client/web", "it says what to do")
	require.NoError(t, second.Shutdown(t.Context()))
	p.stop()
	require.NoError(t, second.begin(), "the first is gone")
	second.stop()
}

func TestNoSuchStorage(t *testing.T) {
	p := newProcess(t, hourly(), storagetest.NewDisk(), new(consumertest.LogsSink))
	p.stop()
	other := component.MustNewID("redis_storage")
	p.cfg.StorageID = &other
	require.ErrorContains(t, p.begin(), `extension "redis_storage" is not in service::extensions`)
	require.NoError(t, p.Shutdown(t.Context()))
	p.cfg.StorageID = &diskID
	_, err := p.disk.GetClient(t.Context(), component.KindProcessor, testSelf.ID, "")
	require.NoError(t, err)
	require.ErrorContains(t, p.begin(), "another Collector")
	require.NoError(t, p.Shutdown(t.Context()))
}

// A snapshot is written while records come, and nothing is lost at any of its
// operations.
func TestSnapshotsWhileRecordsCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		disk := storagetest.NewDisk()
		p := newProcess(t, hourly(), disk, sink)
		const pages = 3000
		begin := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range pages {
				ld := plog.NewLogs()
				request(ld, begin, fmt.Sprintf("/own%d.aspx", i), "203.0.113.7")
				request(ld, begin, "/shared.aspx", fmt.Sprintf("203.0.113.%d", i%9))
				if err := p.ConsumeLogs(context.Background(), ld); err != nil {
					t.Error(err)
				}
			}
		}()
		for snapshots := 0; ; snapshots++ {
			require.NoError(t, p.state.snapshot(t.Context()))
			select {
			case <-done:
			default:
				continue
			}
			break
		}
		require.NoError(t, p.state.snapshot(t.Context()))
		p.state.tidy(t.Context())
		require.Less(t, len(disk.Keys()), 20, "the log is short")
		p.restart()
		require.Equal(t, pages, p.engine.Stats().OpenGroups)
		time.Sleep(2 * time.Hour)
		require.Len(t, seen(t, sink), pages)
		p.stop()
	})
}

// The findings of a window with many of them are stored in pieces, and the
// process dies at each.
func TestDyingBetweenThePiecesOfAWindow(t *testing.T) {
	const pages = 1200
	playMany := func(t *testing.T, disk *storagetest.Disk, dead *atomic.Bool) map[string]string {
		sink := new(consumertest.LogsSink)
		p := newProcess(t, hourly(), disk, sink)
		ld := plog.NewLogs()
		for i := range pages {
			request(ld, time.Now(), fmt.Sprintf("/own%d.aspx", i), "203.0.113.7")
		}
		revive := func() {
			if dead.Load() {
				p.kill()
				disk.SetFault(nil)
				dead.Store(false)
				require.NoError(t, p.begin())
			}
		}
		for sent := false; !sent; {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			sent = p.ConsumeLogs(ctx, ld) == nil
			cancel()
			revive()
		}
		for range 3 {
			time.Sleep(time.Hour)
			revive()
		}
		p.stop()
		return seen(t, sink)
	}
	batches := 0
	synctest.Test(t, func(t *testing.T) {
		disk := storagetest.NewDisk()
		require.Len(t, playMany(t, disk, new(atomic.Bool)), pages)
		batches = disk.Batches()
	})
	for at := 2; at <= batches; at++ { // the first is that of the start
		synctest.Test(t, func(t *testing.T) {
			disk, n := storagetest.NewDisk(), 0
			var dead atomic.Bool
			disk.SetFault(func([]*storage.Operation) error {
				if n++; n == at {
					dead.Store(true)
				}
				if dead.Load() {
					return errNoSpace
				}
				return nil
			})
			require.Len(t, playMany(t, disk, &dead), pages, "death at operation %d", at)
		})
	}
}

// However long the storage fails, windows wait for what is refused meanwhile.
func TestStorageThatFailsForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		disk := storagetest.NewDisk()
		p := newProcess(t, hourly(), disk, sink)
		p.send("/a.aspx", "203.0.113.1")
		disk.SetFault(func([]*storage.Operation) error { return errNoSpace })
		go p.ConsumeLogs(t.Context(), logs(time.Now(), "/b.aspx", "203.0.113.1")) //nolint:errcheck // it waits
		time.Sleep(time.Minute)
		refused := logs(time.Now(), "/c.aspx", "203.0.113.1")
		for range 3 * 24 * 60 {
			require.Error(t, p.ConsumeLogs(t.Context(), refused))
			time.Sleep(time.Minute)
		}
		disk.SetFault(nil)
		for p.ConsumeLogs(t.Context(), refused) != nil {
			time.Sleep(time.Second)
		}
		time.Sleep(30 * time.Hour)
		require.Len(t, seen(t, sink), 3)
		require.Zero(t, p.engine.Stats().Lost[engine.ReasonLate])
		p.stop()
	})
}

// Where only the large parts of a snapshot find no room, records are taken, and
// it is not tried, nor said, all the time.
func TestSnapshotThatFindsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storagetest.NewDisk()
		p := newProcess(t, hourly(), disk, new(consumertest.LogsSink))
		disk.SetFault(func(ops []*storage.Operation) error {
			for _, op := range ops {
				if strings.HasPrefix(op.Key, "s/") && op.Type == storage.Set {
					return errNoSpace
				}
			}
			return nil
		})
		p.state.mu.Lock()
		p.state.stored.Shorten()
		p.state.mu.Unlock()
		for range 60 {
			p.send("/a.aspx", "203.0.113.1")
			time.Sleep(time.Minute)
		}
		require.Zero(t, p.core.FilterMessageSnippet("cannot be written").Len())
		require.LessOrEqual(t, p.core.FilterMessageSnippet("made smaller").Len(), 6)
		disk.SetFault(nil)
		time.Sleep(time.Hour)
		p.state.mu.Lock()
		require.False(t, p.state.stored.Full(), "in the end it was written")
		p.state.mu.Unlock()
		p.stop()
	})
}

// A sender whose context never ends does not keep the Collector from ending.
func TestSenderThatNeverGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storagetest.NewDisk()
		p := newProcess(t, hourly(), disk, new(consumertest.LogsSink))
		disk.SetFault(func([]*storage.Operation) error { return errNoSpace })
		require.ErrorIs(t, p.ConsumeLogs(context.Background(), logs(time.Now(), "/a.aspx", "203.0.113.1")), errNoSpace)
		require.ErrorIs(t, p.Shutdown(t.Context()), errNoSpace)
	})
}

// Whatever time a record has, what is stored can be read again.
func TestOddTimestampsAreStored(t *testing.T) {
	for _, at := range []uint64{0, 1, 1<<62 + 1<<61, 1<<63 - 1, 1 << 63, 1<<63 + 5, 5 << 61, 3 << 62, 7 << 61, 1<<64 - 1} {
		synctest.Test(t, func(t *testing.T) {
			p := newProcess(t, hourly(), storagetest.NewDisk(), new(consumertest.LogsSink))
			p.send("/a.aspx", "203.0.113.1")
			ld := logs(time.Now(), "/b.aspx", "203.0.113.1")
			ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetTimestamp(pcommon.Timestamp(at))
			require.NoError(t, p.ConsumeLogs(t.Context(), ld))
			open := p.engine.Stats().OpenGroups
			p.restart()
			require.Equal(t, open, p.engine.Stats().OpenGroups, "%x", at)
			require.Zero(t, p.core.FilterMessageSnippet("(state_lost)").Len(), "%x", at)
			p.stop()
		})
	}
}

// What was found is delivered when it is stored, not before: else a crash could
// leave a delivered detection that is found another way afterwards.
func TestNothingIsDeliveredThatIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		disk := storagetest.NewDisk()
		p := newProcess(t, hourly(), disk, sink)
		p.send("/a.aspx", "203.0.113.1")
		time.Sleep(time.Minute)
		disk.SetFault(func([]*storage.Operation) error { return errNoSpace })
		time.Sleep(2 * time.Hour)
		require.Equal(t, 1, p.engine.Stats().Waiting, "it is found")
		require.Empty(t, bodies(sink))
		disk.SetFault(nil)
		time.Sleep(time.Minute)
		require.Len(t, bodies(sink), 1)
		p.stop()
	})
}

// Metrics are collected from the moment at which the component is made; the
// race detector watches.
func TestMetricsAreReadDuringTheStart(t *testing.T) {
	disk := storagetest.NewDisk()
	p := newProcess(t, hourly(), disk, new(consumertest.LogsSink))
	p.send("/a.aspx", "203.0.113.1")
	p.stop()
	h, err := New(zap.NewNop(), testSelf, Scope{"test", "v0"}, &p.cfg, nopInstruments(), nil, p.next)
	require.NoError(t, err)
	begun := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		close(begun)
		for range 100 {
			_ = h.meters.observe(context.Background(), noop.Observer{})
		}
	})
	<-begun
	require.NoError(t, h.Start(t.Context(), storagetest.Host{diskID: disk}))
	reader.Wait()
	require.NoError(t, h.Shutdown(t.Context()))
}
