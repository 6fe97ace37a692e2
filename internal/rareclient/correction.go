// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/printable"
)

// correct delivers the corrections that wait. It reports whether the next consumer
// took them.
func (c *Component) correct(ctx context.Context) bool {
	for batch := c.engine.Corrections(maxDelivery); len(batch) > 0; batch = c.engine.Corrections(maxDelivery) {
		now := time.Now()
		done, _ := c.give(ctx, "corrections", len(batch), func(lr plog.LogRecord, i int) { c.detections.correction(lr, &batch[i], now) })
		c.engine.Corrected(done)
		if done < len(batch) {
			return false
		}
	}
	return true
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
