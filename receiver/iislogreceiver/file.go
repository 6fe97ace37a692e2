// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"errors"
	"io"
	"slices"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/text/transform"

	"github.com/iishunt/iishunt/internal/w3c"
)

// stateKey is where the state of the format is kept in the map that
// fileconsumer saves with a file's offset. It is never copied into a record.
const stateKey = "iishunt.w3c.state"

// originKey is where the origin of a file's latest record is kept, likewise.
const originKey = "iishunt.origin"

// lacksKey is where it is kept, likewise, that the columns which the file's
// header lacks were counted. It holds for one run of the receiver.
const lacksKey = "iishunt.lacks"

// logFile is what is known of a file while a batch of its tokens is read.
type logFile struct {
	path, site string
	// attrs are the attributes that each of its records gets.
	attrs []fileAttr
	// state is that at the first token.
	state w3c.State
	// lacks is what is kept under lacksKey.
	lacks string
	// known is the place up to which the lines were delivered before.
	known int64
}

type fileAttr struct{ key, value string }

// describe collects what the attributes of a file say about it.
func (r *iisReceiver) describe(attributes map[string]any) logFile {
	var f logFile
	for key, v := range attributes {
		value, ok := v.(string)
		if !ok || !strings.HasPrefix(key, "log.file.") {
			continue
		}
		if key == attrFilePath {
			f.path = value
			if !r.cfg.IncludeFilePath {
				continue
			}
		}
		f.attrs = append(f.attrs, fileAttr{key, w3c.Repair(value)})
	}
	slices.SortFunc(f.attrs, func(a, b fileAttr) int { return strings.Compare(a.key, b.key) })
	f.site = siteFromPath(f.path)
	return f
}

// stateAt returns the state at an offset of a file: the saved one, or, if there
// is none (reading began at the file's end, or with an older checkpoint), what
// the part of the file before the offset says.
func (r *iisReceiver) stateAt(f *logFile, saved any, offset int64) w3c.State {
	if text, ok := saved.(string); ok {
		state, err := w3c.DecodeState(text)
		if err == nil {
			return state
		}
		r.logger.Warn("The saved #Fields of a file cannot be read; they are looked for in the file", zap.String("path", f.path), zap.Error(err))
	}
	if offset == 0 {
		return w3c.State{}
	}
	state, err := r.scan(f.path, offset)
	if err != nil {
		r.logger.Warn("Reading begins within a file, and its #Fields cannot be found; its lines are errors until the next #Fields, unless default_fields is set",
			zap.String("path", f.path), zap.Int64("offset", offset), zap.Error(err))
		return w3c.State{}
	}
	return state
}

// scan reads a file from its beginning to an offset.
func (r *iisReceiver) scan(path string, offset int64) (w3c.State, error) {
	file, err := openFile(path)
	if err != nil {
		return w3c.State{}, err
	}
	defer file.Close()
	if r.cfg.Compression != "" && isCompressed(file) {
		return w3c.State{}, errors.New("the file is compressed")
	}
	in := io.LimitReader(file, offset)
	if r.encoding != nil {
		in = transform.NewReader(in, r.encoding.NewDecoder())
	}
	return w3c.Scan(in, &r.schemas)
}

// isCompressed tells whether a file is a gzip archive.
func isCompressed(file io.ReaderAt) bool {
	magic := make([]byte, 2)
	_, err := file.ReadAt(magic, 0)
	return err == nil && magic[0] == 0x1f && magic[1] == 0x8b
}

// decode returns a token as fileconsumer gives it.
func (r *iisReceiver) decode(token []byte) []byte {
	if r.encoding == nil {
		return token
	}
	// No decoder that can be configured fails: what it does not know is U+FFFD.
	text, _ := r.encoding.NewDecoder().Bytes(token)
	return text
}

// sayNoFields tells the log, once for a file, why its lines are errors.
func (r *iisReceiver) sayNoFields(f *logFile, state w3c.State, line string) {
	text := "A file has no #Fields directive, so its lines cannot be given their columns; set default_fields if you know them"
	switch {
	case state.Directives:
		text = "A file has directives but no #Fields among them, so its lines cannot be given their columns; set default_fields if you know them"
	case strings.Count(line, ", ") > 3:
		text = "A file is not in the W3C format (it looks like the IIS native format, whose values are separated by commas); choose W3C as the site's log format, or exclude the file"
	}
	if r.said.first(f.path+"\x00"+text, r.now(), 0) {
		r.logger.Warn(text, zap.String("path", f.path))
	}
}

// endsUnused tells whether the last byte of a file is NUL: IIS has it open and
// will write there.
func endsUnused(path string) bool {
	file, err := openFile(path)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := []byte{1}
	_, err = file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] == 0
}
