// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Command bench measures this project's components beside what does the same work
// today. It writes the README.md in its folder.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does one step. The steps are separate processes because a child's peak
// memory counts from its parent's: the parent that measures must be small.
func run(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "generate":
			return generate(args[1:])
		case "check":
			return check(args[1:])
		case "measure":
			return measure(args[1:])
		case "render":
			return writeReadme("bench/README.md", "bench/results")
		}
	}
	return errors.New("the first argument must be generate, check, measure or render; make bench does all of them")
}
