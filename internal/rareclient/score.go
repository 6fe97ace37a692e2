// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rank"
)

// putUsage puts how the group was used and who else asked for its page.
func putUsage(m pcommon.Map, f *engine.Finding) {
	if f.PageClients.Count > 0 {
		m.PutInt(attr.DetectionPageClientCount, int64(f.PageClients.Count))
		if f.PageClients.More {
			m.PutBool(attr.DetectionPageMore, true)
		}
	}
	u := usage(f)
	if u == nil {
		return
	}
	m.PutInt(attr.DetectionDayCount, u.Days)
	m.PutInt(attr.DetectionHourCount, u.Hours)
	m.PutInt(attr.DetectionSendingCount, u.Sends)
	m.PutInt(attr.DetectionAnsweredCount, u.Answered)
	m.PutInt(attr.DetectionFailedCount, u.Failed)
	m.PutInt(attr.DetectionRefererSelfCount, u.OwnReferer)
	m.PutBool(attr.DetectionRefererLogged, u.RefererLogged)
	if u.SentSized > 0 {
		m.PutInt(attr.DetectionAnswerSized, u.SentSized)
		m.PutInt(attr.DetectionAnswerSmallest, u.SmallestSent)
		m.PutInt(attr.DetectionAnswerLargest, u.LargestSent)
	}
}

// usage is nil for a finding that was stored before it was counted.
func usage(f *engine.Finding) *rank.Usage {
	if len(f.Days) == 0 {
		return nil
	}
	return &rank.Usage{
		Days: int64(len(f.Days)), Hours: int64(bits.OnesCount32(f.Hours)), Sends: int64(f.Sends),
		Answered: int64(f.Answered), Failed: int64(f.Failed), OwnReferer: int64(f.OwnReferer), RefererLogged: f.RefererLogged,
		SentSized: int64(f.SentSized), SmallestSent: f.SmallestSent, LargestSent: f.LargestSent,
	}
}

// score is the verdict on a finding by itself. A report, which sees all windows
// and all findings, may know more.
func (d *detections) score(f *engine.Finding) rank.Score {
	w := rank.Window{
		Requests: int64(f.Requests), Methods: f.Methods, NoReferer: int64(f.NoReferer), ForeignReferer: int64(f.Foreign),
		History: time.Unix(0, f.HistoryStart).UTC(), Complete: f.Reasons == 0, IncompleteReason: f.Reasons.Strings(),
		PageClients: int64(f.PageClients.Count), PageMore: f.PageClients.More, Usage: usage(f),
	}
	if f.Novelty != engine.NoveltyUnknown {
		isNew := f.Novelty == engine.NoveltyNew
		w.New = &isNew
	}
	for i := 0; i < len(f.Samples) && w.Command == ""; i++ {
		w.Command = rank.Command(f.Samples[i].Query)
	}
	return rank.One(&rank.Finding{
		Path: cmp.Or(f.Path, d.value(f, attr.URLPath)), Page: f.Page, Agent: d.value(f, attr.UserAgentOriginal), Clients: f.Identities(),
		Days: max(1, len(f.Days)), Requests: int64(f.Requests), First: time.Unix(0, f.FirstSeen).UTC(), Windows: []*rank.Window{&w},
	})
}

// value is that of a key of the group; "" where the rule does not group by it.
func (d *detections) value(f *engine.Finding, name string) string {
	if i := slices.Index(d.cfg.Groups(), name); i >= 0 {
		return f.Values[i]
	}
	return ""
}
