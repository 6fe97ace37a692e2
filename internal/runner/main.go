// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
)

// ErrIncomplete is that something was lost, left out or not read: what was done
// is right, but may not be all.
var ErrIncomplete = errors.New("incomplete")

const exitIncomplete = 3

// Main is the end of a command's main function: it calls run with a context that
// an interrupt cancels, and exits with 1 if run returns an error, with 3 if that
// is ErrIncomplete.
func Main(name string, run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		if errors.Is(err, ErrIncomplete) {
			os.Exit(exitIncomplete)
		}
		os.Exit(1)
	}
}
