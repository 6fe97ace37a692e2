// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// placeKey is where it is kept, beside a file's state, what stands before its
// offset.
const placeKey = "iishunt.place"

// placeBytes is how much of that is compared.
const placeBytes = 512

// place describes the end of what was read of a file. fileconsumer knows a file
// by its first bytes; while IIS has new files of several sites open these can be
// the same, a header and unused space, and one file is given the offset of
// another. Read on from there, lines would be lost or broken.
func place(path string, token []byte) string {
	tail := token[max(0, len(token)-placeBytes):]
	return fmt.Sprintf("%d %08x %s", len(tail), hash(0, tail), path)
}

// misplaced tells whether an offset is another file's: it was made under another
// path, and what stands before it is not what was read there.
func (r *iisReceiver) misplaced(f *logFile, saved any, offset int64) bool {
	text, ok := saved.(string)
	if !ok || offset == 0 || !r.chunks || r.cfg.Compression != "" || strings.HasSuffix(text, " "+f.path) {
		return false
	}
	var length int64
	var want uint32
	if _, err := fmt.Sscanf(text, "%d %08x", &length, &want); err != nil || length > offset || length > placeBytes {
		return false
	}
	file, err := os.Open(f.path)
	if err != nil {
		return false
	}
	defer file.Close()
	// A file that is as short as this can have begun with the same lines. If the
	// other one still stands under its path, this is no rename.
	if _, other, ok := strings.Cut(text[strings.IndexByte(text, ' ')+1:], " "); ok && offset <= int64(r.cfg.FingerprintSize) && twoFiles(file, other) {
		return true
	}
	tail := make([]byte, length)
	if _, err := file.ReadAt(tail, offset-length); err != nil {
		return false
	}
	return hash(0, tail) != want
}

// twoFiles tells whether another file than this one stands under a path.
func twoFiles(file *os.File, path string) bool {
	other, err := os.Stat(path)
	if err != nil {
		return false
	}
	this, err := file.Stat()
	return err == nil && !os.SameFile(this, other)
}

// readWhole reads a file from its beginning up to an offset. What is known to
// have been delivered of it is left out.
func (w *worker) readWhole(end int64) error {
	file, err := os.Open(w.file.path)
	if err != nil {
		return err
	}
	defer file.Close()
	scanner := bufio.NewScanner(io.LimitReader(file, end))
	scanner.Buffer(nil, int(w.r.cfg.MaxLogSize))
	scanner.Split(splitChunks(int(w.r.cfg.MaxLogSize), tails{
		due:     func([]byte) bool { return true },
		settled: func([]byte) bool { return true },
	}))
	var tokens [][]byte
	offsets := []int64{0}
	for scanner.Scan() {
		tokens = append(tokens, bytes.Clone(scanner.Bytes()))
		offsets = append(offsets, offsets[len(offsets)-1]+int64(len(scanner.Bytes())))
	}
	if err := scanner.Err(); err != nil || len(tokens) == 0 {
		return err
	}
	w.file.state, w.from = w.r.stateAt(&w.file, nil, 0), origin{site: w.file.site}
	w.file.known = w.r.young.known(w.file.path, tokens, offsets)
	if err := w.read(tokens, offsets); err != nil {
		return err
	}
	w.r.young.read(w.file.path, tokens, offsets, w.file.known)
	return nil
}
