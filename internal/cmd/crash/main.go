// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command crash kills a Collector again and again while log files are written,
// and compares the detections that an OTLP endpoint gets with those of an
// oracle that knows every line.
//
//	go run ./internal/cmd/crash -collector dist/iishunt -kills 100
//
// It exits with 1 when a detection was lost or invented, when two with one id
// differ, when a request count is too low, or when one says that its evidence
// is incomplete for a reason that cannot be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/iishunt/iishunt/internal/runner"
)

func main() {
	binary := flag.String("collector", "dist/iishunt", "the Collector to kill")
	kills := flag.Int("kills", 100, "how often it dies")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of what is random; if it is odd, iis_log has match, too")
	length := flag.Duration("transit", 0, "for how long edge and gateway run with a bad network between them, in place of kills of one Collector")
	lossy := flag.Bool("lossy", false, "with transit: the network loses messages")
	keep := flag.String("keep", "", "folder for logs, storage and the Collector's log, which is kept; default a temporary one")
	flag.Parse()
	runner.Main("crash", func(ctx context.Context) error {
		if err := run(ctx, *binary, *keep, *kills, *length, *lossy, *seed); err != nil {
			return fmt.Errorf("%w (seed %d)", err, *seed)
		}
		return nil
	})
}

func run(ctx context.Context, binary, dir string, kills int, length time.Duration, lossy bool, seed uint64) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "iishunt-crash-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if length > 0 {
		return transit(ctx, binary, dir, length, lossy, seed)
	}
	pushdown := seed%2 == 1
	fmt.Printf("%d kills, seed %d, match in iis_log: %t\n", kills, seed, pushdown)
	sink, err := newSink(random(seed, 1))
	if err != nil {
		return err
	}
	defer sink.stop()
	c, err := newCollector(binary, dir, sink.address(), pushdown)
	if err != nil {
		return err
	}
	w, err := newWriter(filepath.Join(dir, "logs"), random(seed, 2))
	if err != nil {
		return err
	}
	writing, done := context.WithCancel(ctx)
	finished := make(chan error, 1)
	go func() { finished <- w.run(writing) }()
	err = c.torment(ctx, kills, random(seed, 3))
	done()
	if err = errors.Join(err, <-finished); err != nil {
		return err
	}
	if err = c.finish(ctx); err != nil {
		return err
	}
	fmt.Printf("%d lines in %d files; the Collector died %d times and was stopped %d times\n", len(w.lines), w.files, c.killed, c.stopped)
	return compare(oracle(w.lines), sink.detections(), "")
}

func random(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream)) //nolint:gosec // it can be repeated
}
