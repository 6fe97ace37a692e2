// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package runner

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
