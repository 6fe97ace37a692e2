// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strings"
	"sync"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/w3c"
)

// op is what is done with the value of a column.
type op uint8

const (
	opText   op = iota // attribute = value
	opInt              // attribute = number
	opNumber           // attribute = number, perhaps with a fraction
	opStatus
	opHeader // attribute = list of one value
	opClientIP
	opServerIP
	opHost
	opMethod
	opURI
	opUserAgent
	opVersion
)

// step is one column that becomes attributes.
type step struct {
	op    op
	index int
	// attrs is how many attributes an ordinary value makes.
	attrs int
	// attr is the attribute, raw the one that keeps a value as text that is
	// not what its column asks for; column is the name for messages.
	attr, raw, column string
}

// Plan is what is done with the lines of one schema. It is never changed once
// made.
type Plan struct {
	steps []step
	// Positions of the columns that every record needs, -1 if there is none.
	Date, Time, Site, Host, CSHost int
	// Forwarded is the position of the header that names the real client, -1
	// if there is none.
	Forwarded int
	// Missing are the columns that detections need and the log lacks.
	Missing []Needed
	// Columns is how many the schema has.
	Columns int
	// Local: date and time are those of the server, and nothing says which zone.
	Local bool
	// overhead is what the names of all attributes take in a message, in bytes.
	overhead int
	// redact are the positions of the columns that must not appear in a body.
	redact []int
}

// Attrs is how many attributes an ordinary line with these values has, or one
// or two less.
func (p *Plan) Attrs(values []string) (n int) {
	for i := range p.steps {
		if !w3c.Absent(values[p.steps[i].index]) {
			n += p.steps[i].attrs
		}
	}
	return n
}

type columnOp struct {
	op   op
	attr string
}

// columnOps maps the known columns to OpenTelemetry's semantic conventions
// 1.44, and to iis.* where these have no name. Date, time and what belongs to
// the resource are not here.
var columnOps = map[w3c.Column]columnOp{
	w3c.ClientIP:      {opClientIP, attr.ClientAddress},
	w3c.ClientPort:    {opInt, "client.port"},
	w3c.ServerIP:      {opServerIP, attr.NetworkLocalAddress},
	w3c.ServerPort:    {opInt, attr.ServerPort},
	w3c.Host:          {opHost, "http.request.header.host"},
	w3c.Method:        {opMethod, attr.HTTPRequestMethod},
	w3c.URIStem:       {opText, attr.URLPath},
	w3c.URIQuery:      {opText, attr.URLQuery},
	w3c.URI:           {opURI, attr.URLPath},
	w3c.UserAgent:     {opUserAgent, attr.UserAgentOriginal},
	w3c.Referer:       {opHeader, attr.HTTPRequestHeaderReferer},
	w3c.ForwardedFor:  {opHeader, "http.request.header.x-forwarded-for"},
	w3c.Cookie:        {opHeader, "http.request.header.cookie"},
	w3c.Username:      {opText, attr.UserName},
	w3c.Version:       {opVersion, "network.protocol.name"},
	w3c.Status:        {opStatus, attr.HTTPResponseStatusCode},
	w3c.Substatus:     {opInt, "iis.substatus"},
	w3c.Win32Status:   {opInt, "iis.win32_status"},
	w3c.BytesSent:     {opInt, attr.HTTPResponseSize},
	w3c.BytesReceived: {opInt, "http.request.size"},
	w3c.TimeTaken:     {opNumber, "iis.time_taken_ms"},
	w3c.StreamID:      {opText, "iis.stream_id"},
	w3c.Reason:        {opText, "iis.reason"},
	w3c.QueueName:     {opText, "iis.queue"},
	w3c.SiteID:        {opText, "iis.site_id"},
}

// FieldsConfig chooses columns by their names in #Fields, in any case.
type FieldsConfig struct {
	// Exclude: columns that become no attribute and are blanked in the body.
	// Default: cs(Cookie).
	Exclude []string `mapstructure:"exclude"`
	// Include: if any are named, only these columns become attributes.
	Include []string `mapstructure:"include"`
}

// columnChoice is the fields block of the configuration, in lower case.
type columnChoice struct {
	include, exclude map[string]bool
}

func newColumnChoice(c FieldsConfig) columnChoice {
	set := func(names []string) map[string]bool {
		m := make(map[string]bool, len(names))
		for _, n := range names {
			m[strings.ToLower(n)] = true
		}
		return m
	}
	return columnChoice{include: set(c.Include), exclude: set(c.Exclude)}
}

// excluded tells whether a column must not be seen. A duplicate of an excluded
// column is as secret as the first.
func (c columnChoice) excluded(key string) bool {
	if c.exclude[key] {
		return true
	}
	if n := strings.LastIndexByte(key, '.'); n > 0 && isNumber(key[n+1:]) {
		return c.exclude[key[:n]]
	}
	return false
}

func (c columnChoice) wanted(key string) bool {
	return !c.excluded(key) && (len(c.include) == 0 || c.include[key])
}

// newPlan compiles a schema.
func newPlan(s *w3c.Schema, choice columnChoice, header string) *Plan {
	p := &Plan{
		Forwarded: headerColumn(s, header),
		Date:      s.Index(w3c.Date), Time: s.Index(w3c.Time),
		Site: s.Index(w3c.SiteName), Host: s.Index(w3c.ComputerName), CSHost: s.Index(w3c.Host),
	}
	hide := func(at *int) {
		if *at >= 0 && choice.excluded(s.Fields[*at].Key) {
			*at = -1
		}
	}
	hide(&p.Site)
	hide(&p.Host)
	if p.CSHost >= 0 && !choice.wanted(s.Fields[p.CSHost].Key) {
		p.CSHost = -1
	}
	p.Missing = missingColumns(s, header)
	p.Columns = len(s.Fields)
	for i, f := range s.Fields {
		if choice.excluded(f.Key) {
			p.redact = append(p.redact, i)
		}
		switch f.Column {
		case w3c.Date, w3c.Time, w3c.SiteName, w3c.ComputerName:
			continue
		}
		if !choice.wanted(f.Key) {
			continue
		}
		st := step{index: i, raw: "iis." + f.Key, column: f.Name, attrs: 1}
		if known, ok := columnOps[f.Column]; ok {
			st.op, st.attr = known.op, known.attr
		} else {
			st.op, st.attr = opText, st.raw
		}
		if st.op == opClientIP || st.op == opHost || st.op == opURI || st.op == opVersion || st.op == opServerIP && p.CSHost < 0 {
			st.attrs = 2
		}
		p.steps = append(p.steps, st)
		p.overhead += st.attrs * (max(len(st.attr), len(st.raw)) + attributeBytes)
	}
	return p
}

// localTime uses the columns of Advanced Logging for local time, where there are
// no others.
func (p *Plan) localTime(s *w3c.Schema, zoned bool) {
	date, clock := headerColumn(s, "date-local"), headerColumn(s, "time-local")
	switch {
	case p.Time >= 0 || clock < 0:
	case zoned:
		p.Date, p.Time = date, clock
	default:
		p.Local = true
	}
}

// attributeBytes is about what an attribute takes in a message beside its name and
// value; rather more.
const attributeBytes = 16

// Size returns at most how many bytes the record of a line of so many bytes takes
// in a message, without the attributes that say which file it is from.
func (p *Plan) Size(line int, body bool) int {
	if body {
		line *= 2
	}
	return recordBytes + p.overhead + line
}

// recordBytes is what a record takes without attributes of its line: its times,
// severity, uid, and what is wrong with it.
const recordBytes = 256

// Redacts reports whether values of a line must not appear in its body.
func (p *Plan) Redacts() bool { return len(p.redact) > 0 }

// MatchColumns are the positions of what the match stages look at, -1 where a
// record of this schema lacks it.
type MatchColumns struct {
	Path, Status, Client, Server, CSHost, Agent, Method int
	// URI: Path is that of cs-uri, with the query behind it.
	URI bool
}

// MatchColumns looks for the columns among those that become attributes, because
// the stages must see what rare_client would. ok is false for a schema whose
// lines cannot be judged: their time is not known, or two columns become one
// attribute.
func (p *Plan) MatchColumns() (c MatchColumns, ok bool) {
	c = MatchColumns{Path: -1, Status: -1, Client: -1, Server: -1, CSHost: p.CSHost, Agent: -1, Method: -1}
	for _, st := range p.steps {
		switch {
		case st.attr == attr.URLPath && c.Path >= 0:
			return c, false
		case st.attr == attr.URLPath:
			c.Path, c.URI = st.index, st.op == opURI
		case st.op == opStatus:
			c.Status = st.index
		case st.op == opClientIP:
			c.Client = st.index
		case st.op == opServerIP:
			c.Server = st.index
		case st.op == opUserAgent:
			c.Agent = st.index
		case st.op == opMethod:
			c.Method = st.index
		}
	}
	return c, p.Time >= 0
}

// headerColumn finds the column of a request header: as a custom field of IIS it
// has the header's name, in Advanced Logging it is in cs(...).
func headerColumn(s *w3c.Schema, header string) int {
	if header == "" {
		return -1
	}
	for i, f := range s.Fields {
		if strings.EqualFold(f.Name, header) || strings.EqualFold(f.Name, "cs("+header+")") {
			return i
		}
	}
	return -1
}

// maxPlans bounds a PlanCache, as the schemas of a w3c.Cache are bounded.
const maxPlans = 1024

// NewPlanCache returns the cache for a configuration. header names the real
// client, "" for none; zoned tells that the zone of local times is known.
func NewPlanCache(fields FieldsConfig, header string, zoned bool) *PlanCache {
	return &PlanCache{choice: newColumnChoice(fields), header: header, zoned: zoned}
}

// PlanCache shares the plans of equal schemas between files.
type PlanCache struct {
	choice columnChoice
	header string // that names the real client
	zoned  bool

	mu sync.Mutex
	// plans is guarded by mu.
	plans map[*w3c.Schema]*Plan
}

// Get returns the plan of a schema.
func (c *PlanCache) Get(s *w3c.Schema) *Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.plans[s]; ok {
		return p
	}
	if c.plans == nil || len(c.plans) >= maxPlans {
		c.plans = make(map[*w3c.Schema]*Plan)
	}
	p := newPlan(s, c.choice, c.header)
	p.localTime(s, c.zoned)
	c.plans[s] = p
	return p
}
