// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // the exporter compresses
	"google.golang.org/grpc/status"
)

// sink is an OTLP endpoint that refuses now and then, and now and then takes
// what it is sent but does not say so.
type sink struct {
	plogotlp.UnimplementedGRPCServer
	listener net.Listener
	server   *grpc.Server

	mu  sync.Mutex
	r   *rand.Rand
	got received
}

// received is what came. The same detection may come more than once.
type received struct {
	found  map[finding]detection
	byID   map[string]finding
	again  int
	differ error
}

type detection struct {
	id       string
	requests int
	reasons  string
}

func newSink(r *rand.Rand) (*sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{listener: listener, server: grpc.NewServer(), r: r, got: received{found: map[finding]detection{}, byID: map[string]finding{}}}
	plogotlp.RegisterGRPCServer(s.server, s)
	go s.server.Serve(listener) //nolint:errcheck // it ends with stop
	return s, nil
}

func (s *sink) address() string { return s.listener.Addr().String() }

func (s *sink) stop() { s.server.Stop() }

// Export is that of the OTLP service.
func (s *sink) Export(_ context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dice := s.r.IntN(10)
	if dice == 0 {
		return plogotlp.NewExportResponse(), status.Error(codes.Unavailable, "not now")
	}
	for _, rl := range req.Logs().ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				s.got.take(lr)
			}
		}
	}
	if dice == 1 {
		return plogotlp.NewExportResponse(), status.Error(codes.Unavailable, "the answer is lost")
	}
	return plogotlp.NewExportResponse(), nil
}

func (r *received) take(lr plog.LogRecord) {
	text := func(name string) string {
		v, ok := lr.Attributes().Get(name)
		if !ok {
			return ""
		}
		return v.AsString()
	}
	end, err := time.Parse(time.RFC3339, text("detection.window.end"))
	if err != nil {
		r.differ = err
	}
	requests, err := strconv.Atoi(text("detection.request_count"))
	if err != nil {
		r.differ = err
	}
	f := finding{end.Unix(), text("url.path"), text("client.address")}
	d := detection{text("detection.id"), requests, text("detection.incomplete_reasons")}
	was, known := r.byID[d.id]
	other, same := r.found[f]
	switch {
	case known && was != f, same && other.id != d.id:
		r.differ = fmt.Errorf("%+v %+v, and %+v %+v", was, other, f, d)
	case same && other != d:
		r.differ = fmt.Errorf("%+v: %+v, then %+v", f, other, d)
	case same:
		r.again++
	}
	r.byID[d.id], r.found[f] = f, d
}

func (s *sink) detections() *received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &s.got
}
