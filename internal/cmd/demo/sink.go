// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/iishunt/iishunt/internal/attr"
)

const maxExport = 64 << 20 // bytes in one request

// sink receives the collector's exports.
type sink struct {
	url    string
	server *http.Server
	done   chan error // what the server ended with
	got    func(detection)

	mu         sync.Mutex // guards everything declared below
	detections []detection
	ids        map[string]bool // delivery is at least once: repeats are told by their id
	err        error
}

// startSink listens on a free port of loopback and calls got for each
// detection, one call at a time.
func startSink(got func(detection)) (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{url: "http://" + l.Addr().String(), done: make(chan error, 1), got: got, ids: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/logs", s.export)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { s.done <- s.server.Serve(l) }()
	return s, nil
}

func (s *sink) export(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxExport))
	var detections []detection
	if err == nil {
		detections, err = decodeDetections(body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.err = errors.Join(s.err, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, d := range detections {
		if id := d.text(attr.DetectionID); !s.ids[id] {
			s.ids[id] = true
			s.detections = append(s.detections, d)
			s.got(d)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}")
}

// stop ends the listener and returns what came, in order of arrival.
func (s *sink) stop() ([]detection, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.detections, errors.Join(err, s.err)
}
