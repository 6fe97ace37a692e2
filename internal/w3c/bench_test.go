// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package w3c

import (
	"strings"
	"testing"
)

const benchFields = "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip " +
	"cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"

const benchLine = "2026-03-02 10:00:01 W3SVC1 WEB01 192.0.2.10 GET /shop/catalogue/item.aspx id=4711&lang=en 443 - 198.51.100.23 " +
	"HTTP/1.1 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/145.0.0.0+Safari/537.36 " +
	"- https://shop.example.com/shop/catalogue/ shop.example.com 200 0 0 18234 612 46\n"

func BenchmarkReader(b *testing.B) {
	lines := 64 << 10 / len(benchLine)
	chunk := strings.Repeat(benchLine, lines)
	r := Reader{Schemas: &Cache{}}
	r.Start(State{Fields: benchFields})
	b.SetBytes(int64(len(benchLine)))
	b.ReportAllocs()
	for n := 0; n < b.N; n += lines {
		r.Feed(chunk, EndWhole)
		for l := r.Next(); l != nil; l = r.Next() {
			if l.Kind != Record {
				b.Fatal(l.Describe())
			}
		}
	}
}

func BenchmarkClock(b *testing.B) {
	var c Clock
	clocks := []string{"10:00:01", "10:00:01", "10:00:01", "10:00:02"}
	for i := range b.N {
		c.Parse("2026-03-02", clocks[i%len(clocks)])
	}
}

func BenchmarkParseInt(b *testing.B) {
	for b.Loop() {
		ParseInt("18234")
	}
}
