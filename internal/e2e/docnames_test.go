// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	makeCommand = regexp.MustCompile("(?m)(?:^|`|\\$ )make ((?:[a-z]+-)*[a-z]+)")
	makeTarget  = regexp.MustCompile(`(?m)^([a-z-]+):.*## `)
	goTest      = regexp.MustCompile(`go test (\./[\w/]+)(?: -run\s+(Test\w+))?`)
	shownMetric = regexp.MustCompile(`otelcol_(?:receiver_iis_log|processor_rare_client|connector_rare_client|exporter_hunt_report)_[a-z_]*[a-z]`)
	pathInTicks = regexp.MustCompile("`((?:\\.ci|bench|config|connector|docs|exporter|internal|processor|receiver|testdata)/[\\w./-]+)`")
	testInTicks = regexp.MustCompile("`(Test[A-Z]\\w+)`")
)

// eachDocument calls do with the path and the text of every document.
func eachDocument(t *testing.T, do func(path, text string)) {
	t.Helper()
	for _, path := range documents(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		do(path, string(text))
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

// Each `make x` in a document is a target, and each `go test` names a folder, and
// a test that is in it.
func TestEveryCommandInTheDocumentsExists(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	require.True(t, targets["run"])
	n := 0
	eachDocument(t, func(path, text string) {
		for _, m := range makeCommand.FindAllStringSubmatch(text, -1) {
			n++
			require.True(t, targets[m[1]], "%s names make %s", path, m[1])
		}
		for _, m := range goTest.FindAllStringSubmatch(text, -1) {
			n++
			require.DirExists(t, filepath.Join(root, m[1]), "%s names %s", path, m[0])
			if m[2] != "" {
				require.True(t, hasTest(t, m[1], m[2]), "%s names %s", path, m[0])
			}
		}
	})
	require.Greater(t, n, 10)
}

func hasTest(t *testing.T, dir, name string) bool {
	files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(text), "func "+name) {
			return true
		}
	}
	return false
}

// Each path of the repository that a document names is there. Tests that
// CONTRIBUTING names are in a file that it names, or beside one.
func TestEveryPathInTheDocumentsExists(t *testing.T) {
	n := 0
	eachDocument(t, func(path, text string) {
		for _, m := range pathInTicks.FindAllStringSubmatch(text, -1) {
			n++
			to := strings.TrimSuffix(m[1], "/...")
			if filepath.Base(to) == "out" { // written by a command
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), to)); err == nil {
				continue
			}
			_, err := os.Stat(filepath.Join(root, to))
			require.NoError(t, err, "%s names %s", path, m[1])
		}
	})
	require.Greater(t, n, 20)

	contributing := read(t, "CONTRIBUTING.md")
	for _, m := range testInTicks.FindAllStringSubmatch(contributing, -1) {
		found := false
		for _, p := range pathInTicks.FindAllStringSubmatch(contributing, -1) {
			dir := strings.TrimSuffix(p[1], "/...")
			if strings.HasSuffix(dir, ".go") {
				dir = filepath.Dir(dir)
			}
			found = found || hasTest(t, dir, m[1])
		}
		require.True(t, found, "CONTRIBUTING.md names %s", m[1])
	}
}

// Each metric that a document names is one that a component has.
func TestEveryMetricInTheDocumentsExists(t *testing.T) {
	known := map[string]bool{}
	eachDocument(t, func(path, text string) {
		if filepath.Base(path) != "documentation.md" {
			return
		}
		for _, m := range heading.FindAllStringSubmatch(text, -1) {
			known[m[1]] = true
		}
	})
	n := 0
	eachDocument(t, func(path, text string) {
		for _, name := range shownMetric.FindAllString(text, -1) {
			n++
			require.True(t, known[name], "%s names %s", path, name)
		}
	})
	require.Greater(t, n, 30)
}
