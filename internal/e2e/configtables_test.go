// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/iishunt/iishunt/connector/rareclientconnector"
	"github.com/iishunt/iishunt/exporter/huntreportexporter"
	"github.com/iishunt/iishunt/processor/rareclientprocessor"
	"github.com/iishunt/iishunt/receiver/iislogreceiver"
)

// flatten puts every key below a struct into out, named as in `match::extensions`,
// with its value. Keys of squashed structs have no prefix; pointers, lists and
// structs without keys, such as an ID, are values.
func flatten(prefix string, v reflect.Value, out map[string]reflect.Value) {
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("mapstructure"), ",")
		field := v.Field(i)
		switch {
		case strings.Contains(options, "squash"):
			flatten(prefix, field, out)
		case name == "":
		case field.Kind() == reflect.Struct && hasKeys(field.Type()):
			flatten(prefix+name+"::", field, out)
		default:
			out[prefix+name] = field
		}
	}
}

func hasKeys(typ reflect.Type) bool {
	for f := range typ.Fields() {
		if f.Tag.Get("mapstructure") != "" {
			return true
		}
	}
	return false
}

func keysOf(cfg component.Config) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	flatten("", reflect.ValueOf(cfg).Elem(), out)
	return out
}

// row is a row of a README's table of keys.
type row struct{ Default, Meaning string }

var (
	tableOfKeys = regexp.MustCompile(`(?m)^\| key \| type \| default \| meaning \|\n\|[-|]+\n((?:\|.*\n)+)`)
	ticked      = regexp.MustCompile("`([^`]+)`")
	unsupported = regexp.MustCompile(`(?m)^Not supported[^:]*: (.*)$`)
)

func names(text string) []string {
	var out []string
	for _, m := range ticked.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func rowsOf(t *testing.T, readme string) map[string]row {
	table := tableOfKeys.FindStringSubmatch(readme)
	require.NotNil(t, table, "the README has no table of keys")
	out := map[string]row{}
	for line := range strings.Lines(table[1]) {
		cells := strings.Split(line, "|")
		require.Len(t, cells, 6, "four cells, and what is outside: %s", line)
		for _, key := range names(cells[1]) {
			require.NotContains(t, out, key, "the key has two rows")
			out[key] = row{Default: strings.TrimSpace(cells[3]), Meaning: cells[4]}
		}
	}
	return out
}

// rowFor returns the row of a key, or of the block that it is in when the block
// has one row for all its keys. part is the key's name within such a block.
func rowFor(rows map[string]row, key string) (r row, part string, found bool) {
	if r, found = rows[key]; found {
		return r, "", true
	}
	block, part, nested := strings.Cut(key, "::")
	if !nested {
		return r, "", false
	}
	for other := range rows {
		if strings.HasPrefix(other, block+"::") {
			return r, "", false
		}
	}
	r, found = rows[block]
	return r, part, found
}

// hasDefault reports whether a README's cell gives a key's default: one of the
// values in it changes nothing when it is set, or the default is nothing and the
// cell says so in words.
func hasDefault(t *testing.T, create component.CreateDefaultConfigFunc, key string, value reflect.Value, cell string) bool {
	for _, text := range names(cell) {
		var v any
		require.NoError(t, yaml.Unmarshal([]byte(text), &v), "%s: %s", key, cell)
		path := strings.Split(key, "::")
		for i := len(path) - 1; i > 0; i-- {
			v = map[string]any{path[i]: v}
		}
		cfg := create()
		if confmap.NewFromStringMap(map[string]any{path[0]: v}).Unmarshal(cfg) == nil && reflect.DeepEqual(cfg, create()) {
			return true
		}
	}
	words := strings.Trim(ticked.ReplaceAllString(cell, ""), " ")
	nothing := value.IsZero() || value.Kind() == reflect.Slice && value.Len() == 0
	return nothing && words != ""
}

// The table of keys in a component's README has every key of its Config, with
// its default, and no other key.
func TestTheTablesOfKeysAreTheConfigurations(t *testing.T) {
	for _, c := range []struct {
		dir    string
		create component.CreateDefaultConfigFunc
	}{
		{"receiver/iislogreceiver", iislogreceiver.NewFactory().CreateDefaultConfig},
		{"processor/rareclientprocessor", rareclientprocessor.NewFactory().CreateDefaultConfig},
		{"exporter/huntreportexporter", huntreportexporter.NewFactory().CreateDefaultConfig},
	} {
		t.Run(c.dir, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, c.dir, "README.md"))
			require.NoError(t, err)
			rows := rowsOf(t, string(text))
			rejected := map[string]bool{}
			if m := unsupported.FindSubmatch(text); m != nil {
				for _, name := range names(string(m[1])) {
					rejected[strings.Split(name, ":")[0]] = true
				}
			}
			keys := keysOf(c.create())
			for key, value := range keys {
				block, _, _ := strings.Cut(key, "::")
				if rejected[block] {
					continue
				}
				r, part, found := rowFor(rows, key)
				require.True(t, found, "the table of keys lacks %s", key)
				like := strings.Contains(r.Meaning, "as in `")
				switch {
				case part != "":
					require.True(t, like || strings.Contains(r.Meaning, "`"+part+"`"), "the row of %s does not name %s", block, part)
				case r.Default == "":
					require.True(t, like, "%s has no default", key)
				default:
					require.True(t, hasDefault(t, c.create, key, value, r.Default), "%s is %v unless set, not %s", key, value, r.Default)
				}
			}
			for key := range rows {
				_, found := keys[key]
				for k := range keys {
					found = found || strings.HasPrefix(k, key+"::")
				}
				require.True(t, found, "no key is called %s", key)
			}
		})
	}
}

// The connector's README says that it has the processor's keys, but forward.
func TestTheConnectorHasTheProcessorsKeys(t *testing.T) {
	values := func(cfg component.Config) map[string]any {
		out := map[string]any{}
		for key, v := range keysOf(cfg) {
			out[key] = v.Interface()
		}
		return out
	}
	processor := values(rareclientprocessor.NewFactory().CreateDefaultConfig())
	require.Contains(t, processor, "forward")
	delete(processor, "forward")
	require.Equal(t, processor, values(rareclientconnector.NewFactory().CreateDefaultConfig()))
}
