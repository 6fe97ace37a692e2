// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import "time"

// WarningKind tells warnings apart; of each kind a sender is warned of once until
// what it warns of is over.
type WarningKind uint8

// The kinds.
const (
	WarnSilent WarningKind = iota
	WarnClockBehind
	WarnDuplicate
	WarnLost
	WarnLateFiles
	WarnNoRanges
	WarnNoProgress
	WarnMaxSenders
	numWarnings
)

// Warning is something that an operator should know.
type Warning struct {
	Kind      WarningKind
	Text      string
	Sender    ID // 0 where it is not about one
	Host      string
	ReadUntil int64         // of the sender, or None
	Distance  time.Duration // to the wall clock of the ReadUntil
}

// TakeWarnings returns what is to be said since the last call.
func (t *Tracker) TakeWarnings() []Warning {
	w := t.warnings
	t.warnings = nil
	return w
}

func (t *Tracker) warn(s *sender, k WarningKind, text string) {
	w := Warning{Kind: k, Text: text, ReadUntil: None}
	if s != nil {
		if s.warned[k] {
			return
		}
		s.warned[k] = true
		w.Sender, w.Host, w.ReadUntil = s.id, s.name(), s.readUntil
	}
	t.warnings = append(t.warnings, w)
}

// warnSilent says once that a sender is not waited for.
func (t *Tracker) warnSilent(s *sender, now Now) {
	k, text := WarnSilent, "A server says nothing new, and windows no longer wait for it. They are marked sender_silent until it has caught up, "+
		"or until it is forgotten after forget_sender_after. Is its Collector running, and does it reach this one?"
	if s.clockBehind(t, now) {
		k, text = WarnClockBehind, "The clock of a server is far behind, and windows no longer wait for it. They are marked clock_behind. Set its clock"
	}
	if s.warned[k] {
		return
	}
	t.warn(s, k, text)
	if s.readUntil != None {
		t.warnings[len(t.warnings)-1].Distance = time.Duration(now.Wall - s.readUntil)
	}
}

// clockBehind: a sender that is heard and reads, but what it says is long ago by
// its own clock.
func (s *sender) clockBehind(t *Tracker, now Now) bool {
	return s.readUntil != None && now.Running-s.lastHeard < int64(t.cfg.SenderTimeout)/2 && len(s.pending) == 0 && s.state == Reading &&
		s.distance > int64(t.cfg.SenderTimeout)
}

// warnContradiction says once that something between takes one half of the
// accounting away.
func (t *Tracker) warnContradiction(s *sender, now Now) {
	if now.Running-s.born < int64(t.cfg.SenderTimeout) {
		return
	}
	switch {
	case s.ranges && !s.heard:
		t.warn(s, WarnNoProgress, "Records of iis_log come, but no progress records (event name iishunt.progress): a component between drops them, "+
			"or progress is switched off in iis_log. Windows are closed by sender_timeout")
	case s.claims && !s.ranges && t.cfg.Account:
		t.warn(s, WarnNoRanges, "Progress records of iis_log come, but its records have no log.record.uid: a component between removes it. "+
			"Let it pass, or set account: false")
	}
}
