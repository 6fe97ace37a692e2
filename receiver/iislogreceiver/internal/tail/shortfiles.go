// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"sync"
	"time"
)

const (
	// shortKey is what shortFiles is saved under, beside the offsets.
	shortKey = "iishunt.young"
	// maxShortFiles bounds shortFiles. A file that is not remembered is only
	// read twice.
	maxShortFiles = 4096
	// shortBytes is how far beyond the fingerprint a file is remembered: it is
	// read from its beginning once more when its first bytes are all written.
	shortBytes = 1 << 20
)

// shortFiles remembers how far the files were read that are still shorter than
// fileconsumer's fingerprint, or were a short while ago.
//
// fileconsumer knows a file by its first bytes. While IIS has a new file open,
// these include the NUL bytes of its unused end, so with each write the file
// looks like another one and is read from its beginning. The lines that were
// read before are recognised here, by path and content, and are not sent again.
type shortFiles struct {
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
	files map[string]shortFile
	dirty bool
}

// shortFile is the part of a file that was read.
type shortFile struct {
	Length int64  `json:"length"`
	Hash   uint32 `json:"hash"`
	// read is when it was last read from.
	read time.Time
}

func newShortFiles(fingerprint int64, grace time.Duration, now func() time.Time) *shortFiles {
	return &shortFiles{fingerprint: fingerprint, grace: grace, now: now, files: make(map[string]shortFile)}
}

// lock keeps the file at a path to its caller. On Linux fileconsumer can have
// several readers of one short file, which it takes for different ones.
func (s *shortFiles) lock(path string) (unlock func()) {
	m := &s.paths[hash(0, []byte(path))%uint32(len(s.paths))]
	m.Lock()
	return m.Unlock
}

// known returns up to where a file was read already, given tokens of it; 0 if
// the file is not known or has another content now. The caller holds its lock.
func (s *shortFiles) known(path string, tokens [][]byte, offsets []int64) int64 {
	s.mu.Lock()
	f, ok := s.files[path]
	s.mu.Unlock()
	if !ok || offsets[0] >= f.Length {
		return 0
	}
	if s.decode != nil {
		return s.knownInFile(path, f, tokens, offsets)
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
func (s *shortFiles) knownInFile(path string, f shortFile, tokens [][]byte, offsets []int64) int64 {
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
	if _, err := file.ReadAt(last, offsets[n-1]); err != nil || !bytes.Equal(s.decode(last), tokens[n-1]) {
		return 0
	}
	return f.Length
}

// hashFile continues a hash with what a file has between two places, which is at
// most fingerprint + shortBytes.
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
func (s *shortFiles) read(path string, tokens [][]byte, offsets []int64, known int64) {
	begin, end := offsets[0], offsets[len(tokens)]
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[path]
	if end <= s.fingerprint+shortBytes && (known == 0 || f.Length != known) && (!ok || f.Length != begin) {
		h, err := hashFile(path, 0, 0, begin)
		if err != nil {
			s.forget(path)
			return
		}
		f = shortFile{Length: begin, Hash: h}
	}
	if end > s.fingerprint+shortBytes {
		if ok {
			s.forget(path)
		}
		return
	}
	if s.decode != nil {
		var err error
		if f.Hash, err = hashFile(path, f.Hash, f.Length, max(f.Length, end)); err != nil {
			s.forget(path)
			return
		}
	} else {
		for i, token := range tokens {
			if offsets[i+1] > f.Length {
				f.Hash = hash(f.Hash, token[max(0, f.Length-offsets[i]):])
			}
		}
	}
	f.Length, f.read = max(f.Length, end), s.now()
	if !ok && len(s.files) >= maxShortFiles {
		for old := range s.files {
			delete(s.files, old)
			break
		}
	}
	s.files[path] = f
	s.dirty = true
}

// forget is called with mu held.
func (s *shortFiles) forget(path string) {
	delete(s.files, path)
	s.dirty = true
}

// save returns the files as text, or nil if nothing has changed since.
func (s *shortFiles) save() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for path, f := range s.files {
		if f.Length >= s.fingerprint && now.Sub(f.read) > s.grace {
			delete(s.files, path)
			s.dirty = true
		}
	}
	if !s.dirty {
		return nil
	}
	text, err := json.Marshal(s.files)
	if err != nil {
		return nil
	}
	s.dirty = false
	return text
}

// saveAgain says that what save returned last was not kept.
func (s *shortFiles) saveAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = true
}

// load is the inverse of save. What cannot be read is of no use, and costs a
// second reading at most.
func (s *shortFiles) load(saved []byte) {
	files := make(map[string]shortFile)
	if len(saved) == 0 || json.Unmarshal(saved, &files) != nil {
		return
	}
	now := s.now()
	for path, f := range files {
		if f.Length <= 0 || f.Length > s.fingerprint+shortBytes {
			delete(files, path)
			continue
		}
		f.read = now
		files[path] = f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = files
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// hash continues a checksum, which begins as 0. Its state is the value, so that
// it can be saved; it tells apart what was read from what was written since,
// and need not withstand anybody.
func hash(h uint32, data []byte) uint32 { return crc32.Update(h, castagnoli, data) }
