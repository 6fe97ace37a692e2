// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/iishunt/iishunt/internal/eventtime"
)

// edgeConfig reads and sends; messages are split and joined by bytes, by ten
// consumers of a queue at once.
const edgeConfig = `
receivers:
  iis_log:
    include: [%[1]q]
    start_at: beginning
    poll_interval: 200ms
    progress: {interval: 1s}
    storage: file_storage
exporters:
  otlp_grpc:
    endpoint: %[2]s
    tls: {insecure: true}
    sending_queue: {storage: file_storage, block_on_overflow: true, num_consumers: 10, sizer: bytes, queue_size: 100000000, batch: {flush_timeout: 200ms, min_size: 8000, max_size: 16000}}
    retry_on_failure: {initial_interval: 50ms, max_interval: 500ms, max_elapsed_time: 0s}
extensions:
  file_storage: {directory: %[3]q, create_directory: true}
service:
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [iis_log], exporters: [otlp_grpc]}
  telemetry:
    metrics: {level: none}
`

// gatewayConfig hunts in what comes.
const gatewayConfig = `
receivers:
  otlp: {protocols: {grpc: {endpoint: %[1]s}}}
processors:
  memory_limiter: {check_interval: 100ms, limit_mib: 400, spike_limit_mib: 100}
  rare_client:
    forward: none
    window: %[4]s
    every: %[5]s
    allowed_lateness: 1s
    sender_timeout: %[6]s
    suppress_for: 0s
    storage: file_storage
exporters:
  otlp_grpc:
    endpoint: %[2]s
    tls: {insecure: true}
    sending_queue: {storage: file_storage, block_on_overflow: true}
    retry_on_failure: {initial_interval: 50ms, max_interval: 500ms, max_elapsed_time: 0s}
extensions:
  file_storage: {directory: %[3]q, create_directory: true}
service:
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [otlp], processors: [memory_limiter, rare_client], exporters: [otlp_grpc]}
  telemetry:
    metrics: {level: none}
`

// proxy is the network between edge and gateway: it delays, refuses, repeats,
// reorders and splits messages, loses answers, and where it is lossy, messages.
type proxy struct {
	plogotlp.UnimplementedGRPCServer
	to     plogotlp.GRPCClient
	server *grpc.Server
	lossy  bool
	late   sync.WaitGroup
	lost   atomic.Int64 // messages

	mu sync.Mutex
	r  *rand.Rand // guarded by mu
}

func newProxy(gateway string, lossy bool, r *rand.Rand) (p *proxy, address string, err error) {
	conn, err := grpc.NewClient(gateway, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	p = &proxy{to: plogotlp.NewGRPCClient(conn), server: grpc.NewServer(), lossy: lossy, r: r}
	plogotlp.RegisterGRPCServer(p.server, p)
	go p.server.Serve(listener) //nolint:errcheck // it ends with Stop
	return p, listener.Addr().String(), nil
}

func (p *proxy) dice(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.r.IntN(n)
}

// Export implements plogotlp.GRPCServer.
func (p *proxy) Export(ctx context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	switch p.dice(12) {
	case 0:
		return plogotlp.NewExportResponse(), status.Error(codes.Unavailable, "not now")
	case 1:
		if _, err := p.to.Export(ctx, req); err != nil {
			return plogotlp.NewExportResponse(), err
		}
		return plogotlp.NewExportResponse(), status.Error(codes.Unavailable, "the answer is lost")
	case 2:
		if _, err := p.to.Export(ctx, req); err != nil {
			return plogotlp.NewExportResponse(), err
		}
	case 3:
		p.later(req)
		return plogotlp.NewExportResponse(), nil
	case 4:
		return p.split(ctx, req)
	case 5:
		if p.lossy {
			p.lost.Add(1)
			return plogotlp.NewExportResponse(), nil
		}
	}
	return p.to.Export(ctx, req)
}

// later takes a message and brings it behind others.
func (p *proxy) later(req plogotlp.ExportRequest) {
	own := plog.NewLogs()
	req.Logs().CopyTo(own)
	wait := time.Duration(p.dice(3000)) * time.Millisecond
	p.late.Go(func() {
		for time.Sleep(wait); ; time.Sleep(100 * time.Millisecond) {
			if _, err := p.to.Export(context.Background(), plogotlp.NewExportRequestFromLogs(own)); err == nil {
				return
			}
		}
	})
}

// split sends every second record apart, as what groups records anew does.
func (p *proxy) split(ctx context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	for half := range 2 {
		part, n := plog.NewLogs(), 0
		req.Logs().CopyTo(part)
		for _, rl := range part.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				sl.LogRecords().RemoveIf(func(plog.LogRecord) bool {
					n++
					return n%2 == half
				})
			}
		}
		if _, err := p.to.Export(ctx, plogotlp.NewExportRequestFromLogs(part)); err != nil {
			return plogotlp.NewExportResponse(), err
		}
	}
	return plogotlp.NewExportResponse(), nil
}

// transit runs an edge and a gateway with a proxy between them, and stops, kills
// and suspends both.
func transit(ctx context.Context, binary, dir string, length time.Duration, lossy bool, seed uint64) error {
	fmt.Printf("edge and gateway, %v, seed %d, lossy %t\n", length, seed, lossy)
	// Where a gap is waited for, it must outlast several kills that follow each other;
	// where messages are lost, it comes to nothing in any case.
	timeout := time.Minute
	if lossy {
		timeout = 20 * time.Second
	}
	sink, err := newSink(random(seed, 1))
	if err != nil {
		return err
	}
	defer sink.stop()
	address, err := freeAddress()
	if err != nil {
		return err
	}
	p, to, err := newProxy(address, lossy, random(seed, 2))
	if err != nil {
		return err
	}
	defer p.server.Stop()
	gateway, err := newProcess(binary, filepath.Join(dir, "gateway"), func(storage string) string {
		return fmt.Sprintf(gatewayConfig, address, sink.address(), storage, window, every, timeout)
	})
	if err != nil {
		return err
	}
	edge, err := newProcess(binary, filepath.Join(dir, "edge"), func(storage string) string {
		return fmt.Sprintf(edgeConfig, filepath.Join(dir, "logs", "*", "*.log"), to, storage)
	})
	if err != nil {
		return err
	}
	w, err := newWriter(filepath.Join(dir, "logs"), random(seed, 3))
	if err != nil {
		return err
	}
	if err := errors.Join(gateway.start(), edge.start()); err != nil {
		return err
	}
	writing, done := context.WithTimeout(ctx, length)
	defer done()
	finished := make(chan error, 1)
	go func() { finished <- w.run(writing) }()
	err = trouble(writing, edge, gateway, random(seed, 4))
	if err = errors.Join(err, <-finished); err != nil {
		return err
	}
	p.late.Wait()
	// A gap, and whoever is behind, are waited for sender_timeout twice at most.
	want, last := oracle(w.lines), time.Now().Add(window+2*timeout+10*time.Second)
	for time.Now().Before(last) && (lossy || sink.count() < len(want)) {
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	if err := errors.Join(edge.end(syscall.SIGTERM), gateway.end(syscall.SIGTERM)); err != nil {
		return err
	}
	fmt.Printf("%d lines in %d files; edge killed %d times, gateway %d times; %d messages lost\n", len(w.lines), w.files, edge.killed, gateway.killed, p.lost.Load())
	if lossy {
		return compareLossy(want, sink.detections())
	}
	// A progress that waits in the gateway for records is lost with it. Where its
	// sender dies before it has told the same again, nobody knows what it told.
	allowed := ""
	if edge.killed > 0 && gateway.killed > 0 {
		allowed = eventtime.ReasonLostInTransit.String()
	}
	return compare(want, sink.detections(), allowed)
}

// trouble kills and suspends edge and gateway until ctx ends.
func trouble(ctx context.Context, edge, gateway *collector, r *rand.Rand) error {
	for ctx.Err() == nil {
		_ = sleep(ctx, time.Duration(3+r.IntN(5))*time.Second) // it ends with ctx
		c := edge
		if r.IntN(2) == 0 {
			c = gateway
		}
		if r.IntN(2) == 0 {
			c.killed++
			if err := errors.Join(c.end(syscall.SIGKILL), c.start()); err != nil {
				return err
			}
			continue
		}
		if err := suspend(c.cmd.Process); err != nil {
			return err
		}
		time.Sleep(time.Duration(1+r.IntN(5)) * time.Second)
		if err := resume(c.cmd.Process); err != nil {
			return err
		}
	}
	return nil
}

// compareLossy holds what is told as complete to the truth: where messages are
// lost, other findings may be wrong, but must say that they may be.
func compareLossy(want map[finding]int, got *received) error {
	var errs []error
	complete, marked := 0, 0
	for f, d := range got.found {
		if d.reasons != "" {
			marked++
			continue
		}
		complete++
		if want[f] != d.requests {
			errs = append(errs, fmt.Errorf("told as complete, and wrong: %+v with %d requests, of %d", f, d.requests, want[f]))
		}
	}
	if marked == 0 {
		errs = append(errs, errors.New("nothing is marked: the run proves nothing"))
	}
	fmt.Printf("%d complete, all true; %d marked\n", complete-len(errs), marked)
	return errors.Join(errs...)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
