// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// endKey is where it is kept up to which place of a file the notes are true.
const endKey = notePrefix + "end"

// mark says what the notes of a file belong to: the place up to which it was
// read, the bytes before that, and the path at that time.
type mark struct {
	end, length int64
	hash        uint32
	path        string
}

// mark returns what is kept with the offset of a file; ok is false if that is
// nothing, or of no use. Where no end is kept, as by earlier versions, it is the
// offset.
func (t *Tailer) mark(c *Chunk, offset int64) (m mark, ok bool) {
	text, ok := c.attributes[placeKey].(string)
	if !ok {
		return m, false
	}
	if _, err := fmt.Sscanf(text, "%d %08x", &m.length, &m.hash); err != nil {
		return m, false
	}
	_, m.path, _ = strings.Cut(text[strings.IndexByte(text, ' ')+1:], " ")
	end, _ := c.attributes[endKey].(string)
	m.end, _ = strconv.ParseInt(end, 10, 64)
	m.end = max(m.end, offset)
	return m, m.length > 0 && m.length <= min(m.end, placeBytes+int64(t.cfg.MaxLogSize))
}

// undelivered leaves out of tokens what was delivered already.
//
// A callback that is running when the receiver is stopped mostly delivers its
// tokens, and then the notes say so. But fileconsumer does not move an offset on
// if its context ended during the callback, and so gives these tokens again after
// the restart, together with notes that are true behind them.
func (t *Tailer) undelivered(c *Chunk, tokens [][]byte, offsets []int64) ([][]byte, []int64) {
	n := len(tokens)
	m, ok := t.mark(c, offsets[0])
	if !ok || m.end == offsets[0] {
		return tokens, offsets
	}
	file, err := openFile(c.Path)
	if err != nil {
		return tokens, offsets
	}
	defer file.Close()
	if t.cfg.Compression != "" && isCompressed(file) ||
		!t.isAt(file, m.end-m.length, m.length, m.hash) || t.isAnother(c, file, m.path, m.end) {
		return tokens, offsets
	}
	i := sort.Search(n, func(i int) bool { return offsets[i+1] > m.end })
	if i == n || offsets[i] == m.end {
		return tokens[i:], offsets[i : n+1]
	}
	// The file was cut into other tokens this time.
	rest := make([]byte, offsets[i+1]-m.end)
	if _, err := file.ReadAt(rest, m.end); err != nil {
		return tokens, offsets
	}
	return append([][]byte{t.decode(rest)}, tokens[i+1:]...), append([]int64{m.end}, offsets[i+1:n+1]...)
}
