// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

// Package sentineltest reads the worked cases of the Sentinel query in
// testdata/sentinel.
package sentineltest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Case is the rows of the table that the query reads, and what it finds.
type Case struct {
	ID         string    `json:"id"`
	Title      string    `json:"title"`
	Threshold  int       `json:"client_threshold"`
	Extensions []string  `json:"extensions"`
	Input      []Row     `json:"input"`
	Expected   []Finding `json:"expected"`
	Reason     string    `json:"reason"`
}

// Row is a row of W3CIISLog by the names of its columns.
type Row map[string]string

// Finding is a row of the query's result.
type Finding struct {
	Path      string    `json:"url_path"`
	UserAgent string    `json:"user_agent"`
	FirstSeen time.Time `json:"first_seen"`
	QueryEnd  time.Time `json:"query_end_time"`
	Clients   []string  `json:"clients"`
	Sites     []string  `json:"sites"`
	Requests  int64     `json:"request_count"`
}

// UnmarshalJSON makes texts of all values.
func (r *Row) UnmarshalJSON(raw []byte) error {
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	*r = Row{}
	for column, value := range values {
		(*r)[column] = fmt.Sprint(value)
	}
	return nil
}

// Time is the row's TimeGenerated.
func (r Row) Time(t *testing.T) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, r["TimeGenerated"])
	require.NoError(t, err)
	return at
}

// Cases returns all cases below the repository's root. Rows have what they do not
// name by default.
func Cases(t *testing.T, root string) []Case {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "testdata", "sentinel", "cases.json"))
	require.NoError(t, err)
	var all struct {
		Meta struct {
			RowDefaults Row `json:"row_defaults"`
		} `json:"meta"`
		Cases []Case `json:"cases"`
	}
	require.NoError(t, json.Unmarshal(raw, &all))
	for _, c := range all.Cases {
		for i, row := range c.Input {
			full := maps.Clone(all.Meta.RowDefaults)
			maps.Copy(full, row)
			c.Input[i] = full
		}
	}
	return all.Cases
}
