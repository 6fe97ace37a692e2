// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package gen writes the log files of the side-by-side benchmark: one day of a
// busy web site, with URIs, clients and user agents as skewed as real ones, and
// planted pages that the hunt must or must not find. The same options
// give the same files.
package gen

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/iishunt/iishunt/internal/traffic"
)

// Fields are the columns, all that IIS offers without custom fields.
const Fields = "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version " +
	"cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"

// otherFields is what an administrator's change makes of them: another order,
// no cookie, a custom column.
const otherFields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host " +
	"sc-status sc-substatus sc-win32-status time-taken sc-bytes cs-bytes cs-version s-sitename s-computername X-Request-Group"

// Day is the day of all lines.
var Day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const (
	secondsOfDay = 24 * 60 * 60
	plantedEvery = 700 // lines: about one in so many is for a planted page
	bufferBytes  = 1 << 20
)

// Options say what to write.
type Options struct {
	Dir     string // made if need be
	Lines   int    // of all files together, without directives
	Files   int    // one site each, with a folder as IIS has it; at least 1
	Headers int    // header changes in each file, beside the header at its top
	Seed    uint64
}

// Validate names the option that is wrong.
func (o Options) Validate() error {
	switch {
	case o.Lines < 1000 || o.Lines > 100_000_000:
		return fmt.Errorf("lines: %d; it must be 1000 to 100000000", o.Lines)
	case o.Files < 1 || o.Files > 100:
		return fmt.Errorf("files: %d; it must be 1 to 100", o.Files)
	case o.Headers < 0 || o.Headers > o.Lines/o.Files/10:
		return fmt.Errorf("headers: %d; it must be 0 to a tenth of the lines of a file", o.Headers)
	}
	return nil
}

// Path is the name of the n-th file, counted from 0, below a folder.
func Path(dir string, n int) string {
	return filepath.Join(dir, siteName(n), "u_ex"+Day.Format("060102")+".log")
}

func siteName(n int) string { return fmt.Sprintf("W3SVC%d", n+1) }

// Write writes the files and returns the bytes and the lines in them,
// directives included.
func Write(o Options) (size, lines int64, err error) {
	if err := o.Validate(); err != nil {
		return 0, 0, err
	}
	w := newWorld(rand.New(rand.NewPCG(o.Seed, 0)), o.Lines) //nolint:gosec // G404: a seeded sequence is what is wanted
	for n := range o.Files {
		r := rand.New(rand.NewPCG(o.Seed, uint64(n+1))) //nolint:gosec // G404: the same
		count := o.Lines / o.Files
		if n < o.Lines%o.Files {
			count++
		}
		s, l, err := writeFile(Path(o.Dir, n), newDice(r, w), n, o.Files, count, o.Headers)
		if err != nil {
			return 0, 0, err
		}
		size, lines = size+s, lines+l
	}
	return size, lines, nil
}

func writeFile(path string, d *dice, n, files, count, headers int) (size, lines int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return 0, 0, err
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	out := bufio.NewWriterSize(f, bufferBytes)
	layouts := []string{Fields, otherFields}
	columns := [][]string{strings.Fields(Fields), strings.Fields(otherFields)}
	site := siteName(n)
	every := count/(headers+1) + 1
	var q traffic.Request
	var b []byte
	for i := range count {
		layout := i / every % len(layouts)
		b = b[:0]
		at := Day.Add(time.Duration(int64(i)*secondsOfDay/int64(count)) * time.Second)
		if i%every == 0 {
			b = traffic.AppendHeader(b, at, layouts[layout])
			lines += 4
		}
		d.next(&q, n, files, i, count)
		q.At, q.Site = at, site
		b = append(q.AppendValues(b, columns[layout]), '\r', '\n')
		size += int64(len(b))
		if _, err := out.Write(b); err != nil {
			return 0, 0, err
		}
	}
	return size, lines + int64(count), out.Flush()
}

// next draws the i-th of count requests of the n-th file. The second client of
// each decoy comes once, in the last file and its last lines.
func (d *dice) next(q *traffic.Request, n, files, i, count int) {
	left := count - i
	switch {
	case n == files-1 && left <= NumDecoys:
		p := d.w.decoys[left-1]
		d.visit(q, p.path, p.visitors[1])
	case n == 0 && i < NumDecoys:
		d.visit(q, d.w.decoys[i].path, d.w.decoys[i].visitors[0])
	case n == 0 && i < NumDecoys+NumShells:
		p := d.w.shells[i-NumDecoys]
		d.visit(q, p.path, p.visitors[0])
	case d.IntN(plantedEvery) == 0:
		p := d.w.planted[d.IntN(len(d.w.planted))]
		d.visit(q, p.path, p.visitors[0])
	default:
		d.draw(q)
	}
}
