// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package tail follows log files: it finds them, reads them on where they were
// read up to, and gives complete lines, with their places, to a handler. It is
// the only package that knows contrib's fileconsumer, and makes up for what that
// does not promise: each such thing is listed, and tested, in contract_test.go.
// It knows neither what the lines say nor records.
package tail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/account"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/logonce"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/telemetry"
)

// Settings are what a Tailer needs beside its Config.
type Settings struct {
	component.TelemetrySettings
	ID        component.ID
	StorageID *component.ID // where places in files are kept; nil for nowhere
	Meters    *telemetry.Meters
	Now       func() time.Time
	// Handle is called for each chunk, serially for a file and in parallel for
	// different ones. An error means that the chunk was not delivered and that
	// reading is being stopped: the chunk is read again after a restart.
	Handle func(*Chunk) error
	// Account keeps what was read; nil where that is not told. Tell is called at
	// the beginning of each look at the files, and of each part of it, while
	// nothing is being read; last says that nothing more will be.
	Account *account.Account
	Tell    func(last bool)
	// Finish: what is there is read to its end, an unfinished line included, and
	// then no more.
	Finish bool
}

// Tailer reads the files of a Config.
//
// Data goes one way: fileconsumer, offsetcheck, shortfiles, handler. A file's
// lock in shortFiles is taken before any other.
type Tailer struct {
	cfg    *Config
	set    Settings
	logger *zap.Logger
	now    func() time.Time
	handle func(*Chunk) error
	once   logonce.Log
	short  *shortFiles
	// encoding is nil where tokens are many lines, as they are in the file. Else
	// a token is one line, decoded from it.
	encoding encoding.Encoding

	finish     sync.Once
	stopping   sync.Mutex // guards manager
	manager    *fileManager
	checkpoint *checkpoint
	closed     bool
}

// New returns a Tailer for a Config that was checked.
func New(cfg *Config, set Settings) (*Tailer, error) {
	t := &Tailer{
		cfg: cfg, set: set, logger: set.Logger, now: set.Now, handle: set.Handle,
		short: newShortFiles(int64(cfg.FingerprintSize), time.Minute+10*cfg.PollInterval, time.Now),
	}
	if IsUTF8(cfg.Encoding) {
		return t, nil
	}
	var err error
	t.encoding, err = LookupEncoding(cfg.Encoding)
	t.short.decode = t.decode
	return t, err
}

// Start opens the storage and begins to poll.
func (t *Tailer) Start(ctx context.Context, host component.Host) error {
	var keep persister
	if t.set.StorageID != nil {
		c, err := openCheckpoint(ctx, host, *t.set.StorageID, t.set.ID, t.short, t.set.Account, t.set.Meters)
		if c != nil {
			t.checkpoint = c
			keep = c
		}
		if err != nil {
			return err
		}
	}
	set := t.set.TelemetrySettings
	set.Logger = logonce.Wrap(set.Logger, 10*t.cfg.PollInterval+time.Minute)
	if t.set.Account != nil {
		set.Logger = t.watch(set.Logger)
	}
	ends := tails{
		due:     newLastLines(t.cfg.FlushPeriod, t.cfg.PollInterval, t.now).due,
		settled: newLastLines(min(10*t.cfg.PollInterval, maxHoleAge), t.cfg.PollInterval, t.now).due,
	}
	if t.set.Finish {
		at := func([]byte) bool { return true }
		ends = tails{due: at, settled: at}
	}
	cfg := *t.cfg
	cfg.Exclude = append(slices.Clone(cfg.Exclude), t.pipes()...)
	manager, err := buildManager(cfg, set, t.Emit, ends)
	if err != nil {
		return err
	}
	t.sayFiles()
	t.stopping.Lock()
	defer t.stopping.Unlock()
	if err := manager.Start(keep); err != nil {
		if t.checkpoint != nil {
			// Stop saves what the manager knows, which is nothing.
			t.checkpoint.freeze()
		}
		return fmt.Errorf("start reading: %w", errors.Join(err, manager.Stop()))
	}
	t.manager = manager
	return nil
}

// sayFiles tells a user what the files that are there mean for the
// configuration. That none is there fileconsumer says only at debug level, at
// every poll.
func (t *Tailer) sayFiles() {
	files, err := MatchingFiles(t.cfg)
	if len(files) == 0 {
		t.logger.Warn("No file matches include yet; check the pattern, and that the Collector's account may read the folder",
			zap.String("include", strings.Join(t.cfg.Include, ", ")),
			zap.String("exclude", strings.Join(t.cfg.Exclude, ", ")),
			zap.Error(err))
		return
	}
	if t.cfg.StartAt != "end" {
		return
	}
	for _, path := range files {
		if endsUnused(path) {
			t.logger.Warn("A file that IIS has open ends in unused space, and unless its place is known from storage, start_at: end begins behind that; "+
				"set start_at: beginning, so that the lines which IIS is going to write there are read", zap.String("path", path))
		}
	}
}

// Stop stops reading. It does not wait longer than ctx allows: a consumer that
// ignores its context could block it for ever.
func (t *Tailer) Stop(ctx context.Context) error {
	stopped := make(chan error, 1)
	go func() { stopped <- t.stopManager() }()
	defer t.releasePipes()()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
		if t.checkpoint != nil {
			t.checkpoint.freeze()
		}
		return fmt.Errorf("the next consumer does not let go of a batch: %w", ctx.Err())
	}
}

// stopManager stops reading, once.
func (t *Tailer) stopManager() error {
	t.stopping.Lock()
	defer t.stopping.Unlock()
	if t.manager == nil {
		return nil
	}
	manager := t.manager
	t.manager = nil
	return manager.Stop()
}

// Close closes the storage, once.
func (t *Tailer) Close(ctx context.Context) error {
	if t.checkpoint == nil || t.closed {
		return nil
	}
	t.closed = true
	return errors.Join(t.checkpoint.saveAccount(ctx), t.checkpoint.Close(ctx))
}

// Emit is fileconsumer's callback: it returns when the lines of all tokens were
// delivered, or when it is too late for that.
func (t *Tailer) Emit(ctx context.Context, tokens [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
	if len(tokens) == 0 {
		return nil
	}
	c := t.chunk(ctx, attributes)
	defer t.short.lock(c.Path)()
	all := offsets[len(tokens)]
	tokens, offsets = t.undelivered(c, tokens, offsets)
	if len(tokens) == 0 {
		c.number, c.archive = t.number(c, nil, nil)
		t.account(c, all, all)
		return nil
	}
	if offsets[0] == 0 && t.cfg.Compression == "" { // in an archive, offsets may begin anew
		if _, read := attributes[placeKey]; read {
			t.sayCutOff(c.Path)
			c.cutOff = true
		}
		c.forget()
	}
	before := maps.Clone(attributes)
	if err := t.read(c, tokens, offsets); err != nil {
		clear(attributes) // of the notes that were made or forgotten meanwhile
		maps.Copy(attributes, before)
		t.abandon(ctx, c.Path, err)
		return nil
	}
	t.account(c, offsets[0], offsets[len(tokens)])
	attributes[placeKey] = t.place(c.Path, tokens, offsets)
	attributes[endKey] = strconv.FormatInt(offsets[len(tokens)], 10)
	return nil
}

// abandon makes sure that lines which were not delivered are read again after
// a restart: fileconsumer does not move the offset on once its context has ended,
// and if it has not, nothing is saved any more.
func (t *Tailer) abandon(ctx context.Context, path string, err error) {
	if t.checkpoint != nil {
		if ctx.Err() == nil {
			t.checkpoint.freeze()
		}
		t.logger.Info("Stopped before all lines were delivered; they are read again after the restart", zap.String("path", path), zap.Error(err))
		return
	}
	t.logger.Warn("Stopped before all lines were delivered; set storage, so that they are read again after a restart", zap.String("path", path), zap.Error(err))
}

// Attr is an attribute that says which file a line is from.
type Attr struct{ Key, Value string }

// Chunk is a piece of a file: complete lines with their places.
type Chunk struct {
	Path string
	// Attrs are the attributes that each record of the file gets.
	Attrs []Attr
	// Tokens hold the lines with their endings; token i begins at Offsets[i] of
	// the file and ends at Offsets[i+1]. Their bytes may be kept, the slices not.
	Tokens  [][]byte
	Offsets []int64
	// Known is the place up to which the lines were delivered before.
	Known int64
	// Stop is done when reading is being stopped.
	Stop <-chan struct{}

	tailer *Tailer
	file   *account.File // see File
	// number is zero where it is not known.
	number     account.Number
	archive    bool
	cutOff     bool           // it was read before, and begins anew
	attributes map[string]any // the live map that is saved with the file's offset
}

// notePrefix is that of the keys of notes. They are never copied into a record.
const notePrefix = "iishunt."

// chunk collects what the attributes of a file say about it.
func (t *Tailer) chunk(ctx context.Context, attributes map[string]any) *Chunk {
	c := &Chunk{Stop: ctx.Done(), tailer: t, attributes: attributes}
	for key, v := range attributes {
		value, ok := v.(string)
		if !ok || !strings.HasPrefix(key, "log.file.") {
			continue
		}
		if key == AttrFilePath {
			c.Path = value
			if !t.cfg.IncludeFilePath {
				continue
			}
		}
		c.Attrs = append(c.Attrs, Attr{key, w3c.Repair(value)})
	}
	slices.SortFunc(c.Attrs, func(a, b Attr) int { return strings.Compare(a.Key, b.Key) })
	return c
}

// Note returns what is kept under a key with the file's offset, over restarts
// and renames.
func (c *Chunk) Note(key string) (text string, ok bool) {
	text, ok = c.attributes[notePrefix+key].(string)
	return text, ok
}

// SetNote keeps a text under a key, once the chunk was delivered.
func (c *Chunk) SetNote(key, text string) {
	if old, ok := c.Note(key); !ok || old != text {
		c.attributes[notePrefix+key] = text
	}
}

// forget removes the notes: the file is read from its beginning.
func (c *Chunk) forget() {
	for key := range c.attributes {
		if strings.HasPrefix(key, notePrefix) {
			delete(c.attributes, key)
		}
	}
}

// Before returns the decoded text of the file before the chunk.
func (c *Chunk) Before() (io.ReadCloser, error) {
	file, err := openFile(c.Path)
	if err != nil {
		return nil, err
	}
	if c.tailer.cfg.Compression != "" && isCompressed(file) {
		return nil, errors.Join(errors.New("the file is compressed"), file.Close())
	}
	in := io.LimitReader(file, c.Offsets[0])
	if c.tailer.encoding != nil {
		in = transform.NewReader(in, c.tailer.encoding.NewDecoder())
	}
	return struct {
		io.Reader
		io.Closer
	}{in, file}, nil
}

// decode returns a token as fileconsumer gives it.
func (t *Tailer) decode(token []byte) []byte {
	if t.encoding == nil {
		return token
	}
	// No decoder that can be configured fails: what it does not know is U+FFFD.
	text, _ := t.encoding.NewDecoder().Bytes(token)
	return text
}

// CutLength is how long a token without a line ending must be, in bytes of the
// file, to be a piece of a line that is too long.
func CutLength(cfg *Config) int64 {
	const unit = 4 // of no encoding is a code unit longer, see splitLines
	return int64(cfg.MaxLogSize) - (unit - 1)
}
