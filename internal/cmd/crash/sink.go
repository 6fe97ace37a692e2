// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // the exporter compresses
	"google.golang.org/grpc/status"

	"github.com/iishunt/iishunt/internal/detection"
)

// sink is an OTLP endpoint. Now and then it refuses, and now and then it takes a
// request but answers that it does not.
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
	found map[finding]delivered
	byID  map[string]finding
	again int
	// withdrawn are corrections.
	withdrawn int
	differ    error
}

// delivered is what two deliveries of a detection must agree in.
type delivered struct {
	id       string
	requests int
	reasons  string
}

func newSink(r *rand.Rand) (*sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{listener: listener, server: grpc.NewServer(), r: r, got: received{found: map[finding]delivered{}, byID: map[string]finding{}}}
	plogotlp.RegisterGRPCServer(s.server, s)
	go s.server.Serve(listener) //nolint:errcheck // it ends with stop
	return s, nil
}

func (s *sink) address() string { return s.listener.Addr().String() }

func (s *sink) stop() { s.server.Stop() }

// Export implements plogotlp.GRPCServer.
func (s *sink) Export(_ context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dice := s.r.IntN(10)
	if dice == 0 {
		return plogotlp.NewExportResponse(), status.Error(codes.Unavailable, "not now")
	}
	for lr := range detection.Records(req.Logs()) {
		s.got.take(lr)
	}
	if dice == 1 {
		return plogotlp.NewExportResponse(), status.Error(codes.Unavailable, "the answer is lost")
	}
	return plogotlp.NewExportResponse(), nil
}

func (r *received) take(lr plog.LogRecord) {
	switch detection.EventOf(lr) {
	case detection.Silent:
		return
	case detection.Correction:
		if id, _, withdrawn := detection.ReadCorrection(lr); withdrawn {
			delete(r.found, r.byID[id])
			r.withdrawn++
		}
		return
	}
	d, ok := detection.Read(lr)
	if !ok {
		r.differ = fmt.Errorf("not a detection: %v", lr.Attributes().AsRaw())
		return
	}
	f := finding{d.End.Unix(), d.Path, strings.Join(d.Clients, " ")}
	got := delivered{d.ID, int(d.Requests), strings.Join(d.IncompleteReason, " ")}
	was, known := r.byID[got.id]
	other, same := r.found[f]
	switch {
	case known && was != f, same && other.id != got.id:
		r.differ = fmt.Errorf("%+v %+v, and %+v %+v", was, other, f, got)
	case same && other != got:
		r.differ = fmt.Errorf("%+v: %+v, then %+v", f, other, got)
	case same:
		r.again++
	}
	r.byID[got.id], r.found[f] = f, got
}

// count is how many detections have come.
func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got.found)
}

func (s *sink) detections() *received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &s.got
}
