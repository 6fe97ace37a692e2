// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/progress"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/account"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/deliver"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/metadata"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// ProgressConfig says whether, and how often, the receiver tells what it has read.
type ProgressConfig struct {
	// Enabled: records say which bytes of their file they answer for, and progress
	// records what was read. Default: true.
	Enabled bool `mapstructure:"enabled"`
	// Interval is the least time between two progress records. Default: 10s.
	Interval time.Duration `mapstructure:"interval"`
}

func (c *ProgressConfig) check() error {
	if c.Enabled && c.Interval < time.Second {
		return fmt.Errorf("progress::interval is %v: it must be 1s or longer", c.Interval)
	}
	return nil
}

// teller tells the next consumer what the receiver has read. All methods of a nil
// teller do nothing.
type teller struct {
	*account.Account
	deliverer *deliver.Deliverer
	delivery  context.Context
	stop      chan struct{} // closed when the receiver is stopped
	logger    *zap.Logger
	version   string
	counted   bool
	ended     atomic.Bool // the last word was said
}

// processRun tells the senders of this process from those of others; receivers
// are how many there are.
var (
	processRun = newRun()
	receivers  atomic.Int64
)

func newRun() (r eventtime.Run) {
	_, _ = rand.Read(r[:]) // never fails
	return r
}

func newTeller(id component.ID, cfg *Config, d *deliver.Deliverer, delivery context.Context, logger *zap.Logger, version string, now func() time.Time) *teller { //nolint:revive // the context is kept
	if !cfg.Progress.Enabled {
		return nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	s := account.Settings{
		Host: host, Component: readerOf(id, cfg), Process: processRun, Interval: cfg.Progress.Interval, Follow: cfg.Follow,
		StartAtEnd: cfg.StartAt == "end", ExcludeOlderThan: cfg.ExcludeOlderThan, Include: cfg.Include,
		Open: tail.Open, Logger: logger, Now: now, Receivers: func() int { return int(receivers.Load()) },
	}
	if cfg.Match != nil {
		s.Match = cfg.Match.Text()
	}
	return &teller{
		Account: account.New(s), deliverer: d, delivery: delivery, stop: make(chan struct{}), logger: logger, version: version,
	}
}

// begin counts the receiver among those of the process. All of a Collector are
// started before the first of them looks at its files.
func (t *teller) begin() {
	if t != nil {
		receivers.Add(1)
		t.counted = true
	}
}

// readerOf tells receivers of one host apart: one takes the place of another with
// the same id that reads the same files only.
func readerOf(id component.ID, cfg *Config) string {
	sum := crc32.ChecksumIEEE([]byte(strings.Join(slices.Concat(cfg.Include, []string{""}, cfg.Exclude), "\n")))
	return fmt.Sprintf("%s %08x", id, sum)
}

// tell tells what was read, where it is time for that.
func (t *teller) tell(last bool) {
	if t.ended.Load() || !last && !t.Due() {
		return
	}
	if last {
		t.ended.Store(true)
	}
	t.send(t.Progress(false))
}

// close says the last word, once no more is read. Its first call alone counts.
func (t *teller) close() {
	if t == nil || !t.counted {
		return
	}
	t.counted = false
	if !t.ended.Swap(true) && t.Spoke() {
		t.send(t.Progress(true))
	}
	receivers.Add(-1)
}

func (t *teller) send(p *eventtime.Progress) {
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	sl.Scope().SetName(metadata.ScopeName)
	sl.Scope().SetVersion(t.version)
	progress.Append(sl.LogRecords(), p)
	refused, err := t.deliverer.Send(t.delivery, t.stop, ld)
	if err = errors.Join(refused, err); err != nil && !errors.Is(err, deliver.ErrAbandoned) {
		t.logger.Warn("The progress of reading could not be told; the next one makes up for it", zap.Error(err))
	}
}
