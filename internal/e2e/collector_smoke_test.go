// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	allEvaluated = "every record received so far has been evaluated"
	refused      = "The next consumer refuses detections; they are kept and sent again"
)

// oneClient is a collector's configuration that reads a file with one request.
func oneClient(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "W3SVC1", "u_ex260302.log")
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("#Software: Microsoft Internet Information Services 10.0\r\n"+
		"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\r\n"+
		"2026-03-02 01:10:00 198.51.100.10 GET /up/x.aspx - 443 - 203.0.113.77 Mozilla/5.0+(X11) 200\r\n"), 0o600))
	return `
receivers:
  iis_log:
    include: ['` + path + `']
    start_at: beginning
    follow: false
    poll_interval: 20ms
processors:
  rare_client: {forward: none}
exporters:
  sink/detections: {}
service:
  pipelines:
    logs: {receivers: [iis_log], processors: [rare_client], exporters: [sink/detections]}
`
}

func TestLineInDetectionOut(t *testing.T) {
	s := newSinks()
	c := startCollector(t, s, oneClient(t))
	c.waitForLog(allEvaluated)
	c.shutdown()

	found := s.get("sink/detections").records()
	require.Len(t, found, 1)
	require.Equal(t, "iishunt.rare_client", found[0].EventName())
	require.Contains(t, found[0].Body().Str(), "1 client (203.0.113.77) made the only request for /up/x.aspx")
}

func TestRefusedDetectionIsSentAgain(t *testing.T) {
	s := newSinks()
	s.get("sink/detections").refuse(errors.New("backend is down"))
	c := startCollector(t, s, oneClient(t))
	c.waitForLog(refused)
	require.Empty(t, s.get("sink/detections").records())
	s.get("sink/detections").refuse(nil)
	c.waitForLog(allEvaluated)
	require.Len(t, s.get("sink/detections").records(), 1)
	c.shutdown()
}
