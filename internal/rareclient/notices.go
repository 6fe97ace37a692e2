// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"time"

	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
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
}

// report tells in the Collector's log what an operator must know: each window,
// and once each what makes detections impossible or doubtful.
type report struct {
	log       *zap.Logger
	input     Input
	warned    map[rule.Stage]bool
	foreign   bool                // said that nothing is a web request
	missing   [rule.NumNeeds]bool // said that every record lacks it
	late      uint64
	evaluated bool // windows were evaluated since the last "every record ..."
	refusing  bool
}

func newReport(log *zap.Logger, input Input) report {
	return report{log: log, input: input, warned: map[rule.Stage]bool{}}
}

func (r *report) window(w *engine.Window, findings, suppressed int) {
	r.evaluated = true
	r.log.Info("Window evaluated",
		zap.Time("start", time.Unix(0, w.Start).UTC()), zap.Time("end", time.Unix(0, w.End).UTC()),
		zap.Uint64("matched", w.Funnel.Matched), zap.Int("findings", findings), zap.Int("suppressed", suppressed),
		zap.Strings("incomplete_reasons", w.Reasons.Strings()))
	stage, dropped, ok := w.Funnel.Blocker()
	if !ok || dropped < enoughToWarn || r.warned[stage] {
		return
	}
	r.warned[stage] = true
	r.log.Warn("Nothing can be found: one match stage dropped every record that reached it",
		zap.Stringer("stage", stage), zap.Uint64("records", dropped), zap.String("hint", blockerHints[stage]))
}

// needs are the attributes that every request must have.
var needs = [rule.NumNeeds]string{attr.URLPath, attr.HTTPResponseStatusCode, attr.ClientAddress}

func (r *report) name(attribute string) string {
	if r.input == InputTable {
		return column(attribute)
	}
	return attribute
}

// lacking says once, when nothing could be counted, what the records lack and
// which component (instrumentation scope) wrote them.
func (r *report) lacking(s engine.Stats, scope string) {
	if s.Funnel.Matched > 0 {
		return
	}
	from := zap.String("scope", scope)
	if !r.foreign && s.Foreign >= enoughForeign && s.Requests() == 0 {
		r.foreign = true
		r.log.Warn("No record is a web request: none has "+r.name(attr.URLPath)+" or "+r.name(attr.HTTPResponseStatusCode)+
			". Put rare_client behind iis_log, set these attributes upstream, or choose another input", from)
	}
	for i, n := range s.Missing {
		if n >= enoughToWarn && !r.missing[i] {
			r.missing[i] = true
			r.log.Warn("Nothing can be found: the records lack "+r.name(needs[i])+
				". Log the field in IIS, or set the attribute upstream", zap.Uint64("records", n), from)
		}
	}
}

// state is called after windows were evaluated and delivered.
func (r *report) state(s engine.Stats) {
	if late := s.Lost[engine.ReasonLate]; late > r.late {
		r.log.Warn("Records came too late for their window and were not counted: a detection may miss a second client. "+
			"Raise allowed_lateness if this repeats", zap.Uint64("records", late-r.late))
		r.late = late
	}
	if r.evaluated && s.Waiting == 0 && s.Panes == 0 {
		r.evaluated = false
		r.log.Info("every record received so far has been evaluated")
	}
}

func (r *report) refused(err error) {
	if !r.refusing {
		r.refusing = true
		r.log.Warn("The next consumer refuses detections; they are kept and sent again", zap.Error(err))
	}
}

func (r *report) delivered() {
	if r.refusing {
		r.refusing = false
		r.log.Info("The next consumer takes detections again")
	}
}
