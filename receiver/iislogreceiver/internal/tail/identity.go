// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/account"
)

// What is kept with a file's offset, to know it again.
const (
	noteID     = "id"     // of the file, for ranges
	noteNumber = "number" // of the file in its file system
	noteSent   = "sent"   // end of the last record that was sent
)

// headBytes is how much of a file its id is made of, at most.
const headBytes = 64 << 10

// number returns what the file system knows a file by; zero if the path leads to
// another file by now. archive tells that it is compressed.
func (t *Tailer) number(c *Chunk, tokens [][]byte, offsets []int64) (n account.Number, archive bool) {
	if text, ok := c.Note(noteNumber); ok {
		return parseNumber(text)
	}
	file, err := openFile(c.Path)
	if err != nil {
		return n, false
	}
	defer file.Close()
	archive = t.cfg.Compression != "" && isCompressed(file)
	last := len(tokens) - 1
	if last >= 0 && !archive && !t.isAt(file, offsets[last], offsets[last+1]-offsets[last], hash(0, tokens[last])) {
		return account.Number{}, false
	}
	n = account.NumberOfFile(file)
	c.SetNote(noteNumber, fmt.Sprintf("%x-%x-%t", n[0], n[1], archive))
	return n, archive
}

// parseNumber reads what number keeps.
func parseNumber(text string) (n account.Number, archive bool) {
	_, _ = fmt.Sscanf(text, "%x-%x-%t", &n[0], &n[1], &archive) // else it is 0, and not known
	return n, archive
}

// File returns the file in the account of the receiver; nil where none is kept.
// end is where its first line ends, in case that it is not known yet.
func (c *Chunk) File(end int64) *account.File {
	a := c.tailer.set.Account
	if a == nil {
		return nil
	}
	if c.file != nil {
		return c.file
	}
	text, _ := c.Note(noteID)
	id, ok := eventtime.ParseID(text)
	if !ok {
		id = c.newID(a.Sender(), end)
		c.SetNote(noteID, id.String())
	}
	sent := int64(0)
	if text, ok := c.Note(noteSent); ok {
		_, _ = fmt.Sscan(text, &sent)
	} else if c.Offsets[0] > 0 {
		sent = c.Offsets[0] // reading began here
	}
	c.file = a.File(id, c.Path, sent)
	return c.file
}

// Sender returns the id of the sender.
func (c *Chunk) Sender() eventtime.ID { return c.tailer.set.Account.Sender() }

// newID makes the id of a file: the same whenever the same sender reads it from
// its beginning, another for a file that was cut off, or where nobody knows.
func (c *Chunk) newID(sender eventtime.ID, end int64) eventtime.ID {
	file, err := openFile(c.Path)
	if err != nil || c.cutOff || c.number == (account.Number{}) || account.NumberOfFile(file) != c.number {
		if err == nil {
			_ = file.Close() // it was only read
		}
		return randomID()
	}
	defer file.Close()
	if c.archive {
		end = headBytes
	}
	head, err := io.ReadAll(io.LimitReader(file, min(end, headBytes)))
	if err != nil {
		return randomID()
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %x %x %d ", sender, c.number[0], c.number[1], len(head))
	h.Write(head)
	return eventtime.ID(binary.LittleEndian.Uint64(h.Sum(nil)) | 1)
}

func randomID() eventtime.ID {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return eventtime.ID(binary.LittleEndian.Uint64(b[:]) | 1)
}

// account tells the account that the file was read from begin to end.
func (t *Tailer) account(c *Chunk, begin, end int64) {
	if t.set.Account == nil {
		return
	}
	if c.file == nil {
		if text, ok := c.Note(noteID); ok { // no line in this chunk
			if _, ok := eventtime.ParseID(text); ok {
				c.File(end)
			}
		}
	}
	switch {
	case c.file != nil:
		c.SetNote(noteSent, fmt.Sprint(c.file.Sent()))
	case begin == 0: // directives alone: the first line answers for them
		c.SetNote(noteSent, "0")
	}
	t.set.Account.Reached(c.Path, c.number, c.file, end, c.archive)
}

// look is called when fileconsumer has found the files to look at.
func (t *Tailer) look(paths func() []string) {
	finished := t.set.Account.Look(paths)
	t.set.Tell(finished)
	if finished {
		t.finish.Do(func() { go func() { _ = t.stopManager() }() }) // it returns nil
	}
}

// Open opens a file for reading, so that nobody is kept from renaming it.
func Open(path string) (*os.File, error) { return openFile(path) }
