// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	_ "embed"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

//go:embed testdata/pairs.txt
var pairs string

func eachPair(t testing.TB, f func(same bool, a, b, reason string)) {
	t.Helper()
	for line := range strings.Lines(pairs) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		a, err := strconv.Unquote(`"` + cells[1] + `"`)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		b, err := strconv.Unquote(`"` + cells[2] + `"`)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		f(cells[0] == "same", a, b, cells[3])
	}
}

func TestPairs(t *testing.T) {
	eachPair(t, func(same bool, a, b, reason string) {
		pa, pb := Of(a, true), Of(b, true)
		if (pa == pb) != same {
			t.Errorf("%q and %q: pages %q and %q; same: %v, because: %s", a, b, pa, pb, same, reason)
		}
	})
}

// Without folding the case of letters makes a difference, and nothing else does.
func TestCaseIsKeptWhereItCounts(t *testing.T) {
	for path, want := range map[string]string{
		"/A//b.ASPX/Info":           "/A/b.ASPX",
		"/(S(x))/Default.aspx::$Da": "/Default.aspx::$Da",
		"/B.aspx::$DATA":            "/B.aspx",
		"/Äb.aspx":                  "/Äb.aspx",
	} {
		if got := Of(path, false); got != want {
			t.Errorf("%q: %q, not %q", path, got, want)
		}
	}
}

// Every letter of every script, beside its neighbours in Unicode's case: what is
// folded has one partner, ASCII comes from ASCII alone, and Unicode calls both
// the same letter.
func TestFoldingOfEveryLetter(t *testing.T) {
	from := map[string]rune{}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		got := string(AppendFold(nil, string(r)))
		if got == string(r) {
			continue
		}
		if was, ok := from[got]; ok {
			t.Errorf("%U and %U both become %q", was, r, got)
		}
		from[got] = r
		l, _ := utf8.DecodeRuneInString(got)
		if (r < utf8.RuneSelf) != (l < utf8.RuneSelf) {
			t.Errorf("%U becomes %q", r, got)
		}
		if unicode.ToLower(r) != l || unicode.ToUpper(l) != r {
			t.Errorf("%U becomes %U, which Unicode does not call its small letter", r, l)
		}
	}
	if len(from) < 26+30+60 {
		t.Errorf("only %d letters", len(from))
	}
}

// disk is a plain model of a web server: which file answers a path. It opens names
// as Windows does, and finds the script as IIS does: the first name of the path
// that is a file. It shares nothing with the code it tests.
type disk map[string]bool

// serve returns the file that answers, "" for none.
func (d disk) serve(path string, dotnet bool) string {
	path = strings.ReplaceAll(path, `\`, "/")
	var parts []string
	all := strings.Split(path[1:], "/")
	for _, p := range all {
		switch p {
		case "", ".":
		case "..":
			parts = parts[:max(0, len(parts)-1)]
		default:
			parts = append(parts, p)
		}
	}
	if dotnet {
		kept := parts[:0:0]
		for _, p := range parts {
			if !strings.HasPrefix(p, "(S(") || !strings.HasSuffix(p, "))") || strings.Count(p, "(") != 2 || len(p) < 6 {
				kept = append(kept, p)
			}
		}
		parts = kept
	}
	for n := 1; n <= len(parts); n++ {
		name := "/" + strings.Join(parts[:n], "/")
		if file := d.open(name, n == len(parts)); file != "" && (n == len(parts) || runs(file)) {
			return file
		}
	}
	return ""
}

// runs: only a script takes path info.
func runs(file string) bool {
	file = file[strings.LastIndexByte(file, '/')+1:]
	for _, e := range []string{".aspx", ".php", ".asp", ".cfm", ".pl"} {
		if strings.HasSuffix(file, e) {
			return true
		}
	}
	return false
}

// open opens a name: its folders lose one dot, the last one all dots and blanks
// and the name of the stream that is the content.
func (d disk) open(name string, last bool) string {
	parts := strings.Split(name[1:], "/")
	for i, p := range parts {
		if i == len(parts)-1 && last {
			if t := strings.TrimRight(p, ". "); t != "" {
				p = t
			}
			if t, ok := strings.CutSuffix(strings.ToLower(p), "::$data"); ok && t != "" {
				p = t
			}
		} else if strings.HasSuffix(p, ".") && !strings.HasSuffix(p, "..") && len(p) > 1 {
			p = p[:len(p)-1]
		}
		parts[i] = strings.ToLower(p) // the names of this test are such that this is right
	}
	if name = "/" + strings.Join(parts, "/"); d[name] {
		return name
	}
	return ""
}

var pieces = []string{
	"/", "/", "/", "//", `\`, "/.", "/..", "a", "B", "b.aspx", "b.php", "b.asp", "c.cfm", "b.pl", "up", ".", " ", "..",
	";", ";x=1", ";.jpg", "jsessionid", "=", "1.jpg", "::$DATA", ":", "(S(x))", "/(S(x))/", "(", ")", "é", "\xe9", "info", "+",
}

func randomPath(rnd *rand.Rand) string {
	var b strings.Builder
	b.WriteByte('/')
	for range 1 + rnd.IntN(7) {
		b.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	return b.String()
}

// Two paths with one page are answered by the same file, on any disk where both
// are answered and nothing is served that nothing knows how to serve.
func TestOnePageIsOneFile(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	byPage := map[string][]string{}
	for range 60_000 {
		p := randomPath(rnd)
		page := Of(p, true)
		byPage[page] = append(byPage[page], p)
	}
	compared := 0
	for page, paths := range byPage {
		d := disk{}
		for _, p := range paths { // the file of each spelling, as far as it could exist
			for _, name := range possibleFiles(p) {
				d[name] = true
			}
		}
		for _, dotnet := range []bool{false, true} {
			for name := range d {
				// One file at a time, so that each could be the one that is there, and all.
				checkDisk(t, page, paths, disk{name: true}, dotnet)
			}
		}
		compared += len(paths) - 1
	}
	if compared < 5_000 {
		t.Errorf("only %d pairs had one page", compared)
	}
}

// possibleFiles are the names that a file could have which answers a path: one that
// a server runs, or sends because it knows the type.
func possibleFiles(path string) []string {
	var out []string
	parts := strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return r == '/' || r == '\\' })
	for n := 1; n <= len(parts); n++ {
		name := "/" + strings.Join(parts[:n], "/")
		if strings.ContainsAny(name, ":") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
			continue
		}
		if runs(name) || strings.HasSuffix(name, ".jpg") || iis6(name) {
			out = append(out, name)
		}
	}
	return out
}

// iis6: what IIS 6 runs as ASP.
func iis6(name string) bool {
	return strings.Contains(name, ".asp;") || strings.Contains(name, ".asp/")
}

func checkDisk(t *testing.T, page string, paths []string, d disk, dotnet bool) {
	served, by := "", ""
	for _, p := range paths {
		file := d.serve(p, dotnet)
		switch {
		case file == "" || inPathInfo(file):
		case served == "":
			served, by = file, p
		case file != served:
			t.Errorf("page %q: %q is served by %q, %q by %q", page, by, served, p, file)
		}
	}
}

// inPathInfo: a picture in a folder that is named as a script is the one known
// exception (see pairs.txt, /b.php/2024/photo.jpg).
func inPathInfo(file string) bool { return strings.HasSuffix(file, ".jpg") && !iis6(file) }

// What differs in nothing but the listed spellings has one page.
func TestSpellingsOfAFileAreOnePage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	names := []string{"a", "Shop", "б", "up load", "x-1", "é"}
	scripts := []string{"b.aspx", "Default.ASHX", "отчёт.svc", "B c.cshtml"}
	for range 20_000 {
		folders := make([]string, rnd.IntN(4))
		for i := range folders {
			folders[i] = names[rnd.IntN(len(names))]
		}
		file := scripts[rnd.IntN(len(scripts))]
		plain := "/" + strings.Join(append(folders[:len(folders):len(folders)], file), "/")
		spelled := spell(rnd, folders, file)
		if Of(plain, true) != Of(spelled, true) {
			t.Fatalf("%q and %q: %q and %q", plain, spelled, Of(plain, true), Of(spelled, true))
		}
	}
}

func spell(rnd *rand.Rand, folders []string, file string) string {
	separators := []string{"/", "/", "//", `\`, "/./", "/x/../", "/(S(abc))/", `/(X(1)F(y))\`}
	var b strings.Builder
	sep := func() { b.WriteString(separators[rnd.IntN(len(separators))]) }
	shout := func(s string) string {
		if rnd.IntN(2) == 0 {
			return strings.ToUpper(s)
		}
		return s
	}
	for _, f := range folders {
		sep()
		b.WriteString(shout(f))
		b.WriteString([]string{"", "", ".", "::$INDEX_ALLOCATION", ":$I30:$INDEX_ALLOCATION"}[rnd.IntN(5)])
	}
	sep()
	b.WriteString(shout(file))
	b.WriteString([]string{"", ".", " ", "+", ". ..", "::$DATA", ";a=1", ";jsessionid=0123456789abcdef.n1", "/", "/info/7", ";a=1/x", "::$data."}[rnd.IntN(12)])
	return b.String()
}

// The page of a page is that page, it begins as a path does, and what is no path
// keeps all but its case.
func FuzzPage(f *testing.F) {
	eachPair(f, func(_ bool, a, b, _ string) {
		f.Add(a)
		f.Add(b)
	})
	f.Fuzz(func(t *testing.T, path string) {
		page := Of(path, true)
		if again := Of(page, true); again != page {
			t.Errorf("%q: page %q, whose page is %q", path, page, again)
		}
		if kept := Of(Of(path, false), true); kept != page {
			t.Errorf("%q: page %q, with its case kept first %q", path, page, kept)
		}
		if utf8.ValidString(path) && !utf8.ValidString(page) {
			t.Errorf("%q: %q", path, page)
		}
		if len(page) > len(path)+1 {
			t.Errorf("%q: %q is longer", path, page)
		}
		if path != "" && (path[0] == '/' || path[0] == '\\') && (page[0] != '/' || strings.Contains(page, "//")) {
			t.Errorf("%q: %q", path, page)
		}
	})
}

func BenchmarkPage(b *testing.B) {
	for name, path := range map[string]string{
		"plain": "/shop/products/page17.aspx", "upper": "/Shop/Products/Page17.aspx",
		"session": "/(S(lit3py55t21z5v55vlm25s55))/shop/default.aspx/item/7", "image": "/images/products/17.png",
	} {
		b.Run(name, func(b *testing.B) {
			var room [256]byte
			b.ReportAllocs()
			for b.Loop() {
				Append(room[:0], path, true)
			}
		})
	}
}

// The fast way and the other come to the same.
func TestPlainPathsAreTheirPage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	plain := 0
	for range 100_000 {
		if p := randomPath(rnd); isPlain(p) {
			plain++
			if got, want := string(appendPage(nil, p, true)), string(AppendFold(nil, p)); got != want {
				t.Fatalf("%q: %q, not %q", p, got, want)
			}
		}
	}
	if plain < 1_000 {
		t.Errorf("only %d plain paths", plain)
	}
}
