// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import (
	"strings"
	"testing"

	"github.com/iishunt/iishunt/internal/attr"
)

// What can never match is refused with what to write; what only looks odd is not.
func TestSettingsThatCanNeverMatch(t *testing.T) {
	extension := func(s string) func(*Config) { return func(c *Config) { c.Match.Extensions = []string{s} } }
	agent := func(s string) func(*Config) { return func(c *Config) { c.Match.UserAgentPrefixes = []string{s} } }
	prefix := func(s string) func(*Config) { return func(c *Config) { c.Match.PathPrefixes = []string{s} } }
	group := func(s string) func(*Config) { return func(c *Config) { c.GroupBy = []string{s} } }
	count := func(s string) func(*Config) { return func(c *Config) { c.Count.Attribute = s } }
	exclude := func(e ExcludeConfig) func(*Config) {
		return func(c *Config) { e.Name = "x"; c.Exclude = []ExcludeConfig{e} }
	}
	without := func(s string) func(*Config) { return exclude(ExcludeConfig{Paths: []string{s}}) }
	withoutHost := func(s string) func(*Config) { return exclude(ExcludeConfig{Hosts: []string{s}}) }
	withoutAgent := func(s string) func(*Config) { return exclude(ExcludeConfig{UserAgents: []string{s}}) }
	withoutClient := func(s string) func(*Config) { return exclude(ExcludeConfig{Clients: []string{s}}) }

	for why, tt := range map[string]struct {
		change func(*Config)
		says   string // "": it is accepted
	}{
		"a glob":                               {extension("*.aspx"), "match::extensions"},
		"a regular expression":                 {extension(`\.aspx$`), "plain text"},
		"only its end":                         {extension(".aspx$"), "plain text"},
		"a list in one text":                   {extension(".aspx, .php"), "one extension in each entry"},
		"a list of another tool":               {extension("aspx;php"), "one extension in each entry"},
		"a blank before it":                    {extension(" .aspx"), "blank"},
		"quotes in quotes":                     {extension(`".aspx"`), "quotes"},
		"an extension":                         {extension(".cshtml"), ""},
		"a path's part, as the query has it":   {extension("/_layouts"), ""},
		"a set":                                {extension(SetNames()[0]), ""},
		"an anchored agent":                    {agent("^Mozilla.*"), "match::user_agent_prefixes"},
		"any agent":                            {agent("*"), "plain text"},
		"an agent as IIS logs it":              {agent("Mozilla/5.0+Windows+NT"), "Windows NT"},
		"an agent with the address of its bot": {agent("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"), ""},
		"an agent with brackets":               {agent("[FBAN/FBIOS]"), ""},
		"a folder's glob":                      {prefix("/uploads/*"), "match::path_prefixes"},
		"a path":                               {prefix("/uploads/2026"), ""},
		"a glob to leave out":                  {without("/health/*"), "exclude[0]"},
		"a query":                              {without("/a?b=1"), "before ?"},
		"a whole address":                      {without("https://host/health"), "without scheme"},
		"a path with a dot":                    {without("/.well-known/"), ""},
		"a host with its port":                 {withoutHost("www.example.com:443"), "port"},
		"the address of a site":                {withoutHost("https://www.example.com/"), "host name alone"},
		"a glob of hosts in the middle":        {withoutHost("www.*.com"), "*.suffix"},
		"every subdomain":                      {withoutHost("*.example.com"), ""},
		"an IPv6 host":                         {withoutHost("2001:db8::1"), ""},
		"an agent's glob":                      {withoutAgent("*bot*"), "plain text"},
		"an agent's name as IIS logs it":       {withoutAgent("Windows+NT"), "Windows NT"},
		"a part of every agent that matches":   {withoutAgent("mozilla"), "every agent"},
		"an agent's name":                      {withoutAgent("bingbot"), ""},
		"every client":                         {withoutClient("0.0.0.0/0"), "every client"},
		"every IPv6 client":                    {withoutClient("::/0"), "every client"},
		"a network":                            {withoutClient("198.51.100.0/24"), ""},
		"two letters swapped":                  {group("url.paht"), "write url.path"},
		"a letter too few":                     {group("user_agent.orignal"), "write user_agent.original"},
		"a letter too many":                    {group("iis.pagee"), "write iis.page"},
		"another case":                         {group("URL.Path"), "write url.path"},
		"a field of the log":                   {group("cs-uri-stem"), "write url.path"},
		"a field of the log to count":          {count("cs-username"), "write user.name"},
		"somebody's own attribute":             {group("team"), ""},
		"somebody's own path":                  {group("url.path2"), ""},
		"another attribute of the conventions": {group("url.full"), ""},
		"a column of the table":                {group("csUriStem"), ""},
	} {
		c := DefaultConfig()
		tt.change(&c)
		switch err := c.Check(); {
		case tt.says == "" && err != nil:
			t.Errorf("%s: %v", why, err)
		case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
			t.Errorf("%s: %v; want %q in it", why, err, tt.says)
		}
	}
	for _, name := range []string{attr.IISPage, attr.URLPath, attr.UserName, attr.HostName, attr.ClientAddress} {
		if meant := misnamed(name); meant != "" {
			t.Errorf("%s: misread as %s", name, meant)
		}
	}
}
