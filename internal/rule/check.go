// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
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
	case c.GroupBy != nil && len(c.GroupBy) == 0 || len(c.GroupBy) > maxGroupBy:
		bad("group_by: %d attributes; name 1 to %d, such as [iis.page]", len(c.GroupBy), maxGroupBy)
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
		if meant := misnamed(name); meant != "" {
			bad("group_by: %q; no record has it, write %s", name, meant)
		}
	}
	if err := c.Count.check(); err != nil {
		errs = append(errs, err)
	}
	if err := c.checkRange(); err != nil {
		errs = append(errs, err)
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

func (c *Config) checkRange() error {
	switch {
	case c.MinClients == 0 && c.MaxClients == 0:
		return nil
	case c.MaxClients < 1 || c.MaxClients > maxThreshold:
		return fmt.Errorf("max_clients: %d; it must be 1 to %d, also where min_clients alone is meant: a group keeps its clients up to that number", c.MaxClients, maxThreshold)
	case c.MinClients < 0 || c.MinClients > c.MaxClients:
		return fmt.Errorf("min_clients: %d; it must be 1 to max_clients: %d", c.MinClients, c.MaxClients)
	case c.ClientThreshold != 1 || c.Comparison != Equal:
		return fmt.Errorf("max_clients: %d beside client_threshold or comparison; remove one or the other, they say the same", c.MaxClients)
	}
	return nil
}

func (c *Config) validateTime() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	windows := c.Window >= minWindow && c.Every >= 0
	switch {
	case c.Whole() && c.Every != 0:
		bad("every: %s with window: all; there is only one window", c.Every)
	case c.Whole():
	case c.Window < minWindow || c.Window > maxDuration:
		bad("window: %s; it must be %s to %s (ten years), or all (old logs that are read once)", c.Window, minWindow, maxDuration)
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
	if c.SenderTimeout < minWindow || c.SenderTimeout > maxDuration {
		bad("sender_timeout: %s; it must be %s to %s (ten years)", c.SenderTimeout, minWindow, maxDuration)
	}
	if c.ForgetSenderAfter < 0 || c.ForgetSenderAfter > maxDuration || c.ForgetSenderAfter > 0 && c.ForgetSenderAfter < c.SenderTimeout {
		bad("forget_sender_after: %s; it must be 0s (the longer of window and 24h), or sender_timeout: %s to %s (ten years)", c.ForgetSenderAfter, c.SenderTimeout, maxDuration)
	}
	if c.WrittenWithin <= 0 || c.WrittenWithin > maxDuration {
		bad("written_within: %s; it must be more than 0, and at most %s (ten years)", c.WrittenWithin, maxDuration)
	}
	if c.CorrectFor < 0 || c.CorrectFor > maxDuration {
		bad("correct_for: %s; it must be 0s (never) to %s (ten years)", c.CorrectFor, maxDuration)
	}
	if c.MaxSenders < 1 {
		bad("max_senders: %d; it must be 1 or more", c.MaxSenders)
	}
	if slices.Contains(c.Senders, "") || len(c.Senders) > c.MaxSenders {
		bad("senders: %d names, at most max_senders: %d, and none of them empty", len(c.Senders), c.MaxSenders)
	}
	if c.OnlyNew < 0 || c.OnlyNew > maxDuration {
		bad("only_new: %s; it must be 0s (off) to %s (ten years)", c.OnlyNew, maxDuration)
	}
	if c.OnlyNew > 0 && c.Whole() {
		bad("only_new: %s with window: all; nothing is before the window, so every page is new", c.OnlyNew)
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
	for _, e := range c.Extensions {
		if err := checkExtension(e); err != nil {
			errs = append(errs, err)
		}
	}
	for _, s := range c.UserAgentPrefixes {
		if s == "" {
			bad("match::user_agent_prefixes: an empty text; use [] to look at every user agent")
		}
		if why := notAgent(s); why != "" {
			bad("match::user_agent_prefixes: %q: %s", s, why)
		}
	}
	for _, s := range c.StatusCodes {
		if s < 100 || s > maxStatusCode {
			bad("match::status_codes: %d; it must be 100 to %d", s, maxStatusCode)
		}
	}
	for _, s := range c.Methods {
		if Absent(s) || strings.ContainsAny(s, " ,") {
			bad("match::methods: %q; name one method in each entry, such as POST, or use [] to look at every method", s)
		}
	}
	for _, s := range c.PathPrefixes {
		if why := notPath(s); why != "" {
			bad("match::path_prefixes: %q: %s, such as /uploads/; use [] to look at every path", s, why)
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
		if e.leavesOutAll(c.Match.UserAgentPrefixes) {
			errs = append(errs, fmt.Errorf("exclude[%d]: user_agents: %q would leave out every agent that begins with one of match::user_agent_prefixes: %q, so nothing could be found",
				i, e.UserAgents, c.Match.UserAgentPrefixes))
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

// leavesOutAll reports whether each agent with one of the prefixes has one of the
// exclusion's texts, and nothing else is asked for.
func (e *ExcludeConfig) leavesOutAll(prefixes []string) bool {
	if len(prefixes) == 0 || len(e.Clients)+len(e.Paths)+len(e.Hosts) > 0 {
		return false
	}
	for _, p := range prefixes {
		if !slices.ContainsFunc(e.UserAgents, func(s string) bool { return s != "" && strings.Contains(strings.ToLower(p), strings.ToLower(s)) }) {
			return false
		}
	}
	return true
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
		switch p, err := ParsePrefix(s); {
		case err != nil:
			bad("clients: %q is neither an address nor a CIDR such as 198.51.100.0/24", s)
		case p.Bits() == 0:
			bad("clients: %q would leave out every client; write the networks that are meant, such as 198.51.100.0/24", s)
		}
	}
	for _, s := range e.Paths {
		if why := notPath(s); why != "" {
			bad("paths: %q: %s, such as /health/", s, why)
		}
	}
	for _, s := range e.Hosts {
		if why := notHost(s); why != "" {
			bad("hosts: %q: %s", s, why)
		}
	}
	for _, s := range e.UserAgents {
		if s == "" {
			bad("user_agents: an empty text would leave out every user agent")
		}
		if why := notAgent(s); why != "" {
			bad("user_agents: %q: %s", s, why)
		}
	}
	return errors.Join(errs...)
}
