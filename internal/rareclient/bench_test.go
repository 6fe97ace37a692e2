// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// batch is 1,000 records of 20 attributes, in the order in which iis_log puts
// them; one in ten passes the match stages.
func batch(at time.Time) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("iis.site", "W3SVC1")
	rl.Resource().Attributes().PutStr("host.name", "web01")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range 1000 {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
		a := lr.Attributes()
		a.EnsureCapacity(20)
		a.PutStr("log.file.name", "u_ex260302.log")
		a.PutStr("network.local.address", "198.51.100.5")
		a.PutStr("http.request.method", "GET")
		path := fmt.Sprintf("/images/%d.png", i%100)
		if i%10 == 0 {
			path = fmt.Sprintf("/shop/page%d.aspx", i%50)
		}
		a.PutStr("url.path", path)
		a.PutStr("url.query", "id=4711&lang=en")
		a.PutInt("server.port", 443)
		a.PutStr("user.name", "-")
		a.PutStr("client.address", fmt.Sprintf("203.0.113.%d", i%250))
		a.PutStr("network.peer.address", fmt.Sprintf("203.0.113.%d", i%250))
		a.PutStr("user_agent.original", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36")
		a.PutEmptySlice("http.request.header.referer").AppendEmpty().SetStr("https://shop.example.com/")
		a.PutInt("http.response.status_code", 200)
		a.PutInt("iis.substatus", 0)
		a.PutInt("iis.win32_status", 0)
		a.PutInt("http.response.size", 5120)
		a.PutInt("http.request.size", 812)
		a.PutInt("iis.time_taken_ms", 15)
		a.PutStr("server.address", "shop.example.com")
		a.PutStr("network.protocol.name", "http")
		a.PutStr("network.protocol.version", "1.1")
	}
	return ld
}

// The processor alone: ns and allocations a record are those of an op / 1000.
func BenchmarkConsumeLogs(b *testing.B) {
	h := start(b, DefaultConfig(), zap.NewNop(), consumertest.NewNop(), consumertest.NewNop())
	ld := batch(time.Now())
	b.ReportAllocs()
	for b.Loop() {
		if err := h.ConsumeLogs(context.Background(), ld); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
	require.NoError(b, h.Shutdown(context.Background()))
}

// A record that changes nothing costs no allocation: what a call allocates does
// not grow with its records.
func TestRecordsThatChangeNothingDoNotAllocate(t *testing.T) {
	h := start(t, DefaultConfig(), zap.NewNop(), nil, consumertest.NewNop())
	ld := batch(time.Now())
	consume := func() {
		if err := h.ConsumeLogs(context.Background(), ld); err != nil {
			t.Fatal(err)
		}
	}
	consume()
	require.Less(t, testing.AllocsPerRun(20, consume), 100.0, "allocations for 1,000 records")
	require.NoError(t, h.Shutdown(context.Background()))
}
