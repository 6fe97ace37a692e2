// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/iishunt/iishunt/internal/attr"
	"github.com/iishunt/iishunt/internal/engine"
	"github.com/iishunt/iishunt/internal/rule"
)

func visitsOf(path string, clients ...string) []visit {
	var out []visit
	for _, c := range clients {
		out = append(out, visit{path, c})
	}
	return out
}

func list(m pcommon.Map, key string) []any {
	v, ok := m.Get(key)
	if !ok {
		return nil
	}
	return v.Slice().AsRaw()
}

func TestWhatAClientIs(t *testing.T) {
	private := func(c *Config) { c.Match.PrivateClients = rule.Include }
	for _, tt := range []struct {
		name     string
		change   func(*Config)
		clients  []string
		found    bool
		prefixes []any
	}{
		{"the addresses of one owner", nil, []string{"2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"}, true, []any{"2001:db8::/64"}},
		{"two owners", nil, []string{"2001:db8::1", "2001:db8:0:1::1"}, false, nil},
		{"two owners of a larger network", func(c *Config) { c.Count.IPv6Prefix = 48 }, []string{"2001:db8::1", "2001:db8:0:1::1"}, true, []any{"2001:db8::/48"}},
		{"addresses, if asked", func(c *Config) { c.Count.IPv6Prefix = 128 }, []string{"2001:db8::1", "2001:db8::2"}, false, nil},
		{"addresses under sentinel", func(c *Config) { c.Semantics = rule.Sentinel; private(c) }, []string{"2001:db8::1", "2001:db8::2"}, false, nil},
		{"an address in two spellings", nil, []string{"2001:db8::1", "2001:DB8:0::1"}, true, []any{"2001:db8::/64"}},
		{"IPv4 in IPv6 is IPv4", nil, []string{"::ffff:203.0.113.1", "::ffff:203.0.113.2"}, false, nil},
		{"and the same as IPv4", nil, []string{"::ffff:203.0.113.1", "203.0.113.1"}, true, nil},
		{"machines within", private, []string{"fd00::1", "fd00::2"}, false, nil},
		{"neighbours on a link", private, []string{"fe80::1%4", "fe80::2%4"}, false, nil},
		{"IPv4 addresses", nil, []string{"203.0.113.1", "203.0.113.2"}, false, nil},
		{"an IPv4 network, if asked", func(c *Config) { c.Count.IPv4Prefix = 24 }, []string{"203.0.113.1", "203.0.113.200"}, true, []any{"203.0.113.0/24"}},
		{"two IPv4 networks", func(c *Config) { c.Count.IPv4Prefix = 24 }, []string{"203.0.113.1", "203.0.112.1"}, false, nil},
		{"with ports", nil, []string{"203.0.113.1:4711", "203.0.113.1:4712", "[::ffff:203.0.113.1]:1"}, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := hunt(t, tt.change, visitsOf("/x.aspx", tt.clients...))
			require.Equal(t, tt.found, len(found) == 1, "%v", found)
			if tt.found {
				require.Equal(t, tt.prefixes, list(found[0], attr.DetectionClientPrefixes))
				count, _ := found[0].Get(attr.DetectionClientCount)
				require.EqualValues(t, 1, count.Int())
			}
		})
	}
}

// All addresses of an owner are listed, and the sentence names the network.
func TestAddressesOfAnOwnerAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.LogsSink)
		h := start(t, DefaultConfig(), zap.NewNop(), nil, sink)
		ld := plog.NewLogs()
		for i := range 50 {
			request(ld, time.Now(), "/x.aspx", fmt.Sprintf("2001:db8::%x", 0x100+i))
		}
		require.NoError(t, h.ConsumeLogs(t.Context(), ld))
		require.NoError(t, h.Shutdown(t.Context()))
		require.Contains(t, bodies(sink)[0], "1 client (2001:db8::/64) made all 50 requests")
		m := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
		require.Len(t, list(m, attr.DetectionClients), 33, "one, and 32 more")
		_, ok := m.Get(attr.ClientAddress)
		require.False(t, ok, "it is not one address")
	})
}

func TestUsersCanBeCounted(t *testing.T) {
	users := func(c *Config) { c.Count.Attribute = attr.UserName }
	fill := func(visits ...[3]string) func(plog.Logs) { // path, client, user
		return func(ld plog.Logs) {
			for _, v := range visits {
				request(ld, time.Now(), v[0], v[1]).Attributes().PutStr(attr.UserName, v[2])
			}
		}
	}
	found := huntRecords(t, users, fill(
		[3]string{"/own.aspx", "203.0.113.1", `SHOP\bob`}, [3]string{"/own.aspx", "203.0.113.2", `shop\Bob`},
		[3]string{"/two.aspx", "203.0.113.1", "alice"}, [3]string{"/two.aspx", "203.0.113.1", "bob"}))
	require.Len(t, found, 1)
	require.Equal(t, "/own.aspx", text(found[0], attr.IISPage))
	require.Equal(t, attr.UserName, text(found[0], attr.DetectionCountedAttribute))
	require.Equal(t, []any{`shop\bob`}, list(found[0], attr.DetectionCountedValues))
	require.Equal(t, []any{"203.0.113.1", "203.0.113.2"}, list(found[0], attr.DetectionClients))

	found = huntRecords(t, func(c *Config) { users(c); c.Input = InputTable }, func(ld plog.Logs) {
		for _, client := range []string{"203.0.113.1", "203.0.113.2"} {
			row := request(ld, time.Now(), "", "").Attributes()
			row.Clear()
			for k, v := range map[string]string{colPath: "/a.aspx", colClient: client, colServer: "198.51.100.5", colUserAgent: "Mozilla", colStatus: "200", colUser: "bob"} {
				row.PutStr(k, v)
			}
		}
	})
	require.Len(t, found, 1)
}

// What is counted may be an attribute of the resource, such as the server.
func TestAnAttributeOfTheResourceCanBeCounted(t *testing.T) {
	found := huntRecords(t, func(c *Config) { c.Count.Attribute = attr.HostName }, func(ld plog.Logs) {
		request(ld, time.Now(), "/x.aspx", "203.0.113.1")
		request(ld, time.Now(), "/x.aspx", "203.0.113.2")
		ld.ResourceLogs().At(0).Resource().Attributes().PutStr(attr.HostName, "web01")
	})
	require.Len(t, found, 1, "a page of one server alone")
	require.Equal(t, []any{"web01"}, list(found[0], attr.DetectionCountedValues))
}

// A client that cannot be known could have been a second one.
func TestAnUnknownClientIsALoss(t *testing.T) {
	for _, unknown := range []string{"", "-", "unknown", "_hidden", "203.0.113.78, _hidden", "203.0.113.78,+_hidden", "UNKNOWN"} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, DefaultConfig(), zap.NewNop(), nil, consumertest.NewNop())
			ld := logs(time.Now(), "/x.aspx", unknown)
			if unknown == "" {
				ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Remove(attr.ClientAddress)
			}
			require.NoError(t, h.ConsumeLogs(t.Context(), ld))
			require.EqualValues(t, 1, h.engine.Stats().Lost[engine.ReasonMissingAttribute], unknown)
			require.NoError(t, h.Shutdown(t.Context()))
		})
	}
	found := hunt(t, nil, visitsOf("/x.aspx", "203.0.113.7", "unknown"))
	require.Len(t, found, 1)
	require.Contains(t, list(found[0], attr.DetectionIncompleteReasons), "missing_attribute")
}

// A host name is a client, as the conventions allow it.
func TestAHostNameIsAClient(t *testing.T) {
	found := hunt(t, nil, visitsOf("/x.aspx", "pc-17.example.com"))
	require.Len(t, found, 1)
}
