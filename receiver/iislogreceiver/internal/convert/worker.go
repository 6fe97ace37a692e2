// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package convert makes records of the lines of chunks, in batches, and has them
// delivered: it is where the rooms of the receiver meet.
package convert

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/rule"
	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/deliver"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/logonce"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/pushdown"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/record"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/telemetry"
)

// Settings say what records are made.
type Settings struct {
	Fields     record.FieldsConfig
	Client     record.ClientAddressConfig
	DecodePlus bool
	Body       bool // the line is the record's body
	DropErrors bool // lines that do not fit their header are counted only
	Offsets    bool // each record gets the place of its line
	Match      *rule.MatchConfig
	// DefaultFields are the columns of files without #Fields, "" for none.
	DefaultFields string
	Raw           bool           // bytes that are not UTF-8 are passed on
	Zone          *time.Location // of the times in the logs; nil: UTC
	// Chunks: a token is many lines, as they are in the file; else one line.
	Chunks bool
	// CutLength is how long a token without a line ending must be, in bytes of
	// the file, to be a piece of a line that is too long.
	CutLength               int64
	ScopeName, ScopeVersion string
}

// Converter makes records of lines and delivers them. It serves many files at
// once.
type Converter struct {
	Settings
	// Delivery is the context of deliveries; it outlives that of reading.
	delivery  context.Context
	deliverer *deliver.Deliverer
	meters    *telemetry.Meters
	logger    *zap.Logger
	now       func() time.Time

	run           string // different for each run of the receiver
	schemas       w3c.Cache
	defaultSchema *w3c.Schema
	plans         *record.PlanCache
	proxies       *record.Proxies
	once          logonce.Log
	workers       sync.Pool
}

// New returns a Converter that delivers with ctx.
func New(ctx context.Context, s Settings, d *deliver.Deliverer, m *telemetry.Meters, logger *zap.Logger, now func() time.Time) *Converter {
	c := &Converter{
		Settings: s, delivery: ctx, deliverer: d, meters: m, logger: logger, now: now,
		run:           strconv.FormatInt(time.Now().UnixNano(), 36) + "-",
		defaultSchema: w3c.ParseSchema(s.DefaultFields),
		plans:         record.NewPlanCache(s.Fields, s.Client.Header, s.Zone != nil),
		proxies:       record.NewProxies(s.Client),
	}
	c.workers.New = func() any { return newWorker(c) }
	return c
}

// worker reads the lines of one file at a time into records.
type worker struct {
	c      *Converter
	reader w3c.Reader
	mapper *record.Mapper
	batch  deliver.Batch
	// With match, lines pass the filter and are held until their batch is full.
	filter *pushdown.Filter // nil without match
	held   pushdown.Held
	tokens [][]byte // those that are being read
	token  int      // index of the one at hand

	// under is the block that the next line is in; nil where that is not known yet.
	under *pushdown.Block

	file file
	// from is the origin of the latest record: a line that cannot be read must
	// not look as if it came from elsewhere.
	from record.Origin
	// schema is the one that plan belongs to.
	schema *w3c.Schema
	plan   *record.Plan
	// ready is the schema that was last looked at for missing columns.
	ready  *w3c.Schema
	fields string
	stop   <-chan struct{}
	ranges
}

func newWorker(c *Converter) *worker {
	w := &worker{
		c:      c,
		reader: w3c.Reader{Schemas: &c.schemas, Default: c.defaultSchema, Raw: c.Raw, Lazy: c.Match != nil},
		mapper: record.NewMapper(c.DecodePlus, c.proxies, c.Zone),
		batch:  deliver.Batch{ScopeName: c.ScopeName, ScopeVersion: c.ScopeVersion},
	}
	if c.Match != nil {
		w.filter = pushdown.NewFilter(*c.Match, c.proxies, c.DecodePlus, c.Raw, c.Zone)
	}
	return w
}

// Handle makes records of the lines of a chunk, and returns when all were
// delivered, or when it is too late for that.
func (c *Converter) Handle(chunk *tail.Chunk) error {
	w := c.workers.Get().(*worker)
	defer func() {
		w.tokens = nil
		c.workers.Put(w)
	}()
	w.stop = chunk.Stop
	w.file = file{path: chunk.Path, site: record.SiteFromPath(chunk.Path), attrs: chunk.Attrs}
	for _, a := range chunk.Attrs {
		w.file.bytes += len(a.Key) + len(a.Value) + 16
	}
	origin, _ := chunk.Note(noteOrigin)
	w.from = record.OriginAt(origin, w.file.site)
	w.file.lacks, _ = chunk.Note(noteLacks)
	w.ranges.begin(chunk)
	if err := w.read(chunk, c.stateAt(chunk)); err != nil {
		return err
	}
	chunk.SetNote(noteState, w.reader.State().Encode())
	chunk.SetNote(noteOrigin, w.from.Text())
	if w.file.lacks != "" {
		chunk.SetNote(noteLacks, w.file.lacks)
	}
	return nil
}

func (w *worker) read(chunk *tail.Chunk, state w3c.State) error {
	w.reset()
	w.under = nil
	w.reader.Start(state)
	w.fields, w.ready = state.Fields, nil
	w.tokens = chunk.Tokens
	for i, token := range chunk.Tokens {
		w.token = i
		begin := chunk.Offsets[i]
		w.reader.Feed(asString(token), w.c.end(token, chunk.Offsets[i+1]-begin))
		for l := w.reader.Next(); l != nil; l = w.reader.Next() {
			at, end := begin, chunk.Offsets[i+1]
			if w.c.Chunks {
				at, end = begin+int64(l.Offset), begin+int64(l.End)
			}
			if l.Kind == w3c.Record || l.Kind == w3c.Bad {
				w.ranges.identify(chunk, end)
			}
			if at < chunk.Known {
				w.fields = w.reader.State().Fields
				continue
			}
			if err := w.line(l, at, end); err != nil {
				return err
			}
			if w.batch.Records+len(w.held.Lines) >= deliver.MaxRecords {
				if err := w.deliver(); err != nil {
					return err
				}
			}
		}
	}
	return w.deliver()
}

// end tells how a token ends, from its length in the file.
func (c *Converter) end(token []byte, length int64) w3c.End {
	if len(token) == 0 {
		return w3c.EndWhole // some encodings have bytes that decode to nothing
	}
	switch last := token[len(token)-1:]; {
	case string(last) == "\n", c.Chunks && string(last) == "\r":
		return w3c.EndWhole
	case length >= c.CutLength:
		return w3c.EndCut
	default:
		return w3c.EndFlushed
	}
}

// asString makes a string of a token without a copy. fileconsumer makes the
// bytes of every token anew and does not touch them again.
func asString(token []byte) string {
	return unsafe.String(unsafe.SliceData(token), len(token)) //nolint:gosec // see above
}

func (w *worker) line(l *w3c.Line, at, end int64) error {
	w.batch.Counts.Kinds[l.Kind]++
	switch l.Kind {
	case w3c.Record:
		w.enter(l.Schema)
		if w.filter != nil {
			w.hold(l, at, end)
			return nil
		}
		if err := w.room(w.under.Plan.Size(size(l.Text), w.c.Body)); err != nil {
			return err
		}
		w.from = record.OriginOf(l, w.under.Plan, w.file.site)
		w.record(l, w.under, at, end, w.from)
	case w3c.Bad:
		return w.bad(l, at, end)
	case w3c.Directive:
		w.under = nil
		if isFields(l.Text) {
			w.batch.Counts.Headers++
		}
		if f := w.reader.State().Fields; f != w.fields {
			w.fields = f
			w.batch.Counts.Changes++
		}
	case w3c.Blank:
	}
	return nil
}

// size is at most how many bytes the text of a line takes where it is valid
// UTF-8: a byte that is not becomes three.
func size(text string) int {
	if utf8.ValidString(text) {
		return len(text)
	}
	return 3 * len(text)
}

// room sends what is there if a record of so many bytes has no room beside it.
func (w *worker) room(bytes int) error {
	bytes += w.file.bytes
	if w.batch.Records > 0 && w.batch.Bytes+bytes > deliver.MaxBytes {
		if err := w.send(); err != nil {
			return err
		}
	}
	w.batch.Bytes += bytes
	return nil
}

// isFields tells whether a directive is the one that a header block is known by.
func isFields(directive string) bool {
	const name = "#Fields:"
	return len(directive) >= len(name) && strings.EqualFold(directive[:len(name)], name)
}

func (w *worker) planFor(s *w3c.Schema) *record.Plan {
	if s != w.schema || w.plan == nil {
		w.schema, w.plan = s, w.c.plans.Get(s)
	}
	if s != w.ready {
		w.ready = s
		w.c.sayMissing(&w.file, s, w.plan)
	}
	return w.plan
}

// enter sees to it that under is the block of the next line.
func (w *worker) enter(s *w3c.Schema) {
	if w.under != nil {
		return
	}
	state := w.reader.State()
	w.under = &pushdown.Block{Schema: s, Plan: w.planFor(s), BaseDate: state.Date, Quoted: state.Quoted}
	if w.filter != nil {
		w.filter.Begin(w.under.Plan)
	}
}

// record makes the record of a line.
func (w *worker) record(l *w3c.Line, b *pushdown.Block, at, end int64, from record.Origin) {
	lr := w.batch.Add(from)
	lr.Attributes().EnsureCapacity(b.Plan.Attrs(l.Values) + len(w.file.attrs) + 1)
	w.fileAttributes(lr, at)
	if !w.mapper.Fill(lr, l, b.Plan, b.BaseDate) {
		w.batch.Counts.Problems[telemetry.BadValue]++
	}
	if w.c.Body {
		lr.Body().SetStr(b.Plan.Body(l, b.Quoted))
	}
	w.ranges.answer(lr, end)
}

// hold passes a line through the filter. What comes of it is settled when the
// batch is full.
func (w *worker) hold(l *w3c.Line, at, end int64) {
	from, nanos, fate, stage := w.filter.Line(l, w.file.site, w.under.BaseDate)
	w.from = from
	if nanos > int64(w.batch.Observed) && fate == pushdown.Drop {
		fate = pushdown.Keep // rare_client counts records of the future, and moves them to its present
	}
	w.held.Add(pushdown.Line{
		Token: w.token, Start: l.Offset, Size: len(l.Text), At: at, End: end, Nanos: nanos, Stage: stage, Fate: fate,
	}, w.under, from)
}

// settle makes the records of the held lines that are sent.
func (w *worker) settle() error {
	w.held.Settle(&w.batch.Counts.Dropped)
	for i := range w.held.Lines {
		h := &w.held.Lines[i]
		from := w.held.Origins[h.Origin]
		switch {
		case h.Dropped():
			w.batch.Counts.Kinds[w3c.Record]--
		case h.Bad:
			if err := w.room(record.ErrorSize(&w.held.Errors[h.Token].Body)); err != nil {
				return err
			}
			w.errorRecord(w.held.Errors[h.Token], h.At, h.End, from)
		default:
			b := w.held.Blocks[h.Block]
			l := w3c.Line{Text: asString(w.tokens[h.Token])[h.Start : h.Start+h.Size], Schema: b.Schema}
			if err := w.room(b.Plan.Size(size(l.Text), w.c.Body)); err != nil {
				return err
			}
			w.reader.Cut(&l, b.Quoted)
			w.record(&l, b, h.At, h.End, from)
		}
	}
	return nil
}

// bad counts a line that could not be given its columns, and sends it as an
// error record.
func (w *worker) bad(l *w3c.Line, at, end int64) error {
	w.batch.Counts.Problems[l.Problem]++
	if l.Problem == w3c.NoFields {
		w.c.sayNoFields(&w.file, w.reader.State(), l.Text)
	}
	if w.c.DropErrors {
		w.ranges.dropped++
		return nil
	}
	secrets := false
	if fields := w.reader.State().Fields; fields != "" {
		secrets = w.planFor(w.c.schemas.Get(fields)).Redacts()
	} else if s := w.c.defaultSchema; s != nil {
		secrets = w.planFor(s).Redacts()
	}
	e := pushdown.ErrorLine{Body: record.ErrorBody(l.Text, secrets), Problem: l.Describe()}
	if w.filter != nil {
		w.held.AddError(e, at, end, w.from)
		return nil
	}
	if err := w.room(record.ErrorSize(&e.Body)); err != nil {
		return err
	}
	w.errorRecord(e, at, end, w.from)
	return nil
}

// errorRecord makes the record of a line that could not be given its columns.
func (w *worker) errorRecord(e pushdown.ErrorLine, at, end int64, from record.Origin) {
	lr := w.batch.Add(from)
	lr.SetSeverityNumber(plog.SeverityNumberWarn)
	lr.SetSeverityText("WARN")
	lr.Body().SetStr(e.Body)
	lr.Attributes().EnsureCapacity(len(w.file.attrs) + 3)
	w.fileAttributes(lr, at)
	lr.Attributes().PutStr(attr.IISParseError, e.Problem)
	w.ranges.answer(lr, end)
}

func (w *worker) fileAttributes(lr plog.LogRecord, at int64) {
	for _, a := range w.file.attrs {
		lr.Attributes().PutStr(a.Key, a.Value)
	}
	if w.c.Offsets {
		lr.Attributes().PutInt(tail.AttrOffset, at)
	}
}

// deliver sends what was collected and begins anew.
func (w *worker) deliver() error {
	if err := w.settle(); err != nil {
		return err
	}
	if err := w.send(); err != nil {
		return err
	}
	w.c.meters.Add(w.c.delivery, &w.batch.Counts)
	w.reset()
	return nil
}

// send sends the records that were made. What was counted goes on.
func (w *worker) send() error {
	ctx := w.c.delivery
	var refused error
	if w.batch.Records > 0 {
		var err error
		if refused, err = w.c.deliverer.Send(ctx, w.stop, w.batch.Logs); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		w.batch.Next()
	}
	w.ranges.delivered(refused)
	return nil
}

func (w *worker) reset() {
	w.batch.Reset(w.c.now())
	w.held.Reset()
}
