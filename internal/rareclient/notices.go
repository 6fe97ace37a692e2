// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"math"
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/eventtime"
	"github.com/iishunt/iishunt/internal/rule"
)

const (
	// enoughToWarn is the least number of records from which it says something
	// that a stage dropped all of them.
	enoughToWarn = 10
	// enoughForeign is the same for records that are no web requests.
	enoughForeign = 1000
)

// blockerHints say what to change when a stage drops everything.
var blockerHints = map[rule.Stage]string{
	rule.StageExtension: "no URI has one of match::extensions; routes without an extension never do. " +
		"Set match::extensions to what the site serves, or to [] to look at every URI",
	rule.StageStatus: "no answer has one of match::status_codes",
	rule.StagePrivateClient: "every client address is private: the log probably shows a proxy or load balancer. " +
		"Log the real client (X-Forwarded-For), or set match::private_clients: include",
	rule.StagePrivateServer: "every server address is private: the web servers are behind NAT or a load balancer. " +
		"Set match::private_servers: include",
	rule.StageUserAgent: "no user agent begins with one of match::user_agent_prefixes. " +
		"Check that the cs(User-Agent) field is logged, or set match::user_agent_prefixes: [] to look at every agent",
	rule.StageMethod: "no request has one of match::methods. Check their spelling, or set match::methods: [] to look at every method",
	rule.StagePathPrefix: "no path is in one of match::path_prefixes. They are compared with the path of the site, which begins " +
		"with the application's name: /shop/uploads, not /uploads",
}

// notices writes what an operator must know to the Collector's log: each window,
// and, once, whatever makes detections impossible or doubtful.
type notices struct {
	log       *zap.Logger
	input     Input
	needs     [rule.NumNeeds]string // attributes that every request must have
	warned    map[rule.Stage]bool
	passed    bool                // a record passed the stages and the exclusions, so that something can be found
	excluded  bool                // logged that exclusions leave out everything
	foreign   bool                // logged that nothing is a web request
	missing   [rule.NumNeeds]bool // logged that every record lacks it
	late      uint64
	counted   uint64 // requests, when it was last said that all are counted
	finished  bool   // said that all is evaluated, after every sender had finished
	evaluated bool   // windows were evaluated since the last "every record ..."
	refusing  bool
	flooded   int64 // event time up to which it was said that max_groups left no room
	wrong     bool  // said that a progress cannot be read
}

func newNotices(log *zap.Logger, input Input, counted string) notices {
	needs := [rule.NumNeeds]string{attr.URLPath, attr.HTTPResponseStatusCode, counted, attr.HTTPRequestMethod}
	return notices{log: log, input: input, needs: needs, warned: map[rule.Stage]bool{}, flooded: math.MinInt64}
}

func (n *notices) window(w *engine.Window, findings, suppressed int) {
	n.evaluated = true
	n.log.Info("Window evaluated",
		zap.Time("start", time.Unix(0, w.Start).UTC()), zap.Time("end", time.Unix(0, w.End).UTC()),
		zap.Uint64("matched", w.Funnel.Matched), zap.Int("findings", findings), zap.Int("suppressed", suppressed),
		zap.Strings("incomplete_reasons", w.Reasons.Strings()), zap.Stringer("closed_by", w.Account.ClosedBy), zap.Strings("senders_behind", w.Account.Behind))
	n.beyond(w)
	if n.passed = n.passed || w.Funnel.Matched > w.Funnel.Excluded; n.passed {
		return
	}
	if w.Funnel.Matched >= enoughToWarn && !n.excluded {
		n.excluded = true
		n.log.Warn("Nothing can be found: exclusions left out every record that passed the match stages",
			zap.Uint64("records", w.Funnel.Excluded), zap.String("hint", "narrow the entries of exclude"))
	}
	stage, dropped, ok := w.Funnel.Blocker()
	if !ok || dropped < enoughToWarn || n.warned[stage] {
		return
	}
	n.warned[stage] = true
	n.log.Warn("Nothing can be found: one match stage dropped every record that reached it",
		zap.Stringer("stage", stage), zap.Uint64("records", dropped), zap.String("hint", blockerHints[stage]))
}

// beyond says, once for each time that windows cover, who took the room that
// max_groups leaves.
func (n *notices) beyond(w *engine.Window) {
	if w.Flood.Requests == 0 || w.Start < n.flooded {
		return
	}
	n.flooded = w.End
	hint := "they came from many clients: raise max_groups if the site is that large"
	clients := w.Flood.Clients()
	if clients != nil {
		hint = "a few clients asked for nearly all of them, as a scan or an attack on the detector does: exclude them if they are yours"
	}
	n.log.Warn("max_groups left no room for requests of this window: what else asked for their pages is not known",
		zap.Uint64("requests", w.Flood.Requests), zap.Uint64("pages", w.Flood.Pages()), zap.Strings("clients", clients), zap.String("hint", hint))
}

func (n *notices) name(attribute string) string {
	if n.input == InputTable {
		return column(attribute)
	}
	return attribute
}

// lacking says once, when nothing could be counted, what the records lack and
// which component (instrumentation scope) wrote them.
func (n *notices) lacking(s engine.Stats, scope string) {
	if s.Funnel.Matched > 0 {
		return
	}
	from := zap.String("scope", scope)
	if !n.foreign && s.Foreign >= enoughForeign && s.Requests() == 0 {
		n.foreign = true
		n.log.Warn("No record is a web request: none has "+n.name(attr.URLPath)+" or "+n.name(attr.HTTPResponseStatusCode)+
			". Put rare_client behind iis_log, set these attributes upstream, or choose another input", from)
	}
	for i, count := range s.Missing {
		if count >= enoughToWarn && !n.missing[i] {
			n.missing[i] = true
			n.log.Warn("Nothing can be found: the records lack "+n.name(n.needs[i])+
				". Log the field in IIS, or set the attribute upstream", zap.Uint64("records", count), from)
		}
	}
}

// state is called after windows were evaluated and delivered.
func (n *notices) state(s engine.Stats) {
	if late := s.Lost[engine.ReasonLate]; late > n.late {
		n.log.Warn("Records came too late for their window and were not counted: a detection may miss a second client. "+
			"Raise allowed_lateness if this repeats", zap.Uint64("records", late-n.late))
		n.late = late
	}
	if !s.Finished {
		n.finished = false
	}
	if (n.evaluated || s.Finished && !n.finished) && s.Waiting == 0 && s.Panes == 0 {
		n.evaluated, n.finished = false, s.Finished
		n.log.Info("every record received so far has been evaluated")
	}
}

// wholeCounted says, of a window over everything, that no file has more.
func (n *notices) wholeCounted(s engine.Stats) {
	if s.Sources > 0 || s.Senders > 0 || s.Requests() == n.counted {
		return
	}
	n.counted = s.Requests()
	n.log.Info("every record received so far has been counted; the end of the Collector evaluates them")
}

// senders says what the engine found out about those who tell their progress.
func (n *notices) senders(warnings []eventtime.Warning) {
	for i := range warnings {
		w := &warnings[i]
		var fields []zap.Field
		if w.Sender != 0 {
			fields = append(fields, zap.String("sender", w.Host), zap.Stringer("sender_id", w.Sender))
		}
		if w.ReadUntil != eventtime.None {
			fields = append(fields, zap.Time("read_until", time.Unix(0, w.ReadUntil).UTC()))
		}
		if w.Distance > 0 {
			fields = append(fields, zap.Duration("behind", w.Distance.Round(time.Second)))
		}
		n.log.Warn(w.Text, fields...)
	}
}

// contradiction is said once: each later progress would be as wrong.
func (n *notices) contradiction(err error) {
	if !n.wrong {
		n.wrong = true
		n.log.Warn("A progress record cannot be used: windows wait for its sender until sender_timeout. "+
			"Does something between change the attributes of records with the event name iishunt.progress?", zap.Error(err))
	}
}

func (n *notices) refused(err error) {
	if !n.refusing {
		n.refusing = true
		n.log.Warn("The next consumer refuses detections; they are kept and sent again", zap.Error(err))
	}
}

func (n *notices) delivered() {
	if n.refusing {
		n.refusing = false
		n.log.Info("The next consumer takes detections again")
	}
}
