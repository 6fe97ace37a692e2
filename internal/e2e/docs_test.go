// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../.."

var (
	fenced = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")
	linked = regexp.MustCompile(`\]\(([^) ]+)\)`)
)

// documents returns every Markdown file of the repository.
func documents(t *testing.T) []string {
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && (d.Name() == ".git" || d.Name() == "dist" || d.Name() == "out" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".md") {
			out = append(out, path)
		}
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, out)
	return out
}

// usual are the components, and their settings, of what a snippet leaves out.
var usual = map[string]map[string]any{
	"receivers":  {"iis_log": map[string]any{"include": []any{"x.log"}}},
	"processors": {"rare_client": map[string]any{}},
	"exporters":  {"nop": map[string]any{}},
}

func section(m map[string]any, key string) map[string]any {
	s, ok := m[key].(map[string]any)
	if !ok {
		s = map[string]any{}
		m[key] = s
	}
	return s
}

func ids(m map[string]any) []any {
	out := []any{}
	for id := range m {
		out = append(out, id)
	}
	return out
}

// complete makes a whole configuration of a snippet: a pipeline of all its
// components where it has none, and settings for components that it only names.
func complete(snippet map[string]any) map[string]any {
	service := section(snippet, "service")
	if service["pipelines"] == nil {
		pipeline := map[string]any{}
		for kind, components := range usual {
			if snippet[kind] == nil {
				snippet[kind] = components
			}
			pipeline[kind] = ids(section(snippet, kind))
		}
		service["pipelines"] = map[string]any{"logs": pipeline}
	}
	for _, p := range section(service, "pipelines") {
		for kind, named := range p.(map[string]any) {
			for _, id := range named.([]any) {
				define(snippet, kind, id.(string))
			}
		}
	}
	if service["extensions"] == nil {
		service["extensions"] = ids(section(snippet, "extensions"))
	}
	return snippet
}

func define(snippet map[string]any, kind, id string) {
	if section(snippet, kind)[id] != nil {
		return
	}
	if _, ok := section(snippet, "connectors")[id]; ok {
		return
	}
	settings, ok := usual[kind][id]
	if !ok {
		settings = map[string]any{}
		if strings.HasPrefix(id, "otlp_") {
			settings = map[string]any{"endpoint": "http://127.0.0.1:4318"}
		}
	}
	section(snippet, kind)[id] = settings
}

// TestEverySnippetIsValid lets a collector validate each YAML snippet in the
// documents, and compares those of an ocb manifest with ours.
func TestEverySnippetIsValid(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join(root, "builder-config.yaml"))
	require.NoError(t, err)
	n := 0
	for _, path := range documents(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, block := range fenced.FindAllStringSubmatch(string(text), -1) {
			n++
			var snippet map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(block[1]), &snippet), "%s:\n%s", path, block[1])
			if strings.Contains(block[1], "gomod:") {
				requireManifest(t, string(manifest), block[1])
				continue
			}
			whole, err := yaml.Marshal(complete(snippet))
			require.NoError(t, err)
			require.NoError(t, validate(t, "yaml:"+string(whole)), "%s:\n%s", path, whole)
		}
	}
	require.Greater(t, n, 3)
}

func requireManifest(t *testing.T, manifest, snippet string) {
	for line := range strings.Lines(snippet) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "gomod:") || strings.HasPrefix(line, "import:") {
			require.Contains(t, manifest, line, "builder-config.yaml has it otherwise")
		}
	}
}

var (
	heading     = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	anchorDrops = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns the fragments that the headings of a document have on GitHub.
func anchors(text string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(anchorDrops.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

func TestEveryLinkInsideTheDocumentsResolves(t *testing.T) {
	for _, path := range documents(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range linked.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			to, fragment, _ := strings.Cut(m[1], "#")
			target := path
			if to != "" {
				target = filepath.Join(filepath.Dir(path), to)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s links to %s", path, m[1])
			if fragment != "" {
				text, err := os.ReadFile(target)
				require.NoError(t, err)
				require.Contains(t, anchors(string(text)), fragment, "%s links to %s", path, m[1])
			}
		}
	}
}

// Every page under docs can be reached from the README.
func TestEveryPageIsLinked(t *testing.T) {
	reached := map[string]bool{}
	queue := []string{filepath.Join(root, "README.md")}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if reached[path] {
			continue
		}
		reached[path] = true
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range linked.FindAllStringSubmatch(string(text), -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if strings.HasSuffix(to, ".md") && !strings.Contains(to, "://") {
				queue = append(queue, filepath.Join(filepath.Dir(path), to))
			}
		}
	}
	for _, path := range documents(t) {
		if strings.Contains(path, "/docs/") {
			require.True(t, reached[path], "%s is linked from nowhere", path)
		}
	}
}

// The README is what a newcomer reads first, and is short for that.
func TestTheReadmeIsShort(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(strings.Fields(string(text))), 1200)
}
