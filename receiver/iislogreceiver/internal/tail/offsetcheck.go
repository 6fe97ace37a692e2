// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/account"
)

// errUnreadable says that a file which was found cannot be read.
var errUnreadable = errors.New("the file cannot be read")

// placeKey is where it is kept, beside a file's state, what stands before its
// offset.
const placeKey = "iishunt.place"

// placeBytes is how much of that is compared; at least, where bytes have to be
// decoded, because that is done for whole tokens.
const placeBytes = 4096

// place describes the end of what was read of a file: how long it is in the
// file, the hash of what it says, and the file's path.
//
// fileconsumer knows a file by its first bytes, and goes on behind the offset
// that it has for these. Two things make this offset a wrong one, so that lines
// would be lost or broken. While IIS has new files of several sites open their
// first bytes can be the same, a header and unused space, and one file is given
// the offset of another. And a file can be cut off behind its first bytes and
// written on.
//
// What cannot be noticed, because fileconsumer gives no tokens then: what is
// written into a file that was cut off, until it is longer than it was; and a
// file that is the same as another one up to its end or the fingerprint's. The
// first waits until it differs, the second for ever.
func (t *Tailer) place(path string, tokens [][]byte, offsets []int64) string {
	n := len(tokens)
	first := n - 1
	for first > 0 && offsets[n]-offsets[first] < placeBytes {
		first--
	}
	length, skip := offsets[n]-offsets[first], 0
	if t.encoding == nil && length > placeBytes {
		skip = int(length - placeBytes)
		length = placeBytes
	}
	h := hash(0, tokens[first][skip:])
	for _, token := range tokens[first+1:] {
		h = hash(h, token)
	}
	return fmt.Sprintf("%d %08x %s", length, h, path)
}

// misplaced opens a file if its offset is a wrong one: what stands before it is
// not what was read there, or it is that of another file. It returns nil if the
// offset is right, or if nobody can say.
func (t *Tailer) misplaced(c *Chunk, tokens [][]byte, offsets []int64) (wrong *os.File, cutOff bool) {
	m, ok := t.mark(c, offsets[0])
	if !ok || offsets[0] == 0 {
		return nil, false
	}
	n := len(tokens)
	at, path := c.Path, m.path
	file, err := openFile(at)
	if err != nil {
		return nil, false
	}
	switch {
	case t.cfg.Compression != "" && isCompressed(file):
	case t.isAt(file, m.end-m.length, m.length, m.hash) && !t.isAnother(c, file, path, m.end):
	case !t.isAt(file, offsets[n-1], offsets[n]-offsets[n-1], hash(0, tokens[n-1])):
		// What was read last is not in the file that the path leads to by now:
		// the one that is being read was moved, and of that nothing is known.
	default:
		if path == at {
			t.sayCutOff(path)
		}
		return file, path == at
	}
	_ = file.Close() // it was only read
	return nil, false
}

// sayCutOff tells the log, once for a file, why lines come twice.
func (t *Tailer) sayCutOff(path string) {
	if t.once.First(path+"\x00cut off", t.now(), 0) {
		t.logger.Warn("A file was cut off and written on; it is read from its beginning again, and lines that were read before come twice", zap.String("path", path))
	}
}

// isAt tells whether a part of a file has the given hash, once it is decoded.
func (t *Tailer) isAt(file *os.File, offset, length int64, want uint32) bool {
	part := make([]byte, length)
	if _, err := file.ReadAt(part, offset); err != nil {
		return false
	}
	if t.encoding == nil {
		return hash(0, part) == want
	}
	// Line by line, as it was decoded before: some encodings have a state.
	var h uint32
	scanner := t.tokens(bytes.NewReader(part))
	for scanner.Scan() {
		h = hash(h, t.decode(scanner.Bytes()))
	}
	return h == want
}

// tokens cuts a part of a file, up to its end, into tokens that are not decoded yet.
func (t *Tailer) tokens(in io.Reader) *bufio.Scanner {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, t.cfg.InitialBufferSize), int(t.cfg.MaxLogSize))
	at := func([]byte) bool { return true }
	// The configuration was checked, so there is no error.
	split, _ := splitFor(t.cfg, tails{due: at, settled: at})
	scanner.Split(split)
	return scanner
}

// isAnother tells whether an offset was made in another file that begins with
// the same lines, which it may while it is as short as the fingerprint. The
// number of a file tells; where it is not known, and the other one still stands
// under its path, this is no rename.
//
// Beyond the fingerprint two files that are the same up to the offset cannot be
// told from a file and its copy; they count as one.
func (t *Tailer) isAnother(c *Chunk, file *os.File, other string, offset int64) bool {
	if other == c.Path || offset > int64(t.cfg.FingerprintSize) {
		return false
	}
	if text, ok := c.Note(noteNumber); ok {
		n, _ := parseNumber(text)
		return n != account.NumberOfFile(file)
	}
	there, err := os.Stat(other)
	if err != nil {
		return false
	}
	this, err := file.Stat()
	return err == nil && !os.SameFile(this, there)
}

// read gives the tokens of a file to the handler, or, if their offset is a wrong
// one, all of the file up to their end.
func (t *Tailer) read(c *Chunk, tokens [][]byte, offsets []int64) error {
	if file, cutOff := t.misplaced(c, tokens, offsets); file != nil {
		defer file.Close()
		c.forget()
		c.cutOff = cutOff
		err := t.readWhole(c, file, offsets[len(tokens)])
		if !errors.Is(err, errUnreadable) {
			return err
		}
		// The tokens at least are there, under the last header that was seen.
		t.logger.Error("A part of a file cannot be read; its lines are lost", zap.String("path", c.Path), zap.Error(err))
	}
	return t.readOn(c, tokens, offsets)
}

// readOn gives tokens to the handler, and says which of their lines are known to
// have been delivered.
func (t *Tailer) readOn(c *Chunk, tokens [][]byte, offsets []int64) error {
	c.Tokens, c.Offsets = tokens, offsets
	c.Known = t.short.known(c.Path, tokens, offsets)
	c.number, c.archive = t.number(c, tokens, offsets)
	err := t.handle(c)
	if err == nil {
		t.short.read(c.Path, tokens, offsets, c.Known)
	}
	return err
}

// readWhole reads a file from its beginning up to an offset. It returns
// errUnreadable if the file cannot be read.
func (t *Tailer) readWhole(c *Chunk, file io.ReaderAt, end int64) error {
	scanner := t.tokens(io.NewSectionReader(file, 0, end))
	for offset, more := int64(0), true; more; {
		var tokens [][]byte
		offsets := []int64{offset}
		// As much at a time as shortFiles needs in order to know the file.
		for offset-offsets[0] <= int64(t.cfg.FingerprintSize)+shortBytes {
			if more = scanner.Scan(); !more {
				break
			}
			token := bytes.Clone(scanner.Bytes())
			offset += int64(len(token))
			offsets = append(offsets, offset)
			tokens = append(tokens, t.decode(token))
		}
		if len(tokens) == 0 {
			break
		}
		if err := t.readOn(c, tokens, offsets); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return nil
}
