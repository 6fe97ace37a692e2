// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"maps"
	"slices"
	"strings"
)

const presetPrefix = "preset:"

// presets are the false-positive scenarios that the query's documentation
// names. An excluded path is a place to hide in, so none is on by default.
var presets = map[string][]string{
	"backup":           {"/backup/", "/var/backups/"},
	"admin_tasks":      {"/usr/sbin/", "/opt/admin/"},
	"log_aggregation":  {"/var/log/", "/tmp/log/"},
	"software_updates": {"/repo/", "/updates/"},
	"monitoring":       {"/metrics/", "/api/v1/"},
}

// PresetNames returns the names that exclude_presets takes, sorted.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets)) }

// exclusion is a compiled ExcludeConfig.
type exclusion struct {
	name       string
	clients    Prefixes
	paths      []string // without the trailing slash; lower case when folding
	hosts      []string // lower case; a suffix keeps its dot
	userAgents []string // lower case
}

func compileExclusions(c *Config) []exclusion {
	var out []exclusion
	for i := range c.Exclude {
		out = append(out, compileExclusion(&c.Exclude[i], c.FoldsCase()))
	}
	for _, p := range c.ExcludePresets {
		out = append(out, compileExclusion(&ExcludeConfig{Name: presetPrefix + p, Paths: presets[p]}, c.FoldsCase()))
	}
	return out
}

func compileExclusion(c *ExcludeConfig, fold bool) exclusion {
	x := exclusion{name: c.Name}
	for _, s := range c.Clients {
		if p, err := ParsePrefix(s); err == nil {
			x.clients = append(x.clients, p)
		}
	}
	for _, s := range c.Paths {
		x.paths = append(x.paths, folder(s, fold))
	}
	for _, s := range c.Hosts {
		x.hosts = append(x.hosts, strings.ToLower(strings.TrimPrefix(s, "*")))
	}
	for _, s := range c.UserAgents {
		x.userAgents = append(x.userAgents, strings.ToLower(s))
	}
	return x
}

// folder is the form in which a prefix of paths is compared.
func folder(prefix string, fold bool) string {
	prefix = strings.TrimRight(prefix, "/")
	if fold {
		return FoldName(prefix)
	}
	return prefix
}

// climbs reports whether a path may lead out of the folders that it names.
func climbs(path string) bool {
	return strings.Contains(path, "..") || strings.IndexByte(path, '\\') >= 0
}

// matches reports whether every list that is given has an entry for r.
func (x *exclusion) matches(r *Request, fold bool) bool {
	return (len(x.clients) == 0 || x.clients.Contain(r.ClientAddr)) &&
		(len(x.paths) == 0 || x.path(r.Path, fold)) &&
		(len(x.hosts) == 0 || x.host(r.Host)) &&
		(len(x.userAgents) == 0 || slices.ContainsFunc(x.userAgents, func(s string) bool { return containsFold(r.UserAgent, s) }))
}

// path compares whole segments. A path that climbs (/health/../upload.aspx) is
// never excluded: what it reaches is not what its prefix says.
func (x *exclusion) path(path string, fold bool) bool {
	if climbs(path) {
		return false
	}
	if fold {
		path = FoldName(path)
	}
	return slices.ContainsFunc(x.paths, func(p string) bool {
		return strings.HasPrefix(path, p) && (len(path) == len(p) || path[len(p)] == '/')
	})
}

func (x *exclusion) host(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(x.hosts, func(h string) bool {
		return host == h || h[0] == '.' && strings.HasSuffix(host, h)
	})
}
