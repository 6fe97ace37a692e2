// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"maps"
	"math"
	"net"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/iishunt/iishunt/internal/rule"
)

// The oracle recomputes the findings from all records at once, the slow and
// obvious way. It shares nothing with the engine but the Config and Request types.

var oracleExtensions = regexp.MustCompile(`(?i)\.(php|aspx|asp|cfml)($|[^a-z0-9])`)

func oracleMatches(c *rule.Config, r *rule.Request) bool {
	if !oracleExtensions.MatchString(r.Path) || r.Status != 200 || !strings.HasPrefix(strings.ToLower(r.UserAgent), "mozilla") {
		return false
	}
	if len(c.Match.Methods) > 0 && r.Method != "POST" {
		return false
	}
	if len(c.Match.PathPrefixes) > 0 && !slices.Contains([]string{"/a.aspx", "/d.aspx", "/d.aspx/info"}, oracleFolded(c, r.Path)) {
		return false
	}
	return !oraclePrivate(c, r.Client, true) && !oraclePrivate(c, r.Server, false)
}

func oracleFolded(c *rule.Config, path string) string {
	if c.Semantics == rule.Sentinel {
		return path
	}
	return strings.ToLower(path)
}

func oraclePrivate(c *rule.Config, text string, isClient bool) bool {
	ip := net.ParseIP(text)
	if c.Semantics == rule.Sentinel {
		return ip == nil || strings.Contains(text, ":") || ip.IsPrivate() || isClient && ip.IsLoopback()
	}
	return ip != nil && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast())
}

type oracleGroup struct {
	requests []rule.Request
	clients  map[string]bool
	siteTime map[string]int64
	page     map[string]bool // clients of the path, with any browser
}

// oracle returns one text per finding, in the order in which windows end.
func oracle(c *rule.Config, all []rule.Request) []string {
	every := c.Every
	if every == 0 {
		every = c.Window
	}
	var matching []rule.Request
	first, last := int64(1<<62), int64(-1<<62)
	for _, r := range all {
		first, last = min(first, r.Time), max(last, r.Time)
		if oracleMatches(c, &r) {
			matching = append(matching, r)
		}
	}
	var out []string
	quietUntil := map[string]int64{}     // by identity and completeness
	said := map[string]map[string]bool{} // methods that were told, by identity
	start := first - first%int64(every)  // aligned to the epoch
	for end := start; end <= last+int64(c.Window)+int64(every); end += int64(every) {
		var lines []string
		for _, f := range oracleWindow(c, matching, end) {
			if start := end - int64(c.Window); c.OnlyNew > 0 && oracleRequested(c, matching, f, start-int64(c.OnlyNew), start) {
				continue
			}
			identity := f.identity(c)
			complete := end-int64(c.Window) >= first
			if quietUntil[identity+" complete"] > end || !complete && quietUntil[identity] > end {
				if !oracleEscalates(said[identity], f) {
					continue
				}
			} else {
				said[identity] = map[string]bool{}
				quiet := identity
				if complete {
					quiet += " complete"
				}
				quietUntil[quiet] = end + int64(c.SuppressFor)
			}
			for _, r := range f.requests {
				said[identity][r.Method] = true
			}
			lines = append(lines, f.text(c, end, first, oracleNovelty(c, matching, f, end-int64(c.Window), first)))
		}
		sort.Strings(lines)
		out = append(out, lines...)
	}
	return out
}

// oracleEscalates: it has a method that was not told of it.
func oracleEscalates(said map[string]bool, f *oracleGroup) bool {
	for _, r := range f.requests {
		if !rule.Absent(r.Method) && !said[r.Method] {
			return true
		}
	}
	return false
}

func oracleWindow(c *rule.Config, matching []rule.Request, end int64) []*oracleGroup {
	groups, pages := map[string]*oracleGroup{}, map[string]map[string]bool{}
	for _, r := range matching {
		if r.Time < end-int64(c.Window) || r.Time >= end {
			continue
		}
		path := oraclePage(c, r.Path)
		if pages[path] == nil {
			pages[path] = map[string]bool{}
		}
		pages[path][oracleOwner(c, r.Client)] = true
		key := path + "\n" + r.UserAgent
		g := groups[key]
		if g == nil {
			g = &oracleGroup{clients: map[string]bool{}, siteTime: map[string]int64{}, page: pages[path]}
			groups[key] = g
		}
		g.requests = append(g.requests, r)
		g.clients[r.Client] = true
		if t, ok := g.siteTime[r.Site]; !ok || r.Time < t {
			g.siteTime[r.Site] = r.Time
		}
	}
	var out []*oracleGroup
	for _, g := range groups {
		n := len(g.owners(c))
		if least, most := c.Clients(); n >= least && n <= most && len(g.requests) >= c.MinRequests {
			out = append(out, g)
		}
	}
	return out
}

func (g *oracleGroup) clientList() []string {
	var out []string
	for c := range g.clients {
		out = append(out, c)
	}
	sort.Strings(out)
	return out
}

// owners are the clients as they are counted: of IPv6 everything in a /64 is one.
func (g *oracleGroup) owners(c *rule.Config) []string {
	out := map[string]bool{}
	for text := range g.clients {
		out[oracleOwner(c, text)] = true
	}
	return slices.Sorted(maps.Keys(out))
}

func oracleOwner(c *rule.Config, text string) string {
	if c.Semantics == rule.Corrected && strings.Contains(text, ":") {
		return net.ParseIP(text).Mask(net.CIDRMask(64, 128)).String() + "/64"
	}
	return text
}

func (g *oracleGroup) identity(c *rule.Config) string {
	return oraclePage(c, g.requests[0].Path) + "\n" + g.requests[0].UserAgent + "\n" + strings.Join(g.owners(c), " ")
}

// oraclePage is the page of a path, of the few spellings that the scenarios have.
func oraclePage(c *rule.Config, path string) string {
	if c.Semantics == rule.Sentinel {
		return path
	}
	return strings.TrimSuffix(strings.ToLower(path), "/info")
}

// oracleNovelty looks for an earlier request for the same path, by any browser.
func oracleNovelty(c *rule.Config, matching []rule.Request, g *oracleGroup, start, firstOfAll int64) string {
	if firstOfAll >= start {
		return "unknown"
	}
	if oracleRequested(c, matching, g, math.MinInt64, start) {
		return "known"
	}
	return "new"
}

func oracleRequested(c *rule.Config, matching []rule.Request, g *oracleGroup, from, to int64) bool {
	return slices.ContainsFunc(matching, func(r rule.Request) bool {
		return from <= r.Time && r.Time < to && oraclePage(c, r.Path) == oraclePage(c, g.requests[0].Path)
	})
}

// oracleOrigin sorts referers, of the few kinds that the scenarios have.
func oracleOrigin(r *rule.Request) string {
	switch referer := strings.ToLower(r.Referer); {
	case referer == "" || referer == "-":
		return "none"
	case r.Host == "":
		return "unknown"
	case strings.HasPrefix(referer, "https://evil"):
		return "foreign"
	default:
		return "own"
	}
}

// oracleSamples takes the earliest half, and of the rest the most telling.
func oracleSamples(c *rule.Config, requests []rule.Request) []string {
	type ranked struct {
		weight, bytes int64
		text          string // begins with the time
	}
	written := func(path string) string {
		if path == oraclePage(c, path) {
			return ""
		}
		return path
	}
	var all []ranked
	for _, r := range requests {
		var w int64
		if r.Method == "POST" {
			w += 100
		}
		if o := oracleOrigin(&r); o == "none" || o == "foreign" {
			w += 10
		}
		if r.Query != "" && r.Query != "-" {
			w++
		}
		s := ranked{w, r.Bytes % 4, fmt.Sprintf("%d %s %s %s %s %s %d", r.Time, r.Client, written(r.Path), r.Method, r.Query, r.Referer, r.Bytes%4)}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].text < all[j].text })
	early := min(len(all), (c.Evidence+1)/2)
	rest := all[early:]
	sort.SliceStable(rest, func(i, j int) bool {
		a, b := rest[i], rest[j]
		return a.weight > b.weight || a.weight == b.weight && a.bytes > b.bytes
	})
	var out []string
	for _, s := range all[:min(len(all), c.Evidence)] {
		out = append(out, s.text)
	}
	sort.Strings(out)
	return out
}

func (g *oracleGroup) text(c *rule.Config, end, firstOfAll int64, novelty string) string {
	slices.SortFunc(g.requests, func(a, b rule.Request) int {
		if a.Time != b.Time {
			return int(max(-1, min(1, a.Time-b.Time)))
		}
		return strings.Compare(a.Path, b.Path)
	})
	first, last := g.requests[0].Time, g.requests[len(g.requests)-1].Time
	var sites []string
	for s := range g.siteTime {
		sites = append(sites, s)
	}
	sort.Strings(sites)
	if c.Semantics == rule.Sentinel {
		last = first
		for _, t := range g.siteTime {
			last = max(last, t)
		}
	}
	methods, origins, days, sends, sized := map[string]bool{}, map[string]int{}, map[int64]bool{}, 0, 0
	for _, r := range g.requests {
		origins[oracleOrigin(&r)]++
		days[r.Time/86400e9] = true
		if r.Method == "POST" {
			sends++
		}
		if r.Bytes%4 > 0 {
			sized++
		}
		if r.Method != "" {
			methods[r.Method] = true
		}
	}
	complete := end-int64(c.Window) >= firstOfAll
	page, path, paths := oraclePage(c, g.requests[0].Path), "", map[string]bool{}
	if c.Semantics == rule.Corrected {
		path = g.requests[0].Path
		for _, r := range g.requests {
			paths[r.Path] = true
		}
	}
	return fmt.Sprint(end, " ", page, " ", path, slices.Sorted(maps.Keys(paths)), " ", g.requests[0].UserAgent, " ", g.clientList(), g.owners(c), sites,
		" ", len(g.requests), " ", first, " ", last, " ", oracleSamples(c, g.requests), " ", complete,
		" ", slices.Sorted(maps.Keys(methods)), " ", origins["none"], " ", origins["foreign"], " ", novelty,
		" ", len(days), " ", sends, " ", sized, " ", PageClients{min(len(g.page), pageClients), len(g.page) > pageClients})
}
