// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "errors"

// scenario is one row of the table.
type scenario struct {
	Key    string // as in the README
	Title  string
	Config string // of the collector, in configs/; "" for DuckDB

	gogc     string // GOGC of the collector; "" leaves the default
	threads  int    // of DuckDB
	ours     bool   // read by iis_log, which counts every line it read
	records  bool   // every line must become a record
	findings bool   // the detections must be as many as the oracle's
	check    bool   // in a run of their own they are compared one by one
	headers  bool   // a header change in mid-file is understood
}

var scenarios = []scenario{
	{Key: "a", Title: "`iis_log`, all columns as attributes", Config: "iis_log", ours: true, records: true, headers: true},
	{Key: "b", Title: "`file_log` + header + `csv_parser` + `time_parser`", Config: "file_log_csv", records: true},
	{Key: "c", Title: "`file_log` without parsing", Config: "file_log_raw", records: true},
	{Key: "d", Title: "hunt: `iis_log` + `rare_client`, `forward: all`", Config: "hunt_all", ours: true, records: true, findings: true, headers: true},
	{Key: "d2", Title: "the same, offsets and state in `file_storage`", Config: "hunt_stored", ours: true, records: true, findings: true, headers: true},
	{Key: "e", Title: "hunt: `iis_log` + `rare_client`, `forward: none`", Config: "hunt_none", ours: true, records: true, findings: true, check: true, headers: true},
	{Key: "f", Title: "hunt with pushdown: `iis_log` with `match` + `rare_client`", Config: "hunt_pushdown", ours: true, findings: true, check: true, headers: true},
	{Key: "f2", Title: "the same, only the columns that the SQL reads, no evidence", Config: "hunt_pushdown_bare", ours: true, findings: true, check: true, headers: true},
	{Key: "f3", Title: "f with `GOGC=400`", Config: "hunt_pushdown", gogc: "400", ours: true, findings: true, headers: true},
	{Key: "g1", Title: "hunt: DuckDB, SQL on its CSV reader, 1 thread", threads: 1, findings: true, check: true},
	{Key: "g2", Title: "the same, 2 threads", threads: 2, findings: true, check: true},
}

// possible says why a scenario cannot run here; nil if it can.
func (s scenario) possible(l *lab) error {
	switch {
	case l.data.Headers > 0 && !s.headers && s.Config != "file_log_raw":
		return errors.New("it cannot follow a header that changes in mid-file")
	case s.threads > 0:
		return l.duckDBPossible()
	default:
		return l.valid(s)
	}
}

// lines is what the scenario's count of lines must come to.
func (s scenario) lines(d dataset) int64 {
	switch {
	case s.ours:
		return d.Physical
	case s.Config == "file_log_raw": // file_log does not tell directives from other lines
		return d.Physical
	default:
		return int64(d.Lines)
	}
}
