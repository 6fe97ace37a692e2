// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/eventtime"
)

// perPart is how many files and losses one record tells of: with names of
// ordinary length it stays under 100 kB.
const perPart = 400

// Keys of the maps in the lists.
const (
	keyCount  = "count"
	keyFile   = "file"
	keyFrom   = "from"
	keyGone   = "gone"
	keyID     = "id"
	keyName   = "name"
	keyNewest = "newest"
	keyOldest = "oldest"
	keyRead   = "read"
	keyReason = "reason"
	keySent   = "sent"
	keyStart  = "start"
	keyStop   = "stop"
	keyTo     = "to"
	keyWhy    = "why"
)

// Append appends p as one record, or as several where it tells of many files.
// Part and Parts of p are not looked at.
func Append(dst plog.LogRecordSlice, p *eventtime.Progress) {
	parts := max(1, (len(p.Files)+perPart-1)/perPart, (len(p.Lost)+perPart-1)/perPart, (len(p.Unread)+perPart-1)/perPart)
	for i := range parts {
		q := *p
		q.Part, q.Parts = i+1, parts
		q.Files, q.Lost, q.Unread = piece(p.Files, i), piece(p.Lost, i), piece(p.Unread, i)
		write(dst.AppendEmpty(), &q, len(p.Files))
	}
}

func piece[T any](list []T, i int) []T {
	return list[min(len(list), i*perPart):min(len(list), (i+1)*perPart)]
}

func write(lr plog.LogRecord, p *eventtime.Progress, files int) {
	lr.SetEventName(attr.EventProgress)
	lr.SetTimestamp(pcommon.Timestamp(p.Sent))
	lr.SetObservedTimestamp(lr.Timestamp())
	lr.SetSeverityNumber(plog.SeverityNumberInfo)
	lr.SetSeverityText("Info")
	lr.Body().SetStr(sentence(p, files))
	m := lr.Attributes()
	m.EnsureCapacity(24)
	m.PutStr(attr.ProgressSender, p.Sender.String())
	m.PutStr(attr.ProgressRun, hex.EncodeToString(p.Run[:]))
	if p.RunNumber > 0 {
		m.PutInt(attr.ProgressRunNumber, p.RunNumber)
	}
	putText(m, attr.ProgressHost, p.Host)
	putText(m, attr.ProgressComponent, p.Component)
	if p.Process != (eventtime.Run{}) {
		m.PutStr(attr.ProgressProcess, hex.EncodeToString(p.Process[:]))
		m.PutInt(attr.ProgressReceivers, int64(p.Receivers))
	}
	m.PutBool(attr.ProgressResumed, p.Resumed)
	m.PutInt(attr.ProgressSeq, p.Seq)
	m.PutInt(attr.ProgressBase, p.Base)
	m.PutInt(attr.ProgressPart, int64(p.Part))
	m.PutInt(attr.ProgressParts, int64(p.Parts))
	m.PutStr(attr.ProgressState, p.State.String())
	putTime(m, attr.ProgressStarted, p.Started)
	putTime(m, attr.ProgressReadUntil, p.ReadUntil)
	putTime(m, attr.ProgressSince, p.Since)
	putTime(m, attr.ProgressOldestUnread, p.OldestUnread)
	if p.Behind > 0 {
		m.PutInt(attr.ProgressBehind, (p.Behind+int64(time.Millisecond)-1)/int64(time.Millisecond))
	}
	putText(m, attr.ProgressMatch, p.Match)
	if len(p.Files) > 0 {
		list := m.PutEmptySlice(attr.ProgressFiles)
		for i := range p.Files {
			writeFile(list.AppendEmpty().SetEmptyMap(), &p.Files[i])
		}
	}
	writeLosses(m, attr.ProgressUnread, p.Unread)
	writeLosses(m, attr.ProgressLost, p.Lost)
}

func writeFile(m pcommon.Map, f *eventtime.FileProgress) {
	m.PutStr(keyID, f.ID.String())
	putText(m, keyName, f.Name)
	m.PutInt(keyFrom, f.From)
	m.PutInt(keySent, f.Sent)
	m.PutInt(keyRead, f.Read)
	putTime(m, keyOldest, f.Oldest)
	putTime(m, keyNewest, f.Newest)
	if f.Gone {
		m.PutBool(keyGone, true)
	}
}

func writeLosses(m pcommon.Map, key string, losses []eventtime.Loss) {
	if len(losses) == 0 {
		return
	}
	list := m.PutEmptySlice(key)
	for i := range losses {
		l, m := &losses[i], list.AppendEmpty().SetEmptyMap()
		putText(m, keyName, l.Name)
		putText(m, keyWhy, l.Why)
		m.PutStr(keyReason, l.Reason.String())
		if l.Count > 0 {
			m.PutInt(keyCount, l.Count)
		}
		putTime(m, keyFrom, l.From)
		putTime(m, keyTo, l.To)
		if l.File != 0 {
			m.PutStr(keyFile, l.File.String())
			m.PutInt(keyStart, l.Start)
			m.PutInt(keyStop, l.Stop)
		}
	}
}

// putText writes what is there. Names of files need not be UTF-8, attributes must be.
func putText(m pcommon.Map, key, s string) {
	if s != "" {
		m.PutStr(key, strings.ToValidUTF8(s, "\uFFFD"))
	}
}

func putTime(m pcommon.Map, key string, t int64) {
	if t != eventtime.None {
		m.PutStr(key, stamp(t))
	}
}

func stamp(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }

// sentence is the body, for people.
func sentence(p *eventtime.Progress, files int) string {
	who := p.Host
	if who == "" {
		who = p.Sender.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "iis_log on %s ", strings.ToValidUTF8(who, "\uFFFD"))
	switch p.State {
	case eventtime.CatchingUp:
		b.WriteString("is reading what was there before")
	case eventtime.Stopped:
		b.WriteString("was stopped")
	case eventtime.Finished:
		b.WriteString("has read all there is")
	default:
		b.WriteString("is reading")
	}
	if p.ReadUntil != eventtime.None {
		b.WriteString("; what was written before " + stamp(p.ReadUntil) + " was read")
	}
	fmt.Fprintf(&b, "; files that changed: %d", files)
	if n := len(p.Unread); n > 0 {
		fmt.Fprintf(&b, "; cannot be read: %d", n)
	}
	if n := len(p.Lost); n > 0 {
		fmt.Fprintf(&b, "; lost: %d", n)
	}
	return b.String()
}
