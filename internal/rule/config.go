// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"time"

	"github.com/iishunt/iishunt/internal/attr"
)

// Comparison says how the number of distinct clients is compared with the threshold.
type Comparison string

// The comparisons, named as Sigma's correlation conditions.
const (
	Equal       Comparison = "eq"  // exactly client_threshold clients
	LessOrEqual Comparison = "lte" // at most client_threshold clients
)

// Semantics chooses between the query as it is written and as it was meant.
type Semantics string

// The two semantics.
const (
	Corrected Semantics = "corrected" // IPv6 counted, paths case-folded, true last request
	Sentinel  Semantics = "sentinel"  // the query bit for bit, its quirks included
)

// Privates says what happens to requests with a private address.
type Privates string

// What can be done with private addresses.
const (
	Exclude Privates = "exclude"
	Include Privates = "include"
)

// WindowAll stands for window: all, one window over everything that is read. It is
// longer than a duration may be, and ends in 2059 as windows are aligned.
const WindowAll = 90 * 365 * 24 * time.Hour

// Whole reports whether the window is over everything that is read.
func (c *Config) Whole() bool { return c.Window == WindowAll }

// Config holds the settings of one rule. The tags are the user's key names.
type Config struct {
	// GroupBy names the record attributes whose values make a group. Default nil:
	// [iis.page, user_agent.original], under semantics: sentinel
	// [url.path, user_agent.original]; see Groups.
	GroupBy []string `mapstructure:"group_by"`
	// FoldCase compares url.path and iis.page without regard to case, as IIS does.
	// Default true, under semantics: sentinel false.
	FoldCase *bool `mapstructure:"fold_case"`
	// Count says what a client is.
	Count CountConfig `mapstructure:"count"`
	// MinClients and MaxClients are a range, in place of ClientThreshold and
	// Comparison. Default 0: no range; see Clients.
	MinClients int `mapstructure:"min_clients"`
	MaxClients int `mapstructure:"max_clients"`
	// ClientThreshold is the number of distinct clients compared with. Default 1.
	ClientThreshold int `mapstructure:"client_threshold"`
	// Comparison is eq (exactly) or lte (at most). Default eq.
	Comparison Comparison `mapstructure:"comparison"`
	// MinRequests is the least number of requests of a finding. Default 1.
	MinRequests int `mapstructure:"min_requests"`
	// Window is how much event time one evaluation looks at; WindowAll: all. Default 24h.
	Window time.Duration `mapstructure:"window"`
	// Every is the time between two evaluations; windows end at its multiples
	// since the Unix epoch. Default 0: the same as Window.
	Every time.Duration `mapstructure:"every"`
	// AllowedLateness is how far behind the newest record of its source a
	// record may be and still be counted. Default 5m.
	AllowedLateness time.Duration `mapstructure:"allowed_lateness"`
	// IdleTimeout is the time without a record after which a source no longer
	// holds windows open. Default 2m.
	IdleTimeout time.Duration `mapstructure:"idle_timeout"`
	// SenderTimeout is how long windows wait for a sender (a reader that tells its
	// progress, or a source with records) that says nothing new. Default 15m.
	SenderTimeout time.Duration `mapstructure:"sender_timeout"`
	// ForgetSenderAfter is how long a sender that is not waited for still marks
	// windows. Default 0: the longer of the window and 24h; see Forget.
	ForgetSenderAfter time.Duration `mapstructure:"forget_sender_after"`
	// WrittenWithin bounds how long windows wait for lines that a sender finds to be
	// written late. Default 1h.
	WrittenWithin time.Duration `mapstructure:"written_within"`
	// CorrectFor is the event time after the end of a window for which a finding is
	// corrected when a request turns up that was missed. Default 168h; 0: never.
	CorrectFor time.Duration `mapstructure:"correct_for"`
	// Senders are hosts that must have spoken. Default none.
	Senders []string `mapstructure:"senders"`
	// MaxSenders bounds the senders that are followed. Default 10000.
	MaxSenders int `mapstructure:"max_senders"`
	// Account misses lines that a sender says it sent and that did not come. False is
	// for pipelines that drop records on purpose. Default true.
	Account bool `mapstructure:"account"`
	// Semantics is corrected or sentinel. Default corrected.
	Semantics Semantics `mapstructure:"semantics"`
	// Match says which requests are looked at.
	Match MatchConfig `mapstructure:"match"`
	// OnlyNew leaves out what was requested within this time before the window, by
	// anybody. Default 0: nothing.
	OnlyNew time.Duration `mapstructure:"only_new"`
	// Exclude takes known noise out.
	Exclude []ExcludeConfig `mapstructure:"exclude"`
	// ExcludePresets are names of built-in exclusions. Default none.
	ExcludePresets []string `mapstructure:"exclude_presets"`
	// SuppressFor is the event time for which the same finding is not repeated. Default 24h.
	SuppressFor time.Duration `mapstructure:"suppress_for"`
	// MaxGroups bounds the groups kept over all open panes. Default 1000000.
	MaxGroups int `mapstructure:"max_groups"`
	// Evidence is the number of sample requests kept per finding. Default 5.
	Evidence int `mapstructure:"evidence"`
}

// MatchConfig holds the match stages. An empty list passes everything.
type MatchConfig struct {
	// Extensions are KQL has_any terms of url.path, and names of sets of them (see
	// SetNames). Default .php .aspx .asp .cfml.
	Extensions []string `mapstructure:"extensions"`
	// StatusCodes are the HTTP status codes looked at. Default 200.
	StatusCodes []int `mapstructure:"status_codes"`
	// UserAgentPrefixes are compared without regard to case. Default Mozilla.
	UserAgentPrefixes []string `mapstructure:"user_agent_prefixes"`
	// Methods are compared without regard to case. Default none: every method.
	Methods []string `mapstructure:"methods"`
	// PathPrefixes end at a path segment. Default none: every path.
	PathPrefixes []string `mapstructure:"path_prefixes"`
	// PrivateClients is exclude or include. Default exclude.
	PrivateClients Privates `mapstructure:"private_clients"`
	// PrivateServers is exclude or include. Default exclude.
	PrivateServers Privates `mapstructure:"private_servers"`
}

// ExcludeConfig is one exclusion: a request is left out when every list that
// is given has an entry that fits it.
type ExcludeConfig struct {
	// Name appears in the metrics.
	Name string `mapstructure:"name"`
	// Clients are addresses or CIDRs.
	Clients []string `mapstructure:"clients"`
	// Paths are prefixes that end at a path segment.
	Paths []string `mapstructure:"paths"`
	// Hosts are host names, exact or *.suffix.
	Hosts []string `mapstructure:"hosts"`
	// UserAgents are texts that the user agent contains.
	UserAgents []string `mapstructure:"user_agents"`
}

// DefaultConfig returns the query's own parameters over one day.
func DefaultConfig() Config {
	return Config{
		Count:           CountConfig{Attribute: attr.ClientAddress, IPv4Prefix: wholeIPv4},
		ClientThreshold: 1,
		Comparison:      Equal,
		MinRequests:     1,
		Window:          24 * time.Hour,
		AllowedLateness: 5 * time.Minute,
		IdleTimeout:     2 * time.Minute,
		SenderTimeout:   15 * time.Minute,
		WrittenWithin:   time.Hour,
		CorrectFor:      7 * 24 * time.Hour,
		MaxSenders:      10_000,
		Account:         true,
		Semantics:       Corrected,
		Match: MatchConfig{
			Extensions:        []string{".php", ".aspx", ".asp", ".cfml"},
			StatusCodes:       []int{200},
			UserAgentPrefixes: []string{"Mozilla"},
			PrivateClients:    Exclude,
			PrivateServers:    Exclude,
		},
		SuppressFor: 24 * time.Hour,
		MaxGroups:   1_000_000,
		Evidence:    5,
	}
}

// Groups returns the attributes whose values make a group.
func (c *Config) Groups() []string {
	switch {
	case c.GroupBy != nil:
		return c.GroupBy
	case c.Semantics == Sentinel:
		return []string{attr.URLPath, attr.UserAgentOriginal}
	default:
		return []string{attr.IISPage, attr.UserAgentOriginal}
	}
}

// Clients returns the least and the most clients of a finding.
func (c *Config) Clients() (least, most int) {
	switch {
	case c.MaxClients > 0:
		return max(1, c.MinClients), c.MaxClients
	case c.Comparison == LessOrEqual:
		return 1, c.ClientThreshold
	default:
		return c.ClientThreshold, c.ClientThreshold
	}
}

// FoldsCase reports whether url.path and iis.page are compared without regard to case.
func (c *Config) FoldsCase() bool {
	if c.FoldCase != nil {
		return *c.FoldCase
	}
	return c.Semantics != Sentinel
}

// Hop returns the time between the ends of two windows.
func (c *Config) Hop() time.Duration {
	if c.Every == 0 {
		return c.Window
	}
	return c.Every
}

// Forget returns how long a sender that is not waited for still marks windows.
func (c *Config) Forget() time.Duration {
	if c.ForgetSenderAfter > 0 {
		return c.ForgetSenderAfter
	}
	return max(c.Window, 24*time.Hour)
}

// Pane is the greatest common divisor of window and every: each window is a
// whole number of panes, and windows that overlap share them.
func (c *Config) Pane() time.Duration {
	a, b := c.Window, c.Hop()
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
