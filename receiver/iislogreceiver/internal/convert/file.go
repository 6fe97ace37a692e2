// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"context"
	"hash/crc32"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/w3c"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/record"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// What is kept with a file's offset.
const (
	noteState  = "w3c.state" // the state of the format
	noteOrigin = "origin"    // the origin of the latest record
	// noteLacks: the columns that the file's header lacks were counted. It holds
	// for one run of the receiver.
	noteLacks = "lacks"
)

// file is what is known of a file while a chunk of it is read.
type file struct {
	path, site string
	attrs      []tail.Attr
	bytes      int    // that attrs take in each record
	lacks      string // what is kept as noteLacks
}

// stateAt returns the state at the beginning of a chunk: the saved one, or, if
// there is none (reading began at the file's end, or with an older checkpoint),
// what the part of the file before the chunk says.
func (c *Converter) stateAt(chunk *tail.Chunk) w3c.State {
	if text, ok := chunk.Note(noteState); ok {
		state, err := w3c.DecodeState(text)
		if err == nil {
			return state
		}
		c.logger.Warn("The saved #Fields of a file cannot be read; they are looked for in the file", zap.String("path", chunk.Path), zap.Error(err))
	}
	offset := chunk.Offsets[0]
	if offset == 0 {
		return w3c.State{}
	}
	state, err := c.scan(chunk)
	if err != nil {
		c.logger.Warn("Reading begins within a file, and its #Fields cannot be found; its lines are errors until the next #Fields, unless default_fields is set",
			zap.String("path", chunk.Path), zap.Int64("offset", offset), zap.Error(err))
		return w3c.State{}
	}
	return state
}

// scan reads a file from its beginning to a chunk.
func (c *Converter) scan(chunk *tail.Chunk) (w3c.State, error) {
	before, err := chunk.Before()
	if err != nil {
		return w3c.State{}, err
	}
	defer before.Close()
	return w3c.Scan(before, &c.schemas)
}

// sayNoFields tells the log, once for a file, why its lines are errors.
func (c *Converter) sayNoFields(f *file, state w3c.State, line string) {
	text := "A file has no #Fields directive, so its lines cannot be given their columns; set default_fields if you know them"
	switch {
	case state.Directives:
		text = "A file has directives but no #Fields among them, so its lines cannot be given their columns; set default_fields if you know them"
	case strings.Count(line, ", ") > 3:
		text = "A file is not in the W3C format (it looks like the IIS native format, whose values are separated by commas); choose W3C as the site's log format, or exclude the file"
	}
	if c.once.First(f.path+"\x00"+text, c.now(), 0) {
		c.logger.Warn(text, zap.String("path", f.path))
	}
}

// sayNoTime tells the log, once for a folder, that its lines cannot be dated: they
// are error records, and never lines of now.
func (c *Converter) sayNoTime(f *file, p *record.Plan) {
	var text string
	switch {
	case p.Local:
		text = "A log has the server's local time only (date-local, time-local), so its lines are errors; set timezone to the server's, such as Europe/Berlin, or log date and time as well"
	case p.Time < 0:
		text = "A log has no time column, so its lines are errors; switch on Date and Time in IIS Manager, under Logging, Select Fields"
	default:
		return
	}
	folder := f.path[:strings.LastIndexAny(f.path, `/\`)+1]
	if c.once.First(folder+"\x00"+text, c.now(), 0) {
		c.logger.Warn(text, zap.String("path", f.path))
	}
}

// sayMissing counts the columns that a file lacks, once for each header of it,
// and tells the log which to switch on, once for each folder: the files of a
// site mostly have the same header.
func (c *Converter) sayMissing(f *file, s *w3c.Schema, p *record.Plan) {
	c.sayNoTime(f, p)
	missing := p.Missing
	if len(missing) == 0 {
		return
	}
	counted := c.run + strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(s.Text()))), 36)
	folder := f.path[:strings.LastIndexAny(f.path, `/\`)+1]
	for _, n := range missing {
		if f.lacks != counted {
			c.meters.ReceiverIisLogMissingColumns.Add(context.Background(), 1, metric.WithAttributes(attribute.String("column", n.Name)))
		}
		if !c.once.First(folder+"\x00"+n.Name, c.now(), 0) {
			continue
		}
		c.logger.Warn("A log lacks a column that detections need; switch it on in IIS Manager, under Logging, Select Fields",
			zap.String("path", f.path), zap.String("column", n.Name), zap.String("field", n.Title))
	}
	f.lacks = counted
}
