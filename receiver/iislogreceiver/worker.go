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
		reader: w3c.Reader{Schemas: &r.schemas, Default: r.defaultSchema, Raw: isRaw(r.cfg.Encoding)},
		mapper: mapper{decodePlus: r.cfg.DecodePlus, proxies: r.proxies},
		batch:  batch{scopeName: r.scopeName, scopeVersion: r.scopeVersion},
	}
}

// emit is fileconsumer's callback: it returns when the lines of all tokens
// were delivered, or when it is too late for that.
func (r *iisReceiver) emit(ctx context.Context, tokens [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
	if len(tokens) == 0 {
		return nil
	}
	w := r.workers.Get().(*worker)
	defer r.workers.Put(w)
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
	w.batch.reset(w.r.now())
	w.reader.Start(w.file.state)
	w.fields, w.ready = w.file.state.Fields, nil
	for i, token := range tokens {
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
			if w.batch.records >= maxRecords {
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
		w.record(l, at)
	case w3c.Bad:
		w.bad(l, at)
	case w3c.Directive:
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

func (w *worker) record(l *w3c.Line, at int64) {
	p := w.planFor(l.Schema)
	w.from = originOf(l, p, w.file.site)
	lr := w.batch.add(w.from)
	lr.Attributes().EnsureCapacity(p.attrs + len(w.file.attrs))
	w.fileAttributes(lr, at)
	state := w.reader.State()
	if !w.mapper.fill(lr, l, p, state.Date) {
		w.batch.counts.problems[badValue]++
	}
	if w.r.cfg.Body == BodyOriginal {
		lr.Body().SetStr(p.body(l, state.Quoted))
	}
}

// bad makes the record of a line that could not be given its columns.
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
	lr := w.batch.add(w.from)
	lr.SetSeverityNumber(plog.SeverityNumberWarn)
	lr.SetSeverityText("WARN")
	lr.Body().SetStr(errorBody(l.Text, secrets))
	lr.Attributes().EnsureCapacity(len(w.file.attrs) + 2)
	w.fileAttributes(lr, at)
	lr.Attributes().PutStr(attrParseError, l.Describe())
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
	if w.batch.records > 0 {
		if err := w.r.deliverer.send(ctx, w.stop, w.batch.logs); err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
	}
	w.r.meters.add(ctx, &w.batch.counts)
	w.batch.reset(w.r.now())
	return nil
}
