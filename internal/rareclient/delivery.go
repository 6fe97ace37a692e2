// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/printable"
)

// What one ConsumeLogs gets at most.
const (
	maxDelivery = 1_000 // records
	// maxBytes is what they take in an OTLP message: with resource and scope less
	// than 900 kB, which no receiver, broker or backend refuses by default.
	maxBytes = 860_000
	// maxRecord is what one record takes, which is shortened for it: less than the
	// 64 kB that Loki takes of attributes.
	maxRecord = 60_000
	// recordExtra bounds what a message takes for a record beside the record.
	recordExtra = 8
)

// offer is how the next record is offered, also after the next consumer refused to
// take anything for a while.
type offer struct {
	most int // records in a message
	step int // of shorten
}

// write writes one of the records that are to be delivered, by its index.
type write func(lr plog.LogRecord, i int)

// give delivers n records; what names them in the log. It returns how many of
// them, from the first on, need no further try, and the indices of those among
// them that are lost. What the next consumer refuses for good may only be too
// large for it: it is offered in halves, and a record alone is offered shortened.
func (c *Component) give(ctx context.Context, what string, n int, write write) (done int, lost []int) {
	var refusal error
	defer func() {
		if refusal != nil {
			c.log.Error("Lost: the next consumer refuses them for good, each alone and shortened too", zap.Int(what, len(lost)), zap.Error(refusal))
		}
	}()
	o := &c.offer
	for done < n {
		ld, taken := c.detections.message(done, min(done+o.most, n), o.step, write)
		err := c.next.ConsumeLogs(ctx, ld)
		switch {
		case err == nil:
			c.notices.delivered()
			*o = offer{min(2*o.most, maxDelivery), 0}
		case !consumererror.IsPermanent(err):
			c.notices.refused(err)
			return done, lost
		case taken > 1:
			o.most = taken / 2
			continue
		case o.step < shortest:
			o.step++
			continue
		default:
			lost, refusal = append(lost, done), err
			o.step = 0
		}
		done += taken
	}
	return done, lost
}

// message has the first records of [from, to), each shortened by a number of
// steps or more: at least one, and no more than fit. It returns their number.
func (d *detections) message(from, to, steps int, write write) (plog.Logs, int) {
	ld, records := d.newLogs(to - from)
	left := maxBytes
	for i := from; i < to; i++ {
		lr := records.AppendEmpty()
		size := putShort(lr, i, steps, write)
		if left -= size + recordExtra; left < 0 && i > from {
			records.RemoveIf(func(o plog.LogRecord) bool { return o == lr })
			break
		}
	}
	return ld, records.Len()
}

// putShort writes a record, shortened as far as it must be, and returns its size.
func putShort(lr plog.LogRecord, i, steps int, write write) (size int) {
	write(lr, i)
	for step := 1; step <= shortest; step++ {
		if size = sizer.LogRecordSize(lr); step > steps && size <= maxRecord {
			break
		}
		shorten(lr, step)
	}
	return sizer.LogRecordSize(lr)
}

var sizer plog.ProtoMarshaler

const (
	shortest  = 3 // the last step of shorten
	shortText = 256
	shortList = 8
)

// shorten makes a record smaller that was shortened by the step before: evidence
// first, then all texts and lists.
func shorten(lr plog.LogRecord, step int) {
	m := lr.Attributes()
	m.PutBool(attr.DetectionShortened, true)
	switch step {
	case 1:
		if evidence, ok := m.Get(attr.DetectionEvidence); ok {
			shortenValue(evidence)
		}
	case 2:
		m.Remove(attr.DetectionEvidence)
	default:
		shortenValue(lr.Body())
		for _, v := range m.All() {
			shortenValue(v)
		}
	}
}

func shortenValue(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		v.SetStr(printable.Cut(v.Str(), shortText))
	case pcommon.ValueTypeSlice:
		n := 0
		v.Slice().RemoveIf(func(pcommon.Value) bool { n++; return n > shortList })
		for _, e := range v.Slice().All() {
			shortenValue(e)
		}
	case pcommon.ValueTypeMap:
		for _, e := range v.Map().All() {
			shortenValue(e)
		}
	default:
	}
}
