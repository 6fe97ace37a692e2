// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclientprocessor

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/iishunt/iishunt/internal/page"
)

func readme(t *testing.T) string {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

func TestTheReadmesConfigurationsAreRead(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		var doc struct {
			Processors map[string]map[string]any `yaml:"processors"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(block[1]), &doc))
		require.NotEmpty(t, doc.Processors, "%s", block[1])
		for id, raw := range doc.Processors {
			require.Equal(t, "rare_client", strings.Split(id, "/")[0])
			_, err := load(raw)
			require.NoError(t, err, "%s", block[1])
		}
	}
}

func TestTheReadmeHasEveryKey(t *testing.T) {
	text := readme(t)
	var keys func(reflect.Type)
	keys = func(typ reflect.Type) {
		for f := range typ.Fields() {
			name := strings.Split(f.Tag.Get("mapstructure"), ",")[0]
			if name != "" {
				require.Regexp(t, "`([a-z_]+::)?"+name+"`|\n +(- )?"+name+":", text, "the key %s", name)
			}
			typ := f.Type
			if typ.Kind() == reflect.Slice {
				typ = typ.Elem()
			}
			if typ.Kind() == reflect.Struct {
				keys(typ)
			}
		}
	}
	keys(reflect.TypeFor[Config]())
}

// Every attribute of every scenario's detections is in the table.
func TestTheReadmeHasEveryAttribute(t *testing.T) {
	text := readme(t)
	paths, err := filepath.Glob(filepath.Join(scenarios, "*", "detections.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var detections []struct {
			Attributes map[string]any `json:"attributes"`
		}
		require.NoError(t, json.Unmarshal(raw, &detections))
		for _, d := range detections {
			for name := range d.Attributes {
				require.Contains(t, text, "`"+name+"`")
			}
		}
	}
}

// The table of sets has every set with its extensions.
func TestTheReadmeHasEverySet(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `set:(\\w+)` \\| (all of the above, and )?([^|]*) \\| [^|]+ \\|$")
	sets := map[string][]string{}
	var above []string
	for _, m := range row.FindAllStringSubmatch(readme(t), -1) {
		extensions := strings.Fields(strings.ReplaceAll(m[3], "`", ""))
		above = append(above, extensions...)
		if m[2] != "" {
			extensions = slices.Clone(above)
		}
		slices.Sort(extensions)
		sets[m[1]] = extensions
	}
	want := map[string][]string{}
	for name, extensions := range page.Extensions {
		want[name] = slices.Sorted(slices.Values(extensions))
	}
	require.Equal(t, want, sets)
}
