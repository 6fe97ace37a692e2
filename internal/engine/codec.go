// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"github.com/iishunt/iishunt/internal/codec"
	"github.com/iishunt/iishunt/internal/rule"
)

// decoder reads what the append functions wrote.
type decoder struct{ codec.Decoder }

// The sections of what is stored (see docs/state-format.md).
const (
	sectionScalars byte = iota + 1
	sectionSource       // of versions that knew silent sources alone
	sectionPane
	sectionGroups
	sectionLossRanges
	sectionEvaluated
	sectionFindings
	sectionDelivered
	sectionHistory
	sectionSuppressed
	sectionTime
	sectionFindings2 // with spellings; sectionFindings is only read
	sectionPane2     // with all stages; sectionPane is only read
	sectionTraits    // of the findings in the section before
	sectionPages
	sectionTold
	sectionScalars2 // with the time from which silent sources are known; sectionScalars is only read
	sectionAccounts // of the findings in the section before
	sectionIssued
	sectionCorrections
	sectionCorrected
	sectionPane3 // with what was excluded; the two before are only read
	sectionForgotten
	sectionFlood
	sectionFloods // of the findings in the section before
)

// What an element takes in a part of a snapshot, in bytes; for open groups and
// findings an estimate.
const (
	settledSize = 17
	pageSize    = 17
	openSize    = 512
	findingSize = 2048
	historySize = 16
	quietSize   = 24
	issuedSize  = 256
)

func (d *decoder) texts() []string {
	var out []string
	for range d.Count(1) {
		out = append(out, d.Text())
	}
	return out
}

// small reads a number that counts things in memory.
func (d *decoder) small() int { return int(min(d.Uint(), math.MaxInt32)) }

func (d *decoder) key() rule.Key {
	return rule.Key{d.Fixed(), d.Fixed()}
}

// time reads an event time or wall clock: within 1900 to 2200 or so, or one of
// the two that stand for none, so that no sum of two overflows.
func (d *decoder) time() int64 {
	t := d.Int()
	if t != minTime && t != math.MaxInt64 && (t > math.MaxInt64/2+math.MaxInt64/4 || t < math.MinInt64/2) {
		d.Fail()
		return 0
	}
	return t
}

func appendTexts(b []byte, list []string) []byte {
	b = codec.AppendUint(b, uint64(len(list)))
	for _, s := range list {
		b = codec.AppendText(b, s)
	}
	return b
}

func appendKey(b []byte, k rule.Key) []byte {
	return codec.AppendFixed(codec.AppendFixed(b, k[0]), k[1])
}
