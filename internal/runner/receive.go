// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	maxExportBytes = 64 << 20 // of one request
	headerTimeout  = 10 * time.Second
	closeTimeout   = 5 * time.Second
)

// Endpoint receives what the collector exports: OTLP over HTTP, in protobuf and
// not compressed, on a free port of loopback.
type Endpoint struct {
	URL string // without the path of the signal, /v1/logs or /v1/metrics

	server *http.Server
	served chan error // what the server ended with

	mu     sync.Mutex // guards everything declared below, and is held while take runs
	take   func(body []byte) error
	err    error
	closed bool
}

// Receive starts an endpoint for a signal, "logs" or "metrics". It calls take
// with the body of each request, one call at a time and none after Close. An
// error of take is the answer to its request, and Close returns it.
func Receive(signal string, take func(body []byte) error) (*Endpoint, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &Endpoint{URL: "http://" + l.Addr().String(), served: make(chan error, 1), take: take}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/"+signal, e.export)
	e.server = &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	go func() { e.served <- e.server.Serve(l) }()
	return e, nil
}

func (e *Endpoint) export(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxExportBytes))
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	if err == nil {
		err = e.take(body)
	}
	if err != nil {
		e.err = errors.Join(e.err, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty answer is one in protobuf
}

// Close ends the endpoint and returns all that went wrong with it.
func (e *Endpoint) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := e.server.Shutdown(ctx)
	if served := <-e.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return errors.Join(err, e.err)
}
