// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package house holds the rules of the rooms: what each package may import.
package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module    = "github.com/iishunt/iishunt/"
	contrib   = "github.com/open-telemetry/opentelemetry-collector-contrib/"
	collector = "go.opentelemetry.io/collector/"
	pdata     = collector + "pdata/"
	iislog    = "receiver/iislogreceiver/internal/"
)

// rooms are the rules, for the code of a package and not for its tests. An
// import is named by what its path begins with, our own packages without the
// module.
var rooms = []struct {
	room    string   // a folder, with those below it
	only    []string // of ours, it imports no other; nil: any
	never   []string
	because string
}{
	{"internal/w3c", []string{}, []string{collector, contrib}, "the format knows nothing else"},
	{"internal/attr", []string{}, []string{collector, contrib}, "names know nothing else"},
	{"internal/codec", []string{}, []string{collector, contrib, "os"}, "the stored form of values knows neither what they are nor where they go"},
	{"internal/page", []string{}, []string{collector, contrib, "os"}, "a page is a function of a path"},
	{"internal/rule", []string{"internal/attr", "internal/page"}, []string{collector, contrib, "os"}, "a rule is pure: the receiver and the engine use it"},
	{"internal/eventtime", []string{"internal/codec"}, []string{collector, contrib, "os"}, "who was heard knows neither panes nor records"},
	{"internal/progress", []string{"internal/attr", "internal/eventtime"}, []string{contrib, "os"}, "it writes and reads what is told, and knows nobody"},
	{"internal/engine", []string{"internal/attr", "internal/codec", "internal/eventtime", "internal/page", "internal/rule"}, []string{collector, contrib, "os"}, "the engine knows neither pdata nor files"},
	{"internal/statelog", []string{}, []string{pdata, contrib}, "it keeps bytes and does not know whose"},
	{"internal/rank", []string{"internal/printable"}, []string{collector, contrib, "os"}, "a score is computed from a finding alone"},
	{"internal/report", nil, []string{collector, contrib, "internal/engine", "internal/rule"}, "the report knows findings, not how they are found"},
	{"receiver", nil, []string{"internal/engine", "internal/rareclient", "processor/"}, "the receiver imports the rule, not the engine"},
	{iislog + "account", []string{"internal/eventtime"}, []string{pdata, contrib}, "it knows neither what lines say nor records"},
	{iislog + "tail", []string{"internal/eventtime", "internal/w3c", iislog + "account", iislog + "logonce", iislog + "telemetry"}, []string{pdata}, "it knows neither what lines say nor records"},
	{iislog + "record", []string{"internal/attr", "internal/rule", "internal/w3c"}, []string{contrib, "os"}, "a line becomes a record whichever file it is from"},
	{iislog + "pushdown", []string{"internal/rule", "internal/w3c", iislog + "record"}, []string{pdata, contrib, "os"}, "lines are dropped before they are records"},
	{iislog + "deliver", []string{"internal/attr", iislog + "record", iislog + "telemetry"}, []string{contrib, "os"}, "it hands records on and does not know whose they are"},
	{"processor", []string{"internal/rareclient", "processor/"}, []string{contrib}, "wiring"},
	{"connector", []string{"internal/rareclient", "connector/"}, []string{contrib}, "wiring"},
}

// stanza may be imported by one package alone, so that a newer version of it
// costs an edit there and nowhere else.
const stanza, stanzaRoom = contrib + "pkg/stanza", iislog + "tail"

func TestRooms(t *testing.T) {
	seen := map[string]int{}
	files(t, func(folder, file string, imports []string) {
		for _, imp := range imports {
			if strings.HasPrefix(imp, stanza) && folder != stanzaRoom {
				t.Errorf("%s imports %s: only %s does", file, imp, stanzaRoom)
			}
		}
		for _, r := range rooms {
			if folder != r.room && !strings.HasPrefix(folder, r.room+"/") {
				continue
			}
			seen[r.room]++
			for _, imp := range imports {
				own, ours := strings.CutPrefix(imp, module)
				if ours && r.only != nil && !begins(own, r.only) && !strings.HasPrefix(own, r.room) {
					t.Errorf("%s imports %s: %s", file, own, r.because)
				}
				if begins(imp, r.never) || ours && begins(own, r.never) {
					t.Errorf("%s imports %s: %s", file, imp, r.because)
				}
			}
		}
	})
	for _, r := range rooms {
		if seen[r.room] == 0 {
			t.Errorf("%s has no code: did it move?", r.room)
		}
	}
}

// begins reports whether an import is one of a list, or below one.
func begins(imp string, list []string) bool {
	for _, p := range list {
		if imp == p || strings.HasPrefix(imp, strings.TrimSuffix(p, "/")+"/") {
			return true
		}
	}
	return false
}

// files gives every Go file of the module that is no test and was not generated.
func files(t *testing.T, do func(folder, file string, imports []string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		name := d.Name()
		switch {
		case d.IsDir() && (rel == "dist" || rel == "internal/e2e" || rel == "bench/out" || name == "testdata" || name == "node_modules" || len(name) > 1 && strings.HasPrefix(name, ".") && name != ".."):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"), strings.HasPrefix(name, "generated_"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, imp)
		}
		do(path.Dir(rel), rel, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
