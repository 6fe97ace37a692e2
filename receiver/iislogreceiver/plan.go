// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package iislogreceiver

import (
	"strings"
	"sync"

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

// plan is what is done with the lines of one schema. It is never changed once
// made.
type plan struct {
	steps []step
	// Positions of the columns that every record needs, -1 if there is none.
	date, time, site, host, csHost int
	// forwarded is the position of the header that names the real client, -1
	// if there is none.
	forwarded int
	// missing are the columns that detections need and the log lacks.
	missing []needed
	// columns is how many the schema has.
	columns int
	// sieve is what match looks at; nil where no line can be dropped.
	sieve *sieveColumns
	// redact are the positions of the columns that must not appear in a body.
	redact []int
}

// attrs is how many attributes an ordinary line with these values has, or one
// or two less.
func (p *plan) attrs(values []string) (n int) {
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
	w3c.ClientIP:      {opClientIP, "client.address"},
	w3c.ClientPort:    {opInt, "client.port"},
	w3c.ServerIP:      {opServerIP, "network.local.address"},
	w3c.ServerPort:    {opInt, "server.port"},
	w3c.Host:          {opHost, "http.request.header.host"},
	w3c.Method:        {opMethod, "http.request.method"},
	w3c.URIStem:       {opText, "url.path"},
	w3c.URIQuery:      {opText, "url.query"},
	w3c.URI:           {opURI, "url.path"},
	w3c.UserAgent:     {opUserAgent, "user_agent.original"},
	w3c.Referer:       {opHeader, "http.request.header.referer"},
	w3c.ForwardedFor:  {opHeader, "http.request.header.x-forwarded-for"},
	w3c.Cookie:        {opHeader, "http.request.header.cookie"},
	w3c.Username:      {opText, "user.name"},
	w3c.Version:       {opVersion, "network.protocol.name"},
	w3c.Status:        {opStatus, "http.response.status_code"},
	w3c.Substatus:     {opInt, "iis.substatus"},
	w3c.Win32Status:   {opInt, "iis.win32_status"},
	w3c.BytesSent:     {opInt, "http.response.size"},
	w3c.BytesReceived: {opInt, "http.request.size"},
	w3c.TimeTaken:     {opNumber, "iis.time_taken_ms"},
	w3c.StreamID:      {opText, "iis.stream_id"},
	w3c.Reason:        {opText, "iis.reason"},
	w3c.QueueName:     {opText, "iis.queue"},
	w3c.SiteID:        {opText, "iis.site_id"},
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
func newPlan(s *w3c.Schema, choice columnChoice, header string) *plan {
	p := &plan{
		forwarded: headerColumn(s, header),
		date:      s.Index(w3c.Date), time: s.Index(w3c.Time),
		site: s.Index(w3c.SiteName), host: s.Index(w3c.ComputerName), csHost: s.Index(w3c.Host),
	}
	hide := func(at *int) {
		if *at >= 0 && choice.excluded(s.Fields[*at].Key) {
			*at = -1
		}
	}
	hide(&p.site)
	hide(&p.host)
	if p.csHost >= 0 && !choice.wanted(s.Fields[p.csHost].Key) {
		p.csHost = -1
	}
	p.missing = missingColumns(s, header)
	p.columns = len(s.Fields)
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
		if st.op == opClientIP || st.op == opHost || st.op == opURI || st.op == opVersion || st.op == opServerIP && p.csHost < 0 {
			st.attrs = 2
		}
		p.steps = append(p.steps, st)
	}
	p.sieve = newSieveColumns(p)
	return p
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

// maxPlans bounds a planCache, as the schemas of a w3c.Cache are bounded.
const maxPlans = 1024

// planCache shares the plans of equal schemas between files.
type planCache struct {
	choice columnChoice
	header string // that names the real client

	mu sync.Mutex
	// plans is guarded by mu.
	plans map[*w3c.Schema]*plan
}

func (c *planCache) get(s *w3c.Schema) *plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.plans[s]; ok {
		return p
	}
	if c.plans == nil || len(c.plans) >= maxPlans {
		c.plans = make(map[*w3c.Schema]*plan)
	}
	p := newPlan(s, c.choice, c.header)
	c.plans[s] = p
	return p
}
