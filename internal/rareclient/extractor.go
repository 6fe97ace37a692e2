// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
)

// extractor reads the tuples that the rule needs out of log records. It keeps
// its buffers between records and is not safe for concurrent use.
type extractor struct {
	table bool     // the input is a table's rows
	names []string // of what group_by is read from: attributes or columns
	// others are the indexes of names that request does not hold.
	others   []int
	counted  string // the attribute or column that is counted; "" for the client's address
	more     bool   // group_by or count asks for what request does not hold
	foldUser bool   // it is the user, whose name has no case in Windows
	pathAt   int    // index of url.path in group_by, or -1
	uaAt     int
	values   []string
	// The current record; fields, so that they are not allocated for each.
	request  rule.Request
	semconv  semconv
	computer string // of a row
	// What its resource says for all its records.
	common         rule.Request
	commonSemconv  semconv
	commonComputer string
	inherited      []string // values of group_by

	batch      *engine.Batch
	resource   []string // identity of the resource
	source     sourceID // of the current record, where haveSource
	haveSource bool
	// unreadable is what is wrong with the last progress that could not be read.
	unreadable error
	// lacking is the scope of a record that lacks an attribute which the rule needs.
	lacking *string
}

// sourceID tells the sources of one resource apart: the file, or where rows name
// no file, the server and the site.
type sourceID struct{ file, computer, site string }

func newExtractor(e *engine.Engine, cfg *Config) *extractor {
	groupBy := cfg.Groups()
	x := &extractor{
		table: cfg.Input == InputTable, names: slices.Clone(groupBy), batch: e.NewBatch(),
		values: make([]string, len(groupBy)), inherited: make([]string, len(groupBy)),
		pathAt: slices.Index(groupBy, attr.URLPath), uaAt: slices.Index(groupBy, attr.UserAgentOriginal),
	}
	if x.counted = cfg.Counted(); x.counted != "" {
		x.foldUser = x.counted == attr.UserName && cfg.FoldsCase()
		if x.table {
			x.counted = column(x.counted)
		}
	}
	pageAt := slices.Index(groupBy, attr.IISPage) // the engine makes it of the path
	for i := range x.names {
		if x.table {
			x.names[i] = column(x.names[i])
		}
		if i != x.pathAt && i != x.uaAt && i != pageAt {
			x.others = append(x.others, i)
		}
	}
	x.more = len(x.others) > 0 || x.counted != ""
	return x
}

// release lets go of the strings of the last call.
func (x *extractor) release() {
	x.batch.Reset(0)
	clear(x.values)
	clear(x.inherited)
	clear(x.resource)
	x.request, x.semconv, x.computer = rule.Request{}, semconv{}, ""
	x.common, x.commonSemconv, x.commonComputer = rule.Request{}, semconv{}, ""
	x.source = sourceID{}
}

// other keeps a value that only group_by or count asks for.
func (x *extractor) other(r *rule.Request, k string, v pcommon.Value) {
	if x.counted != "" && k == x.counted {
		r.Counted = v.AsString()
	}
	for _, i := range x.others {
		if k == x.names[i] {
			x.values[i] = v.AsString()
		}
	}
}

// finish copies what group_by has in common with the request.
func (x *extractor) finish(r *rule.Request) {
	if x.foldUser {
		r.Counted = rule.FoldName(r.Counted)
	}
	if x.pathAt >= 0 {
		x.values[x.pathAt] = r.Path
	}
	if x.uaAt >= 0 {
		x.values[x.uaAt] = r.UserAgent
	}
}
