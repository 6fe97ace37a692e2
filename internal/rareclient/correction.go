// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/printable"
)

// correct delivers the corrections that wait, like detections.
func (c *Component) correct(ctx context.Context) {
	for {
		batch := c.engine.Corrections(maxDelivery)
		if len(batch) == 0 {
			return
		}
		err := c.next.ConsumeLogs(ctx, c.detections.corrections(batch, time.Now()))
		switch {
		case err == nil:
			c.notices.delivered()
		case consumererror.IsPermanent(err):
			c.log.Error("Corrections of detections lost: the next consumer refused them for good", zap.Int("corrections", len(batch)), zap.Error(err))
		default:
			c.notices.refused(err)
			return
		}
		c.engine.Corrected(len(batch))
	}
}

// corrections builds the log records of corrections.
func (d *detections) corrections(list []engine.Correction, now time.Time) plog.Logs {
	ld, records := d.newLogs(len(list))
	for i := range list {
		d.correction(records.AppendEmpty(), &list[i], now)
	}
	return ld
}

func (d *detections) correction(lr plog.LogRecord, c *engine.Correction, now time.Time) {
	lr.SetEventName(attr.EventCorrection)
	lr.SetTimestamp(pcommon.Timestamp(c.WindowEnd))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("Informational")
	status, what := attr.StatusChanged, "has one client more"
	if c.Withdrawn {
		status, what = attr.StatusWithdrawn, "is withdrawn"
	}
	lr.Body().SetStr(fmt.Sprintf("detection %s %s: %s asked, too, at %s, in a line that came after the window was evaluated",
		c.ID, what, short(c.Client), rfc3339(c.Time)))
	m := lr.Attributes()
	d.putRule(m)
	for i, name := range d.cfg.Groups() {
		m.PutStr(name, printable.Text(c.Values[i]))
	}
	m.PutStr(attr.ClientAddress, printable.Text(c.Client))
	m.PutInt(attr.DetectionClientCount, int64(c.ClientCount))
	m.PutStr(attr.DetectionStatus, status)
	m.PutStr(attr.DetectionLateTime, rfc3339(c.Time))
	m.PutStr(attr.DetectionWindowStart, rfc3339(c.WindowStart))
	m.PutStr(attr.DetectionWindowEnd, rfc3339(c.WindowEnd))
	m.PutStr(attr.DetectionID, c.ID)
	m.PutStr(attr.LogRecordUID, c.ID+"-"+strconv.Itoa(c.ClientCount))
}
