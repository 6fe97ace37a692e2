// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// machine is what the figures depend on; it names no host.
type machine struct {
	OS, Arch, CPU string
	Cores         int
	// Load is the average number of waiting processes over the last minute,
	// when the runs were over. More than about one a core: others were at work.
	Load string
}

func thisMachine() machine {
	m := machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: "unknown", Cores: runtime.NumCPU(), Load: "unknown"}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(b), " ")
	}
	return m
}

// versions lists what was compared, from the collector's own build information
// and DuckDB's package.
func versions(l *lab) []string {
	var list []string
	if info, err := buildinfo.ReadFile(l.collector); err == nil {
		list = append(list, "Go "+strings.TrimPrefix(info.GoVersion, "go"))
		for _, name := range []string{
			"go.opentelemetry.io/collector/otelcol",
			"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza",
			"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver",
		} {
			for _, d := range info.Deps {
				if d.Path == name {
					list = append(list, name+" "+d.Version)
				}
			}
		}
	}
	if out, err := exec.Command("node", "--version").Output(); err == nil { //nolint:noctx // ends at once
		list = append(list, "node "+strings.TrimPrefix(strings.TrimSpace(string(out)), "v"))
	}
	var p struct{ Version string }
	if err := readJSON(filepath.Join(l.duckdb, "node_modules", "@duckdb", "node-api", "package.json"), &p); err == nil {
		list = append(list, "@duckdb/node-api "+p.Version)
	}
	return slices.Compact(list)
}
