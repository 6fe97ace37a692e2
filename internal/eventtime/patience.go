// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

// patience decides how long somebody is waited for: as long as it is not far
// behind the wall clock, or comes closer to it.
//
// Whoever is further behind than the timeout must come closer by a tenth of it
// to be waited for again; so a queue that is worked off is waited for, and a clock
// that is days behind is not. A queue has limited time: see note.
type patience struct {
	improved int64 // running time
	lag      int64 // behind the wall clock when it improved, in nanoseconds; -1 if unknown
	trailing bool  // it is further behind than the timeout
	trailed  int64 // running time at which that began
}

func newPatience(now Now) patience { return patience{improved: now.Running, lag: -1} }

// note takes the distance to the wall clock. Somebody who trails for more than
// most of running time no longer improves by coming closer.
func (p *patience) note(now Now, lag, timeout, most int64) {
	if lag <= timeout {
		p.improved, p.lag, p.trailing = now.Running, lag, false
		return
	}
	if !p.trailing {
		p.trailing, p.trailed = true, now.Running
	}
	if p.lag < 0 || p.over(now, timeout) {
		// It was away: its way back is measured from here. Without being away a
		// distance that goes to and fro would improve again and again.
		p.lag = max(p.lag, lag)
	}
	if p.lag-lag >= timeout/10 && now.Running-p.trailed < most {
		p.improved, p.lag = now.Running, lag
	}
}

func (p *patience) over(now Now, timeout int64) bool { return now.Running-p.improved >= timeout }
