// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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

// The bounds of the settings.
const (
	maxThreshold  = 1000 // clients
	maxPanes      = 1440 // of a window
	maxEvidence   = 100  // requests of a finding
	maxGroupBy    = 8    // attributes
	maxStatusCode = 999
	minWindow     = time.Second
	// maxDuration is ten years. A time of this century and the sum of all durations
	// are then far from the end of int64 nanoseconds, which is in 2262, and from
	// the times that a stored state may have.
	maxDuration = 10 * 365 * 24 * time.Hour
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

// Config holds the settings of one rule. The tags are the user's key names.
type Config struct {
	// GroupBy names the record attributes whose values make a group.
	// Default [url.path, user_agent.original].
	GroupBy []string `mapstructure:"group_by"`
	// FoldCase compares url.path without regard to case, as IIS does.
	// Default true, under semantics: sentinel false.
	FoldCase *bool `mapstructure:"fold_case"`
	// ClientThreshold is the number of distinct clients compared with. Default 1.
	ClientThreshold int `mapstructure:"client_threshold"`
	// Comparison is eq (exactly) or lte (at most). Default eq.
	Comparison Comparison `mapstructure:"comparison"`
	// MinRequests is the least number of requests of a finding. Default 1.
	MinRequests int `mapstructure:"min_requests"`
	// Window is how much event time one evaluation looks at. Default 24h.
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
	// Semantics is corrected or sentinel. Default corrected.
	Semantics Semantics `mapstructure:"semantics"`
	// Match says which requests are looked at.
	Match MatchConfig `mapstructure:"match"`
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
	// Extensions are KQL has_any terms of url.path. Default .php .aspx .asp .cfml.
	Extensions []string `mapstructure:"extensions"`
	// StatusCodes are the HTTP status codes looked at. Default 200.
	StatusCodes []int `mapstructure:"status_codes"`
	// UserAgentPrefixes are compared without regard to case. Default Mozilla.
	UserAgentPrefixes []string `mapstructure:"user_agent_prefixes"`
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
		GroupBy:         []string{attr.URLPath, attr.UserAgentOriginal},
		ClientThreshold: 1,
		Comparison:      Equal,
		MinRequests:     1,
		Window:          24 * time.Hour,
		AllowedLateness: 5 * time.Minute,
		IdleTimeout:     2 * time.Minute,
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

// FoldsCase reports whether url.path is compared without regard to case.
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

// Pane is the greatest common divisor of window and every: each window is a
// whole number of panes, and windows that overlap share them.
func (c *Config) Pane() time.Duration {
	a, b := c.Window, c.Hop()
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Check returns every mistake in the settings, each naming its key, its
// value and what is allowed. It is not called Validate: the Collector calls
// that of every embedded struct too, and each mistake would be reported twice.
func (c *Config) Check() error {
	return errors.Join(c.validateRule(), c.validateTime(), c.Match.Check(), c.validateExclude())
}

func (c *Config) validateRule() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case len(c.GroupBy) == 0 || len(c.GroupBy) > maxGroupBy:
		bad("group_by: %d attributes; name 1 to %d, such as [url.path]", len(c.GroupBy), maxGroupBy)
	case slices.Contains(c.GroupBy, ""):
		bad("group_by: an empty attribute name")
	}
	for i, name := range c.GroupBy {
		if slices.Contains(c.GroupBy[:i], name) {
			bad("group_by: %q is named twice", name)
		}
		if secret := strings.ToLower(name); strings.Contains(secret, "cookie") || strings.Contains(secret, "authorization") {
			bad("group_by: %q; cookies and credentials are secrets, and each detection would carry one", name)
		}
	}
	if c.ClientThreshold < 1 || c.ClientThreshold > maxThreshold {
		bad("client_threshold: %d; it must be 1 to %d", c.ClientThreshold, maxThreshold)
	}
	if c.Comparison != Equal && c.Comparison != LessOrEqual {
		bad("comparison: %q; it must be eq (exactly client_threshold clients) or lte (at most)", c.Comparison)
	}
	if c.Semantics != Corrected && c.Semantics != Sentinel {
		bad("semantics: %q; it must be corrected or sentinel", c.Semantics)
	}
	if c.MinRequests < 1 {
		bad("min_requests: %d; it must be 1 or more", c.MinRequests)
	}
	if c.MaxGroups < 1 {
		bad("max_groups: %d; it must be 1 or more", c.MaxGroups)
	}
	if c.Evidence < 0 || c.Evidence > maxEvidence {
		bad("evidence: %d; it must be 0 (no sample requests) to %d", c.Evidence, maxEvidence)
	}
	return errors.Join(errs...)
}

func (c *Config) validateTime() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	windows := c.Window >= minWindow && c.Every >= 0
	switch {
	case c.Window < minWindow || c.Window > maxDuration:
		bad("window: %s; it must be %s to %s (ten years)", c.Window, minWindow, maxDuration)
	case c.Every < 0:
		bad("every: %s; it must not be negative", c.Every)
	case c.Every > c.Window:
		bad("every: %s is longer than window: %s; the time between two windows would never be looked at", c.Every, c.Window)
	}
	if windows && c.Window/c.Pane() > maxPanes {
		bad("every: %s and window: %s have only %s as their greatest common divisor, which cuts a window into %d panes; choose values with a larger one (at most %d panes)",
			c.Hop(), c.Window, c.Pane(), c.Window/c.Pane(), maxPanes)
	}
	if c.AllowedLateness < 0 || c.AllowedLateness > maxDuration {
		bad("allowed_lateness: %s; it must be 0s to %s (ten years)", c.AllowedLateness, maxDuration)
	}
	if c.IdleTimeout <= 0 || c.IdleTimeout > maxDuration {
		bad("idle_timeout: %s; it must be more than 0, and at most %s (ten years)", c.IdleTimeout, maxDuration)
	}
	if c.SuppressFor < 0 || c.SuppressFor > maxDuration {
		bad("suppress_for: %s; it must be 0s (repeats every finding) to %s (ten years)", c.SuppressFor, maxDuration)
	}
	return errors.Join(errs...)
}

// Check returns every mistake in the match block.
func (c *MatchConfig) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if slices.Contains(c.Extensions, "") {
		bad("match::extensions: an empty text; use [] to look at every URI")
	}
	if slices.Contains(c.UserAgentPrefixes, "") {
		bad("match::user_agent_prefixes: an empty text; use [] to look at every user agent")
	}
	for _, s := range c.StatusCodes {
		if s < 100 || s > maxStatusCode {
			bad("match::status_codes: %d; it must be 100 to %d", s, maxStatusCode)
		}
	}
	if p := c.PrivateClients; p != Exclude && p != Include {
		bad("match::private_clients: %q; it must be exclude or include", p)
	}
	if p := c.PrivateServers; p != Exclude && p != Include {
		bad("match::private_servers: %q; it must be exclude or include", p)
	}
	return errors.Join(errs...)
}

func (c *Config) validateExclude() error {
	var errs []error
	names := map[string]bool{}
	for i := range c.Exclude {
		e := &c.Exclude[i]
		if err := e.validate(); err != nil {
			errs = append(errs, fmt.Errorf("exclude[%d]: %w", i, err))
		}
		if names[e.Name] {
			errs = append(errs, fmt.Errorf("exclude[%d]: name: %q is used twice; each exclusion is counted by its name", i, e.Name))
		}
		names[e.Name] = true
	}
	for i, p := range c.ExcludePresets {
		if _, ok := presets[p]; !ok {
			errs = append(errs, fmt.Errorf("exclude_presets: %q is unknown; known are %s", p, strings.Join(PresetNames(), ", ")))
		}
		if slices.Contains(c.ExcludePresets[:i], p) {
			errs = append(errs, fmt.Errorf("exclude_presets: %q is named twice", p))
		}
	}
	return errors.Join(errs...)
}

func (e *ExcludeConfig) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if e.Name == "" {
		bad("name: it must be given; the exclusion is counted by it")
	}
	if strings.HasPrefix(e.Name, presetPrefix) {
		bad("name: %q; names that begin with %s are the presets'", e.Name, presetPrefix)
	}
	if len(e.Clients)+len(e.Paths)+len(e.Hosts)+len(e.UserAgents) == 0 {
		bad("clients, paths, hosts and user_agents are all empty; it would leave nothing out")
	}
	for _, s := range e.Clients {
		if _, err := ParsePrefix(s); err != nil {
			bad("clients: %q is neither an address nor a CIDR such as 198.51.100.0/24", s)
		}
	}
	for _, s := range e.Paths {
		if !strings.HasPrefix(s, "/") || strings.Trim(s, "/") == "" {
			bad("paths: %q; it must begin with / and name at least one segment, such as /health/", s)
		}
	}
	for _, s := range e.Hosts {
		if s == "" || strings.Contains(strings.TrimPrefix(s, "*."), "*") || s == "*." {
			bad("hosts: %q; it must be a host name or *.suffix", s)
		}
	}
	if slices.Contains(e.UserAgents, "") {
		bad("user_agents: an empty text would leave out every user agent")
	}
	return errors.Join(errs...)
}
