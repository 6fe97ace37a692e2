// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"os"
	"strings"
	"text/template"
)

//go:embed README.md.tmpl
var readmeText string

// writeReadme renders every result that is kept.
func writeReadme(path, results string) error {
	all, err := load(results)
	if err != nil {
		return err
	}
	t, err := template.New("README.md").Funcs(template.FuncMap{
		"table":  result.table,
		"ratios": result.ratios,
		"join":   strings.Join,
		"add":    func(a, b int) int { return a + b },
		"each":   func(size int64, lines int) int64 { return size / int64(lines) },
	}).Parse(readmeText)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, all); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
