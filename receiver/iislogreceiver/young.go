// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"sync"
	"time"
)

const (
	// youngKey is what youngFiles is saved under, beside the offsets.
	youngKey = "iishunt.young"
	// maxYoungFiles bounds youngFiles. A file that is not remembered is read
	// twice, nothing worse.
	maxYoungFiles = 4096
	// youngBytes is how far beyond the fingerprint a file is remembered: it is
	// read from its beginning once more when its first bytes are all written.
	youngBytes = 1 << 20
)

// youngFiles remembers how far the files were read that are still shorter than
// fileconsumer's fingerprint, or were a short while ago.
//
// fileconsumer knows a file by its first bytes. While IIS has a new file open,
// these include the NUL bytes of its unused end, so with each write the file
// looks like another one and is read from its beginning. The lines that were
// read before are recognised here, by path and content, and are not sent again.
type youngFiles struct {
	// fingerprint is its size in bytes; a file that is longer is remembered for
	// grace only, after which its first bytes are known to be written.
	fingerprint int64
	grace       time.Duration
	now         func() time.Time
	// decode, where tokens are not what is in the file, makes them of it. Then
	// what was read is compared in the file, and else in the tokens.
	decode func([]byte) []byte

	// paths are the files' locks, by the hash of their paths. They are taken
	// before mu.
	paths [64]sync.Mutex

	mu sync.Mutex
	// mu guards everything declared below.
	files map[string]youngFile
	dirty bool
}

// youngFile is the part of a file that was read.
type youngFile struct {
	Length int64  `json:"length"`
	Hash   uint32 `json:"hash"`
	// read is when it was last read from.
	read time.Time
}

func newYoungFiles(fingerprint int64, grace time.Duration, now func() time.Time) *youngFiles {
	return &youngFiles{fingerprint: fingerprint, grace: grace, now: now, files: make(map[string]youngFile)}
}

// lock keeps the file at a path to its caller. On Linux fileconsumer can have
// several readers of one young file, which it takes for different ones.
func (y *youngFiles) lock(path string) (unlock func()) {
	m := &y.paths[hash(0, []byte(path))%uint32(len(y.paths))]
	m.Lock()
	return m.Unlock
}

// known returns up to where a file was read already, given tokens of it; 0 if
// the file is not known or has another content now. The caller holds its lock.
func (y *youngFiles) known(path string, tokens [][]byte, offsets []int64) int64 {
	y.mu.Lock()
	f, ok := y.files[path]
	y.mu.Unlock()
	if !ok || offsets[0] >= f.Length {
		return 0
	}
	if y.decode != nil {
		return y.knownInFile(path, f, tokens, offsets)
	}
	h, err := hashFile(path, 0, 0, offsets[0])
	if err != nil || offsets[len(tokens)] < f.Length {
		return 0
	}
	for i, token := range tokens {
		left := f.Length - offsets[i]
		if left <= 0 {
			break
		}
		h = hash(h, token[:min(left, int64(len(token)))])
	}
	if h != f.Hash {
		return 0
	}
	return f.Length
}

// knownInFile is known for tokens that were decoded. The file that the path leads
// to must be the one that they are from, so the last one must be in it.
func (y *youngFiles) knownInFile(path string, f youngFile, tokens [][]byte, offsets []int64) int64 {
	file, err := openFile(path)
	if err != nil {
		return 0
	}
	defer file.Close()
	begin := make([]byte, f.Length)
	n := len(tokens)
	last := make([]byte, offsets[n]-offsets[n-1])
	if _, err := file.ReadAt(begin, 0); err != nil || hash(0, begin) != f.Hash {
		return 0
	}
	if _, err := file.ReadAt(last, offsets[n-1]); err != nil || !bytes.Equal(y.decode(last), tokens[n-1]) {
		return 0
	}
	return f.Length
}

// hashFile continues a hash with what a file has between two places, which is at
// most fingerprint + youngBytes.
func hashFile(path string, h uint32, from, to int64) (uint32, error) {
	if from == to {
		return h, nil
	}
	file, err := openFile(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	part := make([]byte, to-from)
	_, err = file.ReadAt(part, from)
	return hash(h, part), err
}

// read remembers that tokens were delivered, of which those up to known had been
// before. The caller holds the lock of the file.
func (y *youngFiles) read(path string, tokens [][]byte, offsets []int64, known int64) {
	begin, end := offsets[0], offsets[len(tokens)]
	y.mu.Lock()
	defer y.mu.Unlock()
	f, ok := y.files[path]
	if end <= y.fingerprint+youngBytes && (known == 0 || f.Length != known) && (!ok || f.Length != begin) {
		h, err := hashFile(path, 0, 0, begin)
		if err != nil {
			y.forget(path)
			return
		}
		f = youngFile{Length: begin, Hash: h}
	}
	if end > y.fingerprint+youngBytes {
		if ok {
			y.forget(path)
		}
		return
	}
	if y.decode != nil {
		var err error
		if f.Hash, err = hashFile(path, f.Hash, f.Length, max(f.Length, end)); err != nil {
			y.forget(path)
			return
		}
	} else {
		for i, token := range tokens {
			if offsets[i+1] > f.Length {
				f.Hash = hash(f.Hash, token[max(0, f.Length-offsets[i]):])
			}
		}
	}
	f.Length, f.read = max(f.Length, end), y.now()
	if !ok && len(y.files) >= maxYoungFiles {
		for old := range y.files {
			delete(y.files, old)
			break
		}
	}
	y.files[path] = f
	y.dirty = true
}

// forget is called with mu held.
func (y *youngFiles) forget(path string) {
	delete(y.files, path)
	y.dirty = true
}

// save returns the files as text, or nil if nothing has changed since.
func (y *youngFiles) save() []byte {
	y.mu.Lock()
	defer y.mu.Unlock()
	now := y.now()
	for path, f := range y.files {
		if f.Length >= y.fingerprint && now.Sub(f.read) > y.grace {
			delete(y.files, path)
			y.dirty = true
		}
	}
	if !y.dirty {
		return nil
	}
	text, err := json.Marshal(y.files)
	if err != nil {
		return nil
	}
	y.dirty = false
	return text
}

// saveAgain says that what save returned last was not kept.
func (y *youngFiles) saveAgain() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.dirty = true
}

// load is the inverse of save. What cannot be read is of no use, and costs a
// second reading at most.
func (y *youngFiles) load(saved []byte) {
	files := make(map[string]youngFile)
	if len(saved) == 0 || json.Unmarshal(saved, &files) != nil {
		return
	}
	now := y.now()
	for path, f := range files {
		if f.Length <= 0 || f.Length > y.fingerprint+youngBytes {
			delete(files, path)
			continue
		}
		f.read = now
		files[path] = f
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	y.files = files
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// hash continues a checksum, which begins as 0. Its state is the value, so that
// it can be saved; it tells apart what was read from what was written since,
// and need not withstand anybody.
func hash(h uint32, data []byte) uint32 { return crc32.Update(h, castagnoli, data) }
