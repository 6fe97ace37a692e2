// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
)

// windowRecord is what is told of an evaluated window.
type windowRecord struct {
	engine.Window
	findings, suppressed int
}

// tellWindows delivers the window records that wait. It reports whether the next
// consumer took them.
func (c *Component) tellWindows(ctx context.Context) bool {
	now := time.Now()
	done, _ := c.give(ctx, "window_records", len(c.windows), func(lr plog.LogRecord, i int) { c.detections.window(lr, &c.windows[i], now) })
	if c.windows = c.windows[done:]; len(c.windows) == 0 {
		c.windows = nil
	}
	return c.windows == nil
}

func (d *detections) window(lr plog.LogRecord, w *windowRecord, now time.Time) {
	lr.SetEventName(attr.EventWindow)
	lr.SetTimestamp(pcommon.Timestamp(w.End))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("Informational")
	lr.Body().SetStr(w.sentence())
	m := lr.Attributes()
	m.EnsureCapacity(20)
	m.PutStr(attr.SecurityRuleName, d.cfg.Rule.Name)
	m.PutStr(attr.SecurityRuleUUID, d.cfg.Rule.ID)
	m.PutStr(attr.DetectionWindowStart, rfc3339(w.Start))
	m.PutStr(attr.DetectionWindowEnd, rfc3339(w.End))
	m.PutInt(attr.WindowCount, int64(w.Count))
	m.PutInt(attr.WindowRecords, int64(w.records()))
	m.PutInt(attr.WindowMatched, int64(w.Funnel.Matched))
	m.PutInt(attr.WindowExcluded, int64(w.Funnel.Excluded))
	dropped := m.PutEmptyMap(attr.WindowDropped)
	for stage, n := range w.Funnel.Dropped {
		if n > 0 {
			dropped.PutInt(rule.Stage(stage).String(), int64(n))
		}
	}
	m.PutInt(attr.WindowGroups, int64(w.Groups))
	m.PutInt(attr.WindowSettled, int64(w.Settled))
	m.PutInt(attr.WindowFindings, int64(w.findings))
	m.PutInt(attr.WindowSuppressed, int64(w.suppressed))
	if n := w.Flood.Requests; n > 0 {
		m.PutInt(attr.WindowBeyond, int64(n))
	}
	m.PutBool(attr.DetectionComplete, w.Reasons == 0)
	putStrings(m, attr.DetectionIncompleteReasons, w.Reasons.Strings())
	putAccount(m, &w.Account)
	m.PutStr(attr.LogRecordUID, d.windowID(w))
}

// windowID is the same wherever the window of the rule is evaluated.
func (d *detections) windowID(w *windowRecord) string {
	h := fnv.New128a()
	b := rule.AppendField([]byte("window"), d.cfg.Rule.ID)
	b = binary.BigEndian.AppendUint64(b, uint64(w.Start))
	_, _ = h.Write(binary.BigEndian.AppendUint64(b, uint64(w.End)))
	return hex.EncodeToString(h.Sum(nil))
}

// records are all that were web requests.
func (w *windowRecord) records() uint64 {
	n := w.Funnel.Matched
	for _, d := range w.Funnel.Dropped {
		n += d
	}
	return n
}

// sentence says what was found, or that nothing was, and in how much.
func (w *windowRecord) sentence() string {
	var b strings.Builder
	switch n := w.findings + w.suppressed; {
	case n == 0:
		b.WriteString("nothing found")
	case w.suppressed > 0:
		fmt.Fprintf(&b, "%d found, of which %d were told before", n, w.suppressed)
	default:
		fmt.Fprintf(&b, "%d found", n)
	}
	fmt.Fprintf(&b, " in %d requests", w.records())
	if n := w.Account.Senders; n > 0 {
		fmt.Fprintf(&b, " of %d senders", n)
	}
	fmt.Fprintf(&b, " between %s and %s: ", rfc3339(w.Start), rfc3339(w.End))
	if w.Reasons == 0 {
		b.WriteString("complete")
	} else {
		b.WriteString("incomplete (" + strings.Join(w.Reasons.Strings(), ", ") + ")")
	}
	if n := w.Flood.Requests; n > 0 {
		fmt.Fprintf(&b, "; max_groups left no room for %d requests", n)
	}
	if n := w.Account.Missing; n > 0 {
		fmt.Fprintf(&b, "; %d senders are behind: %s", n, listed(w.Account.Behind))
	}
	return b.String()
}
