// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/iishunt/iishunt/internal/report"
	"github.com/iishunt/iishunt/internal/report/reporttest"
)

func document(detections ...*report.Detection) *report.Document {
	store := report.NewStore(100)
	for _, d := range detections {
		store.Add(d)
	}
	return store.Document("", "", time.Now())
}

func TestChanges(t *testing.T) {
	older := document(append(reporttest.Story(), reporttest.Detection("/gone.aspx", "192.0.2.9", 0, 1))...)
	var kept []*report.Detection
	for _, d := range reporttest.Story() {
		if !strings.HasPrefix(d.Path, "/uploads/") {
			kept = append(kept, d)
		}
	}
	newer := document(append(kept, reporttest.Detection("/new.aspx", "192.0.2.9", 0, 1))...)
	var out bytes.Buffer
	printChanges(&out, older, newer, "old.yaml", 3)
	require.Contains(t, out.String(), "Against old.yaml: 1 page gained, 2 lost, ")
	require.Regexp(t, `gained +/new\.aspx +not found +-> rank \d, weak`, out.String())
	require.Regexp(t, `lost +/uploads/logo\.aspx +rank 1, strong +-> not found`, out.String())
	require.Regexp(t, `moved +/admin/orders\.aspx +rank 2, weak +-> rank 1, weak`, out.String())
	gained, lost, moved := changes(older, older)
	require.Empty(t, append(append(gained, lost...), moved...))
}

func TestTwoRulesReadTheLogsOnce(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.yaml")
	hunt, err := os.ReadFile("../../../config/hunt.yaml")
	require.NoError(t, err)
	write(t, old, strings.NewReplacer("[c-ip, ", "[time-taken, c-ip, ", "window: all", "window: 24h").Replace(string(hunt)))
	c, err := compare("../../../config/hunt.yaml", old)
	require.NoError(t, err)
	both, err := readRaw(c.config)
	require.NoError(t, err)
	require.Len(t, both.Receivers, 1)
	in := both.Receivers[receiverID]
	require.NotContains(t, in, "match", "what one rule drops the other may need")
	require.Contains(t, included(in), "time-taken")
	require.Equal(t, "all", both.Processors["rare_client"]["window"])
	require.Equal(t, "24h", both.Processors["rare_client/against"]["window"])
	require.Contains(t, both.Processors["rare_client/against"], "match")
	require.NoError(t, c.close())
	require.NoFileExists(t, c.config)

	write(t, old, strings.ReplaceAll(string(hunt), "hunt_report", "file"))
	_, err = compare("../../../config/hunt.yaml", old)
	require.ErrorContains(t, err, "the exporter hunt_report")
	write(t, old, strings.Replace(string(hunt), "    poll_interval", "    client_address: {header: X-Forwarded-For}\n    poll_interval", 1))
	_, err = compare("../../../config/hunt.yaml", old)
	require.ErrorContains(t, err, "client_address: the two rules read the logs differently")
	_, err = compare("none.yaml", old)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTheOldRulesMetricsAreNotCounted(t *testing.T) {
	f := figures{}
	points := pmetric.NewNumberDataPointSlice()
	for name, n := range map[string]int64{"rare_client": 3, "rare_client/against": 5} {
		p := points.AppendEmpty()
		p.Attributes().PutStr("processor", name)
		p.Attributes().PutStr("outcome", "matched")
		p.SetIntValue(n)
	}
	f.add("otelcol_processor_rare_client_records", points)
	require.EqualValues(t, 3, f["processor_rare_client_records"]["matched"])
}
