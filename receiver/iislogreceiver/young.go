// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"encoding/json"
	"sync"
)

const (
	// youngKey is what youngFiles is saved under, beside the offsets.
	youngKey = "iishunt.young"
	// maxYoungFiles bounds youngFiles. A file that is not remembered is read
	// twice, nothing worse.
	maxYoungFiles = 4096
)

// youngFiles remembers how far the files were read that are still shorter than
// fileconsumer's fingerprint.
//
// fileconsumer knows a file by its first bytes. While IIS has a new file open,
// these include the NUL bytes of its unused end, so with each write the file
// looks like another one and is read from its beginning. The lines that were
// read before are recognised here, by path and content, and are not sent again.
type youngFiles struct {
	// limit is the fingerprint's size in bytes; beyond it a file is not young.
	limit int64

	mu sync.Mutex
	// mu guards everything declared below.
	files map[string]youngFile
	dirty bool
}

// youngFile is the part of a file that was read.
type youngFile struct {
	Length int64  `json:"length"`
	Hash   uint64 `json:"hash,string"`
}

func newYoungFiles(limit int64) *youngFiles {
	return &youngFiles{limit: limit, files: make(map[string]youngFile)}
}

// known returns how many bytes at the beginning of a file were read already,
// given tokens that begin with its first byte; 0 if the file is not known or
// has another content now.
func (y *youngFiles) known(path string, tokens [][]byte, offsets []int64) int64 {
	y.mu.Lock()
	f, ok := y.files[path]
	y.mu.Unlock()
	if !ok || offsets[len(tokens)] < f.Length {
		return 0
	}
	h := hashBegin
	for i, token := range tokens {
		left := f.Length - offsets[i]
		if left <= 0 {
			break
		}
		if offsets[i+1] > f.Length {
			if int64(len(token)) != offsets[i+1]-offsets[i] {
				return 0 // decoded, so the place cannot be found within it
			}
			token = token[:left]
		}
		h = hash(h, token)
	}
	if h != f.Hash {
		return 0
	}
	return f.Length
}

// read remembers that tokens were delivered.
func (y *youngFiles) read(path string, tokens [][]byte, offsets []int64) {
	begin, end := offsets[0], offsets[len(tokens)]
	y.mu.Lock()
	defer y.mu.Unlock()
	f, ok := y.files[path]
	if begin == 0 {
		f = youngFile{Hash: hashBegin}
	} else if !ok {
		return
	}
	if end > y.limit || f.Length != begin {
		if ok {
			delete(y.files, path)
			y.dirty = true
		}
		return
	}
	for _, token := range tokens {
		f.Hash = hash(f.Hash, token)
	}
	f.Length = end
	if !ok && len(y.files) >= maxYoungFiles {
		for old := range y.files {
			delete(y.files, old)
			break
		}
	}
	y.files[path] = f
	y.dirty = true
}

// save returns the files as text, or nil if nothing has changed since.
func (y *youngFiles) save() []byte {
	y.mu.Lock()
	defer y.mu.Unlock()
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
	y.mu.Lock()
	defer y.mu.Unlock()
	y.files = files
}

// hashBegin is the FNV-1a hash of nothing.
const hashBegin uint64 = 14695981039346656037

// hash continues an FNV-1a hash; unlike that of the library its state is the
// value, which can be saved.
func hash(h uint64, data []byte) uint64 {
	for _, c := range data {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
