// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
)

const (
	numPages  = 200  // script pages that visitors use
	numAssets = 2000 // images, styles, scripts
	numAPIs   = 300  // routes without an extension
	numAgents = 80   // user agents

	// NumShells is how many pages are planted that one client alone asks for.
	NumShells = 40
	// NumDecoys is how many pages are planted that a second client asks for
	// once, near the end of the day: whoever loses that line finds one too many.
	NumDecoys = 20
)

// visitor is a client and the user agent that it always has.
type visitor struct{ address, agent string }

// planted is a page that only its visitors ask for.
type planted struct {
	path     string
	visitors []visitor
}

// world is what the lines are drawn from.
type world struct {
	pages, assets, apis, probes []string
	agents, bots                []string
	visitors                    []visitor
	monitors                    []visitor // with private addresses
	shells, decoys, planted     []planted // the last: both
}

func newWorld(r *rand.Rand, lines int) *world {
	w := &world{
		probes: []string{
			"/wp-login.php", "/xmlrpc.php", "/admin/config.php", "/phpmyadmin/index.php", "/owa/auth/x.aspx",
			"/shell.asp", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/.env", "/manager/html",
		},
		bots: []string{
			"python-requests/2.32.3", "curl/8.9.1", "ExampleBot/2.1+(+https://bot.example.net/about)",
			"Mozilla/5.0+(compatible;+ExampleCrawler/1.4;++https://crawler.example.org/)",
		},
	}
	areas := []string{"shop", "account", "catalogue", "help", "search", "orders", "news"}
	for i := range numPages {
		w.pages = append(w.pages, fmt.Sprintf("/%s/%s%d.aspx", areas[i%len(areas)], []string{"view", "Edit", "list", "Details"}[i%4], i))
	}
	for i := range numAssets {
		w.assets = append(w.assets, fmt.Sprintf("/static/%s/%x.%s", areas[i%len(areas)], 0x1000+i*7, []string{"css", "js", "png", "jpg", "woff2"}[i%5]))
	}
	for i := range numAPIs {
		w.apis = append(w.apis, fmt.Sprintf("/api/v2/%s/items/%d", areas[i%len(areas)], i))
	}
	for i := range numAgents {
		w.agents = append(w.agents, agent(i))
	}
	w.people(r, lines)
	w.plant(r)
	return w
}

// agent returns the i-th browser, the most common ones first.
func agent(i int) string {
	major := 149 - i/4
	switch i % 4 {
	case 0:
		return fmt.Sprintf("Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/%d.0.0.0+Safari/537.36", major)
	case 1:
		return fmt.Sprintf("Mozilla/5.0+(iPhone;+CPU+iPhone+OS+18_%d+like+Mac+OS+X)+AppleWebKit/605.1.15+(KHTML,+like+Gecko)+Version/18.%d+Mobile/15E148+Safari/604.1", i/4, i/4)
	case 2:
		return fmt.Sprintf("Mozilla/5.0+(X11;+Linux+x86_64;+rv:%d.0)+Gecko/20100101+Firefox/%d.0", major, major)
	default:
		return fmt.Sprintf("Mozilla/5.0+(Linux;+Android+10;+K)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/%d.0.0.0+Mobile+Safari/537.36", major)
	}
}

// people makes one client for twenty lines, each with its own browser.
func (w *world) people(r *rand.Rand, lines int) {
	browser := zipf(r, 1.2, 3, numAgents)
	for i := range max(lines/20, 200) {
		w.visitors = append(w.visitors, visitor{address(i), w.agents[browser.Uint64()]})
	}
	for i := range 30 {
		w.monitors = append(w.monitors, visitor{fmt.Sprintf("10.20.%d.%d", i/10, 10+i), w.agents[0]})
	}
}

// address returns the i-th public address. IPv4 ones are of 198.18.0.0/15,
// which is reserved for benchmarks; one in eight clients, and those for whom
// that range is too small, have a documentation address of IPv6.
func address(i int) string {
	if i%8 == 7 || i >= 1<<17 {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 4: byte(i >> 24), 5: byte(i >> 16), 6: byte(i >> 8), 7: byte(i), 15: 1}).String()
	}
	return netip.AddrFrom4([4]byte{198, 18 + byte(i>>16), byte(i >> 8), byte(i)}).String()
}

// plant adds the pages that the hunt is for. Their clients are documentation
// addresses that nobody else has.
func (w *world) plant(r *rand.Rand) {
	attacker := func(i int) visitor {
		return visitor{fmt.Sprintf("203.0.113.%d", i), w.agents[r.IntN(numAgents)]}
	}
	for i := range NumShells {
		w.shells = append(w.shells, planted{fmt.Sprintf("/uploads/2026/img%03d.aspx", i), []visitor{attacker(i + 1)}})
	}
	for i := range NumDecoys {
		first := attacker(100 + i)
		second := visitor{fmt.Sprintf("192.0.2.%d", i+1), first.agent}
		w.decoys = append(w.decoys, planted{fmt.Sprintf("/intern/tool%02d.asp", i), []visitor{first, second}})
	}
	w.planted = slices.Concat(w.shells, w.decoys)
}

// zipf draws ranks from 0 to n-1, the first ones most often.
func zipf(r *rand.Rand, s, v float64, n int) *rand.Zipf {
	return rand.NewZipf(r, s, v, uint64(n-1))
}
