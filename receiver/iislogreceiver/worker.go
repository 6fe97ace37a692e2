// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"context"
	"errors"
	"strings"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/w3c"
)

// worker reads the tokens of one file at a time into records.
type worker struct {
	r      *iisReceiver
	reader w3c.Reader
	mapper mapper
	batch  batch
	// With match, lines pass the sieve and are held until their batch is full.
	sieve  *sieve // nil without match
	held   heldLines
	tokens [][]byte // those that are being read
	token  int      // index of the one at hand

	// under is the block that the next line is in; nil where that is not known yet.
	under *block

	file logFile
	// from is the origin of the latest record: a line that cannot be read must
	// not look as if it came from elsewhere.
	from origin
	// schema is the one that plan belongs to.
	schema *w3c.Schema
	plan   *plan
	// ready is the schema that was last looked at for missing columns.
	ready  *w3c.Schema
	fields string
	stop   <-chan struct{}
}

func newWorker(r *iisReceiver) *worker {
	return &worker{
		r:      r,
		reader: w3c.Reader{Schemas: &r.schemas, Default: r.defaultSchema, Raw: isRaw(r.cfg.Encoding), Lazy: r.cfg.Match != nil},
		mapper: mapper{decodePlus: r.cfg.DecodePlus, proxies: r.proxies},
		batch:  batch{scopeName: r.scopeName, scopeVersion: r.scopeVersion},
		sieve:  newSieve(r.cfg, r.proxies),
	}
}

// emit is fileconsumer's callback: it returns when the lines of all tokens
// were delivered, or when it is too late for that.
func (r *iisReceiver) emit(ctx context.Context, tokens [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
	if len(tokens) == 0 {
		return nil
	}
	w := r.workers.Get().(*worker)
	defer func() {
		w.tokens = nil
		r.workers.Put(w)
	}()
	w.stop = ctx.Done()
	w.file = r.describe(attributes)
	w.from = originAt(attributes[originKey], w.file.site)
	w.file.lacks, _ = attributes[lacksKey].(string)
	w.file.state = r.stateAt(&w.file, attributes[stateKey], offsets[0])
	before := w.file.state
	defer r.young.lock(w.file.path)()
	if err := w.readFile(attributes[placeKey], tokens, offsets); err != nil {
		r.abandon(w.file.path, err)
		return nil
	}
	if state := w.reader.State(); state != before || attributes[stateKey] == nil {
		attributes[stateKey] = state.Encode()
	}
	if text := w.from.site + "\n" + w.from.host; attributes[originKey] != text {
		attributes[originKey] = text
	}
	if w.file.lacks != "" {
		attributes[lacksKey] = w.file.lacks
	}
	attributes[placeKey] = r.place(w.file.path, tokens, offsets)
	return nil
}

// abandon makes sure that lines which were not delivered are read again after
// a restart.
func (r *iisReceiver) abandon(path string, err error) {
	if r.checkpoint != nil {
		r.checkpoint.freeze()
		r.logger.Info("Stopped before all lines were delivered; they are read again after the restart", zap.String("path", path), zap.Error(err))
		return
	}
	r.logger.Warn("Stopped before all lines were delivered; set storage, so that they are read again after a restart", zap.String("path", path), zap.Error(err))
}

func (w *worker) read(tokens [][]byte, offsets []int64) error {
	w.reset()
	w.under = nil
	w.reader.Start(w.file.state)
	w.fields, w.ready = w.file.state.Fields, nil
	w.tokens = tokens
	for i, token := range tokens {
		w.token = i
		w.reader.Feed(asString(token), w.r.end(token, offsets[i+1]-offsets[i]))
		for l := w.reader.Next(); l != nil; l = w.reader.Next() {
			at := offsets[i]
			if w.r.chunks {
				at += int64(l.Offset)
			}
			if at < w.file.known {
				w.fields = w.reader.State().Fields
				continue
			}
			w.line(l, at)
			if w.batch.records+len(w.held.lines) >= maxRecords {
				if err := w.deliver(); err != nil {
					return err
				}
			}
		}
	}
	return w.deliver()
}

// end tells how a token ends, from its length in the file.
func (r *iisReceiver) end(token []byte, length int64) w3c.End {
	if len(token) == 0 {
		return w3c.EndWhole // some encodings have bytes that decode to nothing
	}
	switch last := token[len(token)-1:]; {
	case string(last) == "\n", r.chunks && string(last) == "\r":
		return w3c.EndWhole
	case length >= r.cutLength:
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

func (w *worker) line(l *w3c.Line, at int64) {
	w.batch.counts.kinds[l.Kind]++
	switch l.Kind {
	case w3c.Record:
		w.enter(l.Schema)
		if w.sieve != nil {
			w.hold(l, at)
			return
		}
		w.from = originOf(l, w.under.plan, w.file.site)
		w.record(l, w.under, at, w.from)
	case w3c.Bad:
		w.bad(l, at)
	case w3c.Directive:
		w.under = nil
		if isFields(l.Text) {
			w.batch.counts.headers++
		}
		if f := w.reader.State().Fields; f != w.fields {
			w.fields = f
			w.batch.counts.changes++
		}
	case w3c.Blank:
	}
}

// isFields tells whether a directive is the one that a header block is known by.
func isFields(directive string) bool {
	const name = "#Fields:"
	return len(directive) >= len(name) && strings.EqualFold(directive[:len(name)], name)
}

func (w *worker) planFor(s *w3c.Schema) *plan {
	if s != w.schema || w.plan == nil {
		w.schema, w.plan = s, w.r.plans.get(s)
	}
	if s != w.ready {
		w.ready = s
		w.r.sayMissing(&w.file, s, w.plan.missing)
	}
	return w.plan
}

// enter sees to it that under is the block of the next line.
func (w *worker) enter(s *w3c.Schema) {
	if w.under != nil {
		return
	}
	state := w.reader.State()
	w.under = &block{s, w.planFor(s), state.Date, state.Quoted}
	if w.sieve != nil {
		w.sieve.begin(w.under.plan)
	}
}

// record makes the record of a line.
func (w *worker) record(l *w3c.Line, b *block, at int64, from origin) {
	lr := w.batch.add(from)
	lr.Attributes().EnsureCapacity(b.plan.attrs(l.Values) + len(w.file.attrs))
	w.fileAttributes(lr, at)
	if !w.mapper.fill(lr, l, b.plan, b.baseDate) {
		w.batch.counts.problems[badValue]++
	}
	if w.r.cfg.Body == BodyOriginal {
		lr.Body().SetStr(b.plan.body(l, b.quoted))
	}
}

// hold passes a line through the sieve. What comes of it is settled when the
// batch is full.
func (w *worker) hold(l *w3c.Line, at int64) {
	from, nanos, fate, stage := w.sieve.line(l, w.file.site, w.under.baseDate)
	w.from = from
	if nanos > int64(w.batch.observed) && fate == drop {
		fate = keep // rare_client counts records of the future, and moves them to its present
	}
	w.held.add(heldLine{
		token: w.token, start: l.Offset, size: len(l.Text), at: at, nanos: nanos, stage: stage, fate: fate,
	}, w.under, from)
}

// settle makes the records of the held lines that are sent.
func (w *worker) settle() {
	w.held.settle(&w.batch.counts.dropped)
	for i := range w.held.lines {
		h := &w.held.lines[i]
		from := w.held.origins[h.origin]
		switch {
		case h.dropped():
			w.batch.counts.kinds[w3c.Record]--
		case h.bad:
			w.errorRecord(w.held.errors[h.token], h.at, from)
		default:
			b := w.held.blocks[h.block]
			l := w3c.Line{Text: asString(w.tokens[h.token])[h.start : h.start+h.size], Schema: b.schema}
			w.reader.Cut(&l, b.quoted)
			w.record(&l, b, h.at, from)
		}
	}
}

// bad counts a line that could not be given its columns, and sends it as an
// error record.
func (w *worker) bad(l *w3c.Line, at int64) {
	w.batch.counts.problems[l.Problem]++
	if l.Problem == w3c.NoFields {
		w.r.sayNoFields(&w.file, w.reader.State(), l.Text)
	}
	if w.r.cfg.OnError == OnErrorDrop {
		return
	}
	secrets := false
	if fields := w.reader.State().Fields; fields != "" {
		secrets = len(w.planFor(w.r.schemas.Get(fields)).redact) > 0
	} else if s := w.r.defaultSchema; s != nil {
		secrets = len(w.planFor(s).redact) > 0
	}
	e := errorLine{errorBody(l.Text, secrets), l.Describe()}
	if w.sieve == nil {
		w.errorRecord(e, at, w.from)
		return
	}
	w.held.addError(e, at, w.from)
}

// errorRecord makes the record of a line that could not be given its columns.
func (w *worker) errorRecord(e errorLine, at int64, from origin) {
	lr := w.batch.add(from)
	lr.SetSeverityNumber(plog.SeverityNumberWarn)
	lr.SetSeverityText("WARN")
	lr.Body().SetStr(e.body)
	lr.Attributes().EnsureCapacity(len(w.file.attrs) + 2)
	w.fileAttributes(lr, at)
	lr.Attributes().PutStr(attrParseError, e.problem)
}

func (w *worker) fileAttributes(lr plog.LogRecord, at int64) {
	for _, a := range w.file.attrs {
		lr.Attributes().PutStr(a.key, a.value)
	}
	if w.r.cfg.IncludeFileRecordOffset {
		lr.Attributes().PutInt(attrOffset, at)
	}
}

// deliver sends what was collected and begins anew.
func (w *worker) deliver() error {
	ctx := w.r.delivery
	w.settle()
	if w.batch.records > 0 {
		if err := w.r.deliverer.send(ctx, w.stop, w.batch.logs); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
	}
	w.r.meters.add(ctx, &w.batch.counts)
	w.reset()
	return nil
}

func (w *worker) reset() {
	w.batch.reset(w.r.now())
	w.held.reset()
}
