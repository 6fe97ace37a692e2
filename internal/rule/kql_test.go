// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rule

import "testing"

func TestHas(t *testing.T) {
	for _, tt := range []struct {
		text, needle string
		want         bool
		reason       string
	}{
		{"/x.php", ".php", true, "the end of the text ends the term"},
		{"/X.ASPX", ".aspx", true, "ASCII case does not count"},
		{"/x.php/info", ".php", true, "path info: / is not alphanumeric"},
		{"/x.aspx;jsessionid=1", ".aspx", true, "; is not alphanumeric"},
		{"/x.asp%00.jpg", ".asp", true, "% is not alphanumeric"},
		{"/foo.asp_bak", ".asp", true, "_ counts as not alphanumeric"},
		{"/a.asp.bak", ".asp", true, ". is not alphanumeric"},
		{"/x.aspx~", ".aspx", true, "~ is not alphanumeric"},
		{"/dir.php.d/readme.html", ".php", true, "a directory is part of the text too"},
		{"/x.php5", ".php", false, "5 goes on with the term"},
		{"/x.aspx", ".asp", false, "x goes on with the term"},
		{"/x.aspxx", ".aspx", false, "the same at the end"},
		{"/aspx", ".aspx", false, "no dot"},
		{"/a%2Ephp", ".php", false, "an encoded dot is no dot"},
		{"/x.php5/y.php", ".php", true, "a later occurrence counts"},
		{"/xphp", "php", false, "an alphanumeric edge needs a boundary on the left as well"},
		{"/x-php", "php", true, "with the boundary it is a term"},
		{"/x.phpé", ".php", true, "a byte that is not ASCII is not alphanumeric"},
		{".ph", ".php", false, "shorter than the needle"},
		{"", ".php", false, "empty text"},
	} {
		if got := has(tt.text, tt.needle); got != tt.want {
			t.Errorf("has(%q, %q) = %v: %s", tt.text, tt.needle, got, tt.reason)
		}
	}
}

func TestStartsWith(t *testing.T) {
	for text, want := range map[string]bool{
		"Mozilla/5.0": true, "mozilla": true, "MOZILLA/4.0": true,
		`"Mozilla/5.0"`: false, " Mozilla": false, "Mozill": false, "": false,
	} {
		if got := startsWith(text, "mozilla"); got != want {
			t.Errorf("startsWith(%q) = %v", text, got)
		}
	}
}

func TestPrivateAddresses(t *testing.T) {
	for _, tt := range []struct {
		text     string
		public   bool // ipv4_is_private(x) == false
		internal bool // private under corrected semantics
	}{
		{"10.0.0.1", false, true},
		{"9.255.255.255", true, false},
		{"172.16.0.0", false, true},
		{"172.31.255.255", false, true},
		{"172.15.255.255", true, false},
		{"172.32.0.0", true, false},
		{"192.168.255.255", false, true},
		{"192.169.0.0", true, false},
		{"127.0.0.1", true, true},
		{"169.254.1.1", true, true},
		{"100.64.0.1", true, false},
		{"0.0.0.0", true, false},
		{"2001:db8::1", false, false},
		{"fe80::1%4", false, true},
		{"fd00::1", false, true},
		{"::1", false, true},
		{"::ffff:10.0.0.1", false, true},
		{"::ffff:203.0.113.1", false, false},
		{"-", false, false},
		{"", false, false},
		{"203.0.113.10:51515", false, false},
		{"256.1.1.1", false, false},
		{"unknown", false, false},
	} {
		a := parseAddr(tt.text)
		if got := ipv4Public(a); got != tt.public {
			t.Errorf("ipv4Public(%q) = %v", tt.text, got)
		}
		if got := internal(a); got != tt.internal {
			t.Errorf("internal(%q) = %v", tt.text, got)
		}
	}
}

func TestFoldName(t *testing.T) {
	for in, want := range map[string]string{
		"/a.aspx": "/a.aspx", "/A.ASPX": "/a.aspx", "/ÄÖ.aspx": "/äö.aspx",
		"/İ.aspx": "/İ.aspx", "/\xc0\xaf": "/\xc0\xaf", "/A\xff": "/a\xff", "": "",
	} {
		if got := FoldName(in); got != want {
			t.Errorf("FoldName(%q) = %q, want %q", in, got, want)
		}
		if got := string(AppendFolded(nil, in)); got != string(AppendField(nil, want)) {
			t.Errorf("AppendFolded(%q) = %q", in, got)
		}
	}
}

// FuzzKeys: two lists of values have the same bytes only if they are the same list.
func FuzzKeys(f *testing.F) {
	f.Add("a", "b", "ab", "")
	f.Add("/A", "x", "/a", "x")
	f.Add("\xc0\xaf", "", "/", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		same := FoldName(a) == FoldName(c) && b == d
		if got := string(AppendField(AppendFolded(nil, a), b)) == string(AppendField(AppendFolded(nil, c), d)); got != same {
			t.Errorf("%q %q and %q %q: same key %v, want %v", a, b, c, d, got, same)
		}
	})
}
