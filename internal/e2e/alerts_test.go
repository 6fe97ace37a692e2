// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"github.com/stretchr/testify/require"
)

const ruleFile = root + "/config/prometheus/iishunt.rules.yaml"

func ruleGroups(t *testing.T) []rulefmt.RuleGroup {
	t.Helper()
	groups, errs := rulefmt.ParseFile(ruleFile, false, model.LegacyValidation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	require.Empty(t, errs)
	return groups.Groups
}

// alerting returns the file's rules as Prometheus runs them.
func alerting(t *testing.T) []*rules.AlertingRule {
	var out []*rules.AlertingRule
	for _, g := range ruleGroups(t) {
		for _, r := range g.Rules {
			require.NotEmpty(t, r.Annotations["summary"], r.Alert)
			require.Contains(t, []string{"info", "warning", "critical"}, r.Labels["severity"], r.Alert)
			out = append(out, rules.NewAlertingRule(r.Alert, parseQuery(t, r.Expr), time.Duration(r.For), time.Duration(r.KeepFiringFor),
				labels.FromMap(r.Labels), labels.FromMap(r.Annotations), labels.EmptyLabels(), "", true, slog.New(slog.DiscardHandler)))
		}
	}
	return out
}

func parseQuery(t *testing.T, query string) parser.Expr {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	require.NoError(t, err, query)
	return expr
}

// alertCase is what a Prometheus has scraped each minute, and the alerts that
// fire after that long. A series is given as promtool does: 0+5x60 grows by 5.
type alertCase struct {
	why    string
	series []string
	after  time.Duration
	fires  []string // name, and the labels beside job, instance and severity
}

const hunter = `job="otelcol",instance="web1"`

func in(name string, more ...string) string {
	return name + "{" + strings.Join(append([]string{hunter}, more...), ",") + "} "
}

func lines(kind, values string) string {
	return in("otelcol_receiver_iis_log_lines", `kind="`+kind+`"`) + values
}

func rule(name, values string, more ...string) string {
	return in("otelcol_processor_rare_client_"+name, append(more, `processor="rare_client"`)...) + values
}

func queued(name, values string, more ...string) string {
	return in("otelcol_exporter_"+name, append(more, `exporter="otlp_grpc"`)...) + values
}

// day and a half: longer than every range in the rules.
const day = 26 * time.Hour

var alertCases = []alertCase{
	{
		why: "a healthy server", after: day,
		series: []string{
			in("otelcol_process_uptime") + "0+60x2000", in("otelcol_fileconsumer_open_files") + "1x2000",
			lines("record", "0+1000x2000"), lines("error", "0+1x2000"), lines("directive", "0+1x2000"),
			in("otelcol_receiver_iis_log_files_waiting") + "0 1 0 1 0x2000",
			rule("records", "0+10x2000", `outcome="matched"`), rule("records", "0+900x2000", `outcome="extension"`),
			rule("records", "0+5x2000", `outcome="not_a_request"`),
			rule("groups_used", "700x2000"), rule("groups_limit", "1000x2000"),
			rule("lost", "0x2000", `reason="late"`), rule("lost", "0x2000", `reason="max_groups"`),
			rule("lost", "1x2000", `reason="sender_began"`), rule("lost", "1x2000", `reason="state_lost"`),
			rule("next_window_end", "86400x1440 172800x1440"), rule("storage_failures", "0x2000"), rule("refused", "0x2000"),
			rule("detections_dropped", "0x2000"), rule("detections_waiting", "0 5 5 0x2000"),
			queued("send_failed_log_records", "0x2000"), queued("queue_size", "0 5 5 0x2000", `data_type="logs"`),
		},
	},
	{
		why: "it read, then no line came", after: 130 * time.Minute,
		series: []string{lines("record", "0+10x30 300x200"), lines("directive", "4x230")},
		fires:  []string{"IISHuntNoLinesRead"},
	},
	{
		why: "a night with one line each half hour", after: 130 * time.Minute,
		series: []string{lines("record", "0x29 1x29 2x29 3x29 4x29 5x29")},
	},
	{
		why: "it never read a line", after: 70 * time.Minute,
		series: []string{in("otelcol_process_uptime") + "0+60x80", in("otelcol_fileconsumer_open_files") + "0x80"},
		fires:  []string{"IISHuntNoLinesRead"},
	},
	{
		why: "it has only started", after: 50 * time.Minute,
		series: []string{in("otelcol_process_uptime") + "0+60x80", in("otelcol_fileconsumer_open_files") + "0x80"},
	},
	{
		why: "a gateway reads no files", after: 3 * time.Hour,
		series: []string{in("otelcol_process_uptime") + "0+60x200", rule("records", "0+10x200", `outcome="matched"`)},
	},
	{
		why: "the exporter is down", after: 20 * time.Minute,
		series: []string{in("otelcol_receiver_iis_log_files_waiting") + "0 0 2x30"},
		fires:  []string{"IISHuntReadingBlocked"},
	},
	{
		why: "a tenth does not fit the header", after: 70 * time.Minute,
		series: []string{lines("record", "0+90x100"), lines("error", "0+10x100")},
		fires:  []string{"IISHuntErrorRecords"},
	},
	{
		why: "only lines that do not fit", after: 70 * time.Minute,
		series: []string{lines("error", "0+10x100")},
		fires:  []string{"IISHuntErrorRecords"},
	},
	{
		why: "a column is missing, said once a day", after: 24 * time.Hour,
		series: []string{in("otelcol_receiver_iis_log_missing_columns", `column="c-ip"`) + "_x9 1x2000"},
		fires:  []string{"IISHuntColumnsMissing column=c-ip"},
	},
	{
		why: "the column is logged since yesterday", after: 27 * time.Hour,
		series: []string{in("otelcol_receiver_iis_log_missing_columns", `column="c-ip"`) + "_x9 1x2000"},
	},
	{
		why: "the first batch is lost: the counter appears", after: 20 * time.Minute,
		series: []string{in("otelcol_receiver_iis_log_records_dropped") + "_x9 50x30"},
		fires:  []string{"IISHuntRecordsDropped"},
	},
	{
		why: "a batch was lost yesterday", after: day,
		series: []string{in("otelcol_receiver_iis_log_records_dropped") + "50x2000"},
	},
	{
		why: "the disk is full", after: 40 * time.Minute,
		series: []string{
			in("otelcol_receiver_iis_log_checkpoint_failures") + "0+60x60",
			rule("storage_failures", "0x9 0+1x60"), rule("refused", "0x9 0+100x60"),
		},
		fires: []string{"IISHuntCheckpointsFail", "IISHuntStorageFails processor=rare_client"},
	},
	{
		why: "one write failed and was tried again", after: time.Hour,
		series: []string{rule("storage_failures", "0x9 1x80"), rule("refused", "0x80")},
	},
	{
		why: "servers behind NAT", after: day,
		series: []string{
			rule("records", "0x2000", `outcome="matched"`), rule("records", "0+900x2000", `outcome="extension"`),
			rule("records", "0+9x2000", `outcome="status"`), rule("records", "0x2000", `outcome="private_client"`),
			rule("records", "0+9x2000", `outcome="private_server"`), rule("records", "0x2000", `outcome="user_agent"`),
		},
		fires: []string{"IISHuntOneStageDropsEverything outcome=private_server processor=rare_client"},
	},
	{
		why: "one rule of two finds nothing; the other is a connector and matches", after: day,
		series: []string{
			rule("records", "0x2000", `outcome="matched"`), rule("records", "0+900x2000", `outcome="extension"`),
			in("otelcol_connector_rare_client_records", `connector="rare_client"`, `outcome="matched"`) + "0+9x2000",
			in("otelcol_connector_rare_client_records", `connector="rare_client"`, `outcome="status"`) + "0+9x2000",
		},
		fires: []string{"IISHuntOneStageDropsEverything outcome=extension processor=rare_client"},
	},
	{
		why: "rare_client in a pipeline of other logs", after: 90 * time.Minute,
		series: []string{
			rule("records", "0+50x100", `outcome="not_a_request"`), rule("records", "0x100", `outcome="matched"`),
			rule("records", "0x100", `outcome="extension"`),
		},
		fires: []string{"IISHuntNoWebRequests outcome=not_a_request processor=rare_client"},
	},
	{
		why: "the status is not logged", after: 30 * time.Minute,
		series: []string{rule("lost", "0+10x60", `reason="missing_attribute"`)},
		fires:  []string{"IISHuntAttributesMissing processor=rare_client reason=missing_attribute"},
	},
	{
		why: "81 of 100, as a connector", after: 10 * time.Minute,
		series: []string{
			in("otelcol_connector_rare_client_groups_used", `connector="rare_client"`) + "81x20",
			in("otelcol_connector_rare_client_groups_limit", `connector="rare_client"`) + "100x20",
		},
		fires: []string{"IISHuntStateNearlyFull connector=rare_client"},
	},
	{
		why: "80 of 100 is not above", after: 10 * time.Minute,
		series: []string{rule("groups_used", "80x20"), rule("groups_limit", "100x20")},
	},
	{
		why: "full", after: 10 * time.Minute,
		series: []string{rule("groups_used", "100x20"), rule("groups_limit", "100x20"), rule("lost", "0 0+1x20", `reason="max_groups"`)},
		fires:  []string{"IISHuntStateFull processor=rare_client reason=max_groups", "IISHuntStateNearlyFull processor=rare_client"},
	},
	{
		why: "late records", after: 10 * time.Minute,
		series: []string{rule("lost", "0 0 3x20", `reason="late"`)},
		fires:  []string{"IISHuntLateRecords processor=rare_client reason=late"},
	},
	{
		why: "late records of yesterday", after: 3 * time.Hour,
		series: []string{rule("lost", "0 0 3x200", `reason="late"`)},
	},
	{
		why: "a source holds the window open", after: 250 * time.Minute,
		series: []string{rule("next_window_end", "3600x300")},
		fires:  []string{"IISHuntWindowOverdue processor=rare_client"},
	},
	{
		why: "a server is silent, and windows are closed without it", after: 20 * time.Minute,
		series: []string{rule("senders", "0 1x40", `waited="false"`), rule("senders", "3 2x40", `waited="true"`), rule("lost", "0 0 2x40", `reason="sender_silent"`)},
		fires:  []string{"IISHuntServerSilent processor=rare_client waited=false", "IISHuntWindowsByTimeout processor=rare_client reason=sender_silent"},
	},
	{
		why: "a server was slow for a moment", after: 20 * time.Minute,
		series: []string{rule("senders", "0 1 1 0x40", `waited="false"`)},
	},
	{
		why: "records are dropped on their way", after: 10 * time.Minute,
		series: []string{rule("ranges_lost", "0 0 5x20")},
		fires:  []string{"IISHuntLinesLostOnTheWay processor=rare_client"},
	},
	{
		why: "a folder without rights", after: 20 * time.Minute,
		series: []string{rule("sender_unread", "1x40", `sender="web7"`)},
		fires:  []string{"IISHuntFilesUnreadable processor=rare_client sender=web7"},
	},
	{
		why: "something is found", after: 5 * time.Minute,
		series: []string{rule("detections", "0 0 1x20", `complete="true"`)},
		fires:  []string{"IISHuntFinding complete=true processor=rare_client"},
	},
	{
		why: "the state was damaged", after: 10 * time.Minute,
		series: []string{in("otelcol_process_uptime") + "0+60x20", rule("lost", "1x20", `reason="state_lost"`)},
		fires:  []string{"IISHuntStateLost processor=rare_client reason=state_lost"},
	},
	{
		why: "detections are refused for good", after: 10 * time.Minute,
		series: []string{rule("detections_dropped", "0 0 2x20")},
		fires:  []string{"IISHuntDetectionsLost processor=rare_client"},
	},
	{
		why: "detections wait", after: 40 * time.Minute,
		series: []string{rule("detections_waiting", "0 7x50")},
		fires:  []string{"IISHuntDetectionsWaiting processor=rare_client"},
	},
	{
		why: "the backend refuses for good what the queue took", after: 10 * time.Minute,
		series: []string{queued("send_failed_log_records", "0 0 402x20"), queued("queue_size", "0 1 0 0 2 0x20", `data_type="logs"`)},
		fires:  []string{"IISHuntExporterDrops exporter=otlp_grpc"},
	},
	{
		why: "the first that it refuses: the counter appears", after: 10 * time.Minute,
		series: []string{queued("send_failed_log_records", "_x5 1x20")},
		fires:  []string{"IISHuntExporterDrops exporter=otlp_grpc"},
	},
	{
		why: "the backend is away, and the queue fills", after: 40 * time.Minute,
		series: []string{queued("queue_size", "0 1+1x60", `data_type="logs"`), queued("queue_size", "5x60", `data_type="metrics"`)},
		fires:  []string{"IISHuntQueueWaiting data_type=logs exporter=otlp_grpc"},
	},
}

// firing evaluates all rules each minute and returns those that fire at the end.
func firing(t *testing.T, c alertCase) []string {
	storage := promqltest.LoadedStorage(t, "load 1m\n  "+strings.Join(c.series, "\n  "))
	t.Cleanup(func() { require.NoError(t, storage.Close()) })
	engine := promqltest.NewTestEngineWithOpts(t, promql.EngineOpts{
		Logger: promslog.NewNopLogger(), MaxSamples: 1e7, Timeout: patience, LookbackDelta: 5 * time.Minute,
	})
	query := rules.EngineQueryFunc(engine, storage)
	var out []string
	for _, r := range alerting(t) {
		// A rule knows its past for as long as its "for" and no longer.
		for at := max(0, c.after-r.HoldDuration()-time.Minute); at <= c.after; at += time.Minute {
			_, err := r.Eval(t.Context(), 0, time.Unix(0, 0).Add(at), query, nil, 0)
			require.NoError(t, err, r.Name())
		}
		r.ForEachActiveAlert(func(a *rules.Alert) {
			if a.State != rules.StateFiring {
				return
			}
			require.NotContains(t, a.Annotations.String(), "error expanding template", r.Name())
			name := r.Name()
			for k, v := range a.Labels.Map() {
				if !slices.Contains([]string{"alertname", "job", "instance", "severity"}, k) {
					name += " " + k + "=" + v
				}
			}
			out = append(out, sorted(name))
		})
	}
	slices.Sort(out)
	return out
}

// sorted puts the labels behind an alert's name in order.
func sorted(name string) string {
	words := strings.Fields(name)
	slices.Sort(words[1:])
	return strings.Join(words, " ")
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	fired := map[string]bool{}
	for _, c := range alertCases {
		t.Run(c.why, func(t *testing.T) {
			got := firing(t, c)
			require.Equal(t, c.fires, got)
			for _, name := range got {
				fired[strings.Fields(name)[0]] = true
			}
		})
	}
	var all []string
	for _, r := range alerting(t) {
		all = append(all, r.Name())
	}
	require.ElementsMatch(t, all, slices.Collect(maps.Keys(fired)), "each alert fires in a case")
}
