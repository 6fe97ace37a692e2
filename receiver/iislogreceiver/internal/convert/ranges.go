// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"strconv"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/account"
	"github.com/iishunt/iishunt/receiver/iislogreceiver/internal/tail"
)

// ranges says of each record which bytes of its file it answers for: from the end
// of the line that was sent before it to the end of its own. It does nothing
// where no account is kept.
type ranges struct {
	file    *account.File
	prefix  []byte // of the uids of the file
	sent    int64  // end of the last line that was sent, or is in the batch
	first   int64  // the same at the beginning of the batch
	span    account.Span
	dropped int64  // lines of the batch that could not be read and are not sent
	uids    []byte // room for those of the batch
}

// uidBytes is about what one takes.
const uidBytes = 64

// begin begins a chunk.
func (r *ranges) begin(*tail.Chunk) {
	*r = ranges{span: account.NoSpan()}
}

// identify finds the file of a chunk, of which a line ends at end.
func (r *ranges) identify(chunk *tail.Chunk, end int64) {
	if r.file != nil {
		return
	}
	if r.file = chunk.File(end); r.file == nil {
		return
	}
	r.sent = r.file.Sent()
	r.first = r.sent
	r.prefix = append(r.prefix[:0], chunk.Sender().String()...)
	r.prefix = append(append(append(r.prefix, '-'), r.file.ID.String()...), '-')
}

// answer gives a record its uid, which ParseUID of eventtime reads.
func (r *ranges) answer(lr plog.LogRecord, end int64) {
	if r.file == nil {
		return
	}
	from := min(r.sent, end-1) // what was sent before is sent again
	if cap(r.uids)-len(r.uids) < uidBytes+len(r.prefix) {
		r.uids = make([]byte, 0, 256*uidBytes) // the strings in the one before are kept by their records
	}
	n := len(r.uids)
	r.uids = append(r.uids, r.prefix...)
	r.uids = strconv.AppendInt(r.uids, from, 10)
	r.uids = strconv.AppendInt(append(r.uids, '-'), end, 10)
	uid := r.uids[n:]
	lr.Attributes().PutStr(attr.LogRecordUID, unsafe.String(unsafe.SliceData(uid), len(uid))) //nolint:gosec // never written again
	t := int64(eventtime.None)
	if lr.Timestamp() != 0 {
		t = int64(lr.Timestamp())
	}
	r.span.Add(end, t)
	r.sent = max(r.sent, end)
}

// delivered says what became of the batch: it was taken, or refused for good.
func (r *ranges) delivered(refused error) {
	if r.file == nil {
		return
	}
	switch {
	case refused != nil:
		r.file.Lost(r.first, &r.span, refused.Error())
	case r.span.Lines > 0:
		r.file.Delivered(&r.span)
	}
	if r.dropped > 0 {
		r.file.Dropped(r.dropped, r.span.Oldest, r.span.Newest)
	}
	r.first, r.span, r.dropped = r.sent, account.NoSpan(), 0
}
